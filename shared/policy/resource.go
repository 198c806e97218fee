package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// resource checks one value of the element Resource or NotResource.
func (c *checker) resource(n document.Node) {
	text := n.Text()
	if !strings.ContainsAny(text, "*?") && (strings.Count(text, ":") < 5 || !strings.EqualFold(text[:min(4, len(text))], "arn:")) {
		c.violation(c.suggestARN(n.Fault(RuleResourceForm, "the resource "+finding.Quote(text)+
			" is no ARN, one like arn:aws:ses:us-east-1:123456789012:identity/example.com was expected")))
		return
	}
	if c.id.Name == "" || c.noWarnings() {
		return
	}
	switch c.id.Relation(text) {
	case identity.Same:
	case identity.Covers:
		c.warning(c.suggestARN(n.Fault(RuleResourcePattern, "the resource is the pattern "+finding.Quote(text)+
			", SES asks for the ARN of "+finding.Quote(c.id.Name)+" itself")))
	case identity.Other:
		f := n.Fault(RuleResourceMismatch, "the resource "+finding.Quote(text)+
			" is not the identity "+finding.Quote(c.id.String())+" that the policy is for")
		if strings.Contains(text, ":identity/") { // what another kind of resource is there for is anybody's guess
			f = c.suggestARN(f)
		}
		c.warning(f)
	}
}

// suggestARN suggests the identity's own ARN, when it is known.
func (c *checker) suggestARN(f document.Fault) document.Fault {
	if c.id.Partition == "" {
		return f
	}
	return f.Suggest(c.id.ARN())
}

// isIdentity reports whether a resource is or covers the identity, as far as that is known.
func (c *checker) isIdentity(n document.Node) bool {
	return c.id.Name == "" || c.id.Relation(n.Text()) != identity.Other
}
