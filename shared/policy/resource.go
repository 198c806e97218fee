package policy

import (
	"cmp"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// resource checks one value of the element Resource or NotResource.
func (c *checker) resource(n document.Node) {
	text := n.Text()
	if !strings.ContainsAny(text, "*?") && (strings.Count(text, ":") < 5 || !identity.IsARN(text)) {
		c.violation(c.suggestARN(n.Fault(RuleResourceForm, "the resource "+finding.Quote(text)+
			" is no ARN, expected one like arn:aws:ses:us-east-1:123456789012:identity/example.com")))
		return
	}
	if c.noWarnings() {
		return
	}
	c.resourceParts(n)
	text, complete := c.filledIn(text)
	if c.id.Name == "" || !complete {
		return
	}
	switch c.id.Relation(text) {
	case identity.Same:
	case identity.Covers:
		c.warning(c.suggestARN(n.Fault(RuleResourcePattern, "the resource is the pattern "+finding.Quote(n.Text())+
			", SES expects the ARN of "+finding.Quote(c.id.Name)+" itself")))
	case identity.Other:
		c.warning(c.mismatch(n))
	}
}

// mismatch is the warning of a resource that is not the identity.
func (c *checker) mismatch(n document.Node) document.Fault {
	text := n.Text()
	f := n.Fault(RuleResourceMismatch, "the resource "+finding.Quote(text)+
		" is not the identity "+finding.Quote(c.id.String())+" that the policy is for")
	switch fields := identityFields(text); {
	case c.id.DiffersInCase(text):
		f.Message += ": it differs only in case, and to SES an address in another case is another identity"
	case fields != nil && identity.Punycode(strings.TrimPrefix(fields[5], "identity/")) == c.id.Name:
		f.Message += ": SES expects the domain in Punycode"
	}
	if strings.Contains(text, ":identity/") { // the purpose of another kind of resource is not known
		f = c.suggestARN(f)
	}
	return f
}

// identityFields returns the six fields of the ARN of an identity, nil for any
// other text.
func identityFields(text string) []string {
	f := arnFields(text)
	if f == nil || f[2] != service || !strings.HasPrefix(f[5], "identity/") {
		return nil
	}
	return f
}

// resourceParts warns of placeholders and an impossible account in the ARN of an
// identity.
func (c *checker) resourceParts(n document.Node) {
	f := identityFields(n.Text())
	if f == nil {
		return
	}
	account, isAccount := accountOf(f[4])
	if isUnfilled(f[1], "partition") {
		c.placeholder(n, f[1])
	}
	if isUnfilled(f[3], "region") {
		c.placeholder(n, f[3])
	}
	switch {
	case isAccount || strings.ContainsAny(f[4], "*?"):
	case Placeholder(f[4]) && account.meant == "":
		c.placeholder(n, f[4])
	case !strings.Contains(f[4], "${"): // a policy variable stands for an account
		fault := c.suggestARN(n.Fault(RuleImpossibleAccount, "the resource "+finding.Quote(n.Text())+" is in no account: "+account.message))
		if fault.Suggestion == "" && account.meant != "" {
			fault = fault.Suggest(join(f, 4, account.meant))
		}
		c.warning(fault)
	}
	if hasBrackets(f[5]) {
		c.placeholder(n, strings.TrimPrefix(f[5], "identity/"))
	}
}

// isUnfilled reports whether a field of an ARN has a placeholder or its own name
// instead of a value.
func isUnfilled(text, name string) bool {
	return hasBrackets(text) || hasWord(text) || strings.Contains(strings.ToLower(text), name)
}

// filledIn returns a resource with values for the placeholders and the impossible
// account in it, so that the rest can be compared with the identity. complete is
// false if that says nothing, because the name of the identity is a placeholder.
func (c *checker) filledIn(text string) (filled string, complete bool) {
	f := identityFields(text)
	if f == nil {
		return text, true
	}
	if isUnfilled(f[1], "partition") {
		f[1] = cmp.Or(c.id.Partition, "aws")
	}
	if isUnfilled(f[3], "region") {
		f[3] = cmp.Or(c.id.Region, "us-east-1")
	}
	if _, isAccount := accountOf(f[4]); !isAccount && !strings.ContainsAny(f[4], "*?") {
		f[4] = documentedAccount
	}
	return strings.Join(f, ":"), !hasBrackets(f[5])
}

func (c *checker) placeholder(n document.Node, text string) {
	c.warning(c.suggestARN(n.Fault(RulePlaceholder, finding.Quote(text)+" in the resource "+finding.Quote(n.Text())+
		" is a placeholder: nothing was filled in")))
}

// suggestARN suggests the identity's own ARN, if it is known.
func (c *checker) suggestARN(f document.Fault) document.Fault {
	if c.id.Partition == "" {
		return f
	}
	return f.Suggest(c.id.ARN())
}

// isIdentity reports whether a resource is or covers the identity, or may.
func (c *checker) isIdentity(n document.Node) bool {
	text, complete := c.filledIn(n.Text())
	return c.id.Name == "" || !complete || c.id.Relation(text) != identity.Other
}
