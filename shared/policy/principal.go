package policy

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// The kinds of principals of the grammar.
const (
	PrincipalAWS           = "AWS"
	PrincipalService       = "Service"
	PrincipalFederated     = "Federated"
	PrincipalCanonicalUser = "CanonicalUser"
)

var principalKinds = []string{PrincipalAWS, PrincipalService, PrincipalFederated, PrincipalCanonicalUser}

// principal checks the element Principal or NotPrincipal.
func (c *checker) principal(s *Statement, n document.Node) {
	switch {
	case !n.Exists():
	case n.IsString():
		c.principals++
		c.principalString(n)
	case n.IsObject():
		c.principalMap(s, n)
	default:
		c.principals++ // somebody is meant
		c.wrongType(n, n.Name(), `"*" or an object like {"AWS": …}`)
	}
	if n.Exists() && n == s.NotPrincipal && s.means(Allow) {
		c.warning(n.NameFault(RuleAllowNotPrincipal, "Allow with NotPrincipal lets in everybody who is not named: name in Principal who may"))
	}
}

func (c *checker) principalString(n document.Node) {
	text := n.Text()
	if text == "*" {
		return
	}
	f := n.Fault(RulePrincipalForm, "the principal is the string "+finding.Quote(text)+`, expected "*" or an object like {"AWS": …}`)
	switch {
	case identity.IsAccount(text) || strings.HasPrefix(text, "arn:"):
		f = f.Suggest(`{"AWS": ` + string(n.Raw()) + `}`)
	case inServiceDomain(strings.ToLower(text)):
		f = f.Suggest(`{"Service": ` + string(n.Raw()) + `}`)
	}
	c.violation(f)
}

// principalMap checks an object of principals: for each kind, one or a list.
func (c *checker) principalMap(s *Statement, n document.Node) {
	before := c.principals
	for kind, list := range n.Members() {
		if !slices.Contains(principalKinds, kind) {
			kind = c.unknownKind(kind, list)
		}
		for id := range Values(list) {
			c.principals++
			c.principalID(s, kind, id)
		}
	}
	if c.principals == before {
		c.nobody = append(c.nobody, n)
	}
}

// unknownKind reports a kind that the grammar does not have. It returns the one
// that was meant, "" if that is not certain.
func (c *checker) unknownKind(kind string, list document.Node) string {
	if nearest, ok := finding.Nearest(kind, principalKinds); ok {
		c.violation(list.NameFault(RuleMisspeltElement,
			"there is no kind of principal "+finding.Quote(kind)+", expected "+nearest).Suggest(nearest))
		return nearest
	}
	if !c.noWarnings() {
		c.warning(list.NameFault(RuleUnknownPrincipal,
			"there is no kind of principal "+finding.Quote(kind)+", expected "+strings.Join(principalKinds, ", ")))
	}
	return ""
}

// principalID checks one principal of a kind.
func (c *checker) principalID(s *Statement, kind string, n document.Node) {
	switch {
	case isScalar(n):
		c.warning(n.Fault(RuleUnquotedValue,
			"the principal is "+n.Type()+", expected a string: an account id loses its leading zeros without quotation marks").Suggest(quotedAccount(kind, n.Text())))
		return
	case !n.IsString():
		c.wrongType(n, "the principal", "a string or a list of strings")
		return
	}
	switch text := n.Text(); {
	case text == "":
		c.violation(n.Fault(RulePrincipalForm, "the principal is an empty string, expected an account id, an ARN or a service"))
	case text == "*":
	case kind == PrincipalAWS && strings.Contains(text, "*"):
		c.violation(n.Fault(RulePrincipalWildcard, "the principal "+finding.Quote(text)+
			" has a * as part of it, expected a whole principal or a * alone: a condition on aws:PrincipalArn takes patterns"))
	case !c.noWarnings():
		if d := c.principalDoubt(s, kind, text); d != (doubt{}) {
			c.warning(n.Fault(d.rule, d.message).Suggest(d.suggestion))
		}
	}
}

// principalDoubt says why a principal of a kind can be none.
func (c *checker) principalDoubt(s *Statement, kind, text string) doubt {
	switch {
	case kind == PrincipalAWS:
		return awsDoubt(text, c.partition(s))
	case kind == PrincipalService:
		return serviceDoubt(text)
	case hasBrackets(text):
		return placeholder(text)
	default:
		return doubt{}
	}
}

// partition is the partition of the identity, or else of the statement's
// resource; "" if neither is known.
func (c *checker) partition(s *Statement) string {
	if c.id.Partition != "" {
		return c.id.Partition
	}
	for n := range Values(s.Resource) {
		if f := arnFields(n.Text()); n.IsString() && f != nil && f[0] == "arn" && strings.HasPrefix(f[1], "aws") && !strings.ContainsAny(f[1], "*?$") {
			return f[1]
		}
	}
	return ""
}

// quotedAccount returns the account id that a number stands for, "" for none: one
// of 11 digits has lost its leading zero, because account ids have 12.
func quotedAccount(kind, number string) string {
	if len(number) == 11 {
		number = "0" + number
	}
	if kind != PrincipalAWS || !identity.IsAccount(number) {
		return ""
	}
	return `"` + number + `"`
}

// Everyone reports whether a Principal element names everybody: it is or has a
// "*" or another pattern of wildcards alone, under any kind and in any form.
func Everyone(n document.Node) bool {
	switch {
	case n.IsString():
		return OnlyWildcards(n.Text())
	case n.IsArray():
		for e := range n.Elements() {
			if Everyone(e) {
				return true
			}
		}
	case n.IsObject():
		for _, e := range n.Members() {
			if Everyone(e) {
				return true
			}
		}
	}
	return false
}

// OnlyWildcards reports whether text is a pattern that every long enough text
// matches: at least one *, and nothing but * and ?.
func OnlyWildcards(text string) bool {
	return strings.Contains(text, "*") && strings.Trim(text, "*?") == ""
}

// checkServices warns of a service that acts for any account that asks it.
func (c *checker) checkServices(s *Statement) {
	if !s.means(Allow) || !s.Principal.IsObject() {
		return
	}
	service, ok := s.Principal.Member(PrincipalService)
	if !ok || service.IsArray() && service.Len() == 0 {
		return
	}
	if SourceOf(s.Condition).Answer != Open {
		return
	}
	c.warning(service.NameFault(RuleServiceWithoutSource,
		"the service may send as this identity for any account that asks it: add a Condition that says for which account or resource, on aws:SourceAccount or aws:SourceArn"))
}
