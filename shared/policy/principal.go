package policy

import (
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
		c.principalMap(n)
	default:
		c.principals++ // somebody is meant, whoever it is
		c.wrongType(n, n.Name(), `"*" or an object like {"AWS": …}`)
	}
	if n.Exists() && n == s.NotPrincipal && s.Is(Allow) {
		c.warning(n.NameFault(RuleAllowNotPrincipal, "Allow with NotPrincipal lets in everyone who is not named: name in Principal who may"))
	}
}

func (c *checker) principalString(n document.Node) {
	text := n.Text()
	if text == "*" {
		return
	}
	f := n.Fault(RulePrincipalForm, "the principal is the string "+finding.Quote(text)+`, "*" or an object like {"AWS": …} was expected`)
	switch {
	case identity.IsAccount(text) || strings.HasPrefix(text, "arn:"):
		f = f.Suggest(`{"AWS": ` + string(n.Raw()) + `}`)
	case isService(text):
		f = f.Suggest(`{"Service": ` + string(n.Raw()) + `}`)
	}
	c.violation(f)
}

// principalMap checks an object of principals: for each kind, one or a list.
func (c *checker) principalMap(n document.Node) {
	before := c.principals
	for kind, list := range n.Members() {
		known := false
		for _, k := range principalKinds {
			known = known || k == kind
		}
		if !known {
			kind = c.unknownKind(kind, list)
		}
		for id := range Values(list) {
			c.principals++
			c.principalID(kind, id)
		}
	}
	if c.principals == before {
		c.nobody = append(c.nobody, n)
	}
}

// unknownKind reports a kind that the grammar does not have. It returns the one
// that was meant, or nothing.
func (c *checker) unknownKind(kind string, list document.Node) string {
	if nearest, ok := finding.Nearest(kind, principalKinds); ok {
		c.violation(list.NameFault(RuleMisspeltElement,
			"there is no kind of principal "+finding.Quote(kind)+", "+nearest+" was expected").Suggest(nearest))
		return nearest
	}
	if !c.noWarnings() {
		c.warning(list.NameFault(RuleUnknownPrincipal,
			"there is no kind of principal "+finding.Quote(kind)+", "+strings.Join(principalKinds, ", ")+" were expected"))
	}
	return ""
}

func (c *checker) principalID(kind string, n document.Node) {
	switch {
	case isScalar(n):
		c.warning(n.Fault(RuleUnquotedValue,
			"the principal is "+n.Type()+", a string was expected: an account id loses its leading zeros without quotes").Suggest(quotedAccount(kind, n.Text())))
		return
	case !n.IsString():
		c.wrongType(n, "the principal", "a string or a list of strings")
		return
	}
	text := n.Text()
	switch {
	case text == "":
		c.violation(n.Fault(RulePrincipalForm, "the principal is an empty string, an account id, an ARN or a service was expected"))
	case text == "*":
	case kind == PrincipalAWS && strings.Contains(text, "*"):
		c.violation(n.Fault(RulePrincipalWildcard, "the principal "+finding.Quote(text)+
			" has a * as part of it: it takes whole principals only, or a * alone; a condition on aws:PrincipalArn takes patterns"))
	case kind == PrincipalAWS && !isAWSPrincipal(text):
		c.warning(n.Fault(RuleUnknownPrincipal, finding.Quote(text)+" looks like no AWS principal: an account id of 12 digits or an ARN was expected"))
	case kind == PrincipalService && !isService(text):
		c.warning(n.Fault(RuleUnknownPrincipal, finding.Quote(text)+" looks like no service: a name like cognito-idp.amazonaws.com was expected"))
	}
}

// quotedAccount is the account id that a number stands for: one of 11 digits has
// lost its leading zero, since no account id is shorter than 12. Empty for any
// other number.
func quotedAccount(kind, number string) string {
	if len(number) == 11 {
		number = "0" + number
	}
	if kind != PrincipalAWS || !identity.IsAccount(number) {
		return ""
	}
	return `"` + number + `"`
}

// isAWSPrincipal takes account ids, ARNs, and the unique ids that services show
// in the place of a principal that was deleted (AIDA…, AROA…).
func isAWSPrincipal(text string) bool {
	if identity.IsAccount(text) {
		return true
	}
	if strings.HasPrefix(text, "arn:") {
		return strings.Count(text, ":") >= 5
	}
	return len(text) >= 16 && strings.HasPrefix(text, "A") && strings.ToUpper(text) == text && !strings.ContainsAny(text, " :/")
}

// isService takes the names of service principals: in amazonaws.com, and in the
// domains of the other partitions.
func isService(text string) bool {
	return strings.Contains(text, ".amazonaws.") || strings.HasSuffix(text, ".aws.internal") ||
		strings.HasSuffix(text, ".amazon.com") || strings.HasSuffix(text, ".aws")
}

// Everyone reports whether a Principal element names everybody: a "*" alone or
// anywhere in it, whatever the kind and whatever its form. A pattern of
// wildcards only counts as well.
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

// OnlyWildcards reports whether text is a pattern that anything matches: at
// least one *, and nothing but * and ?.
func OnlyWildcards(text string) bool {
	return strings.Contains(text, "*") && strings.Trim(text, "*?") == ""
}

// checkServices warns of a service that acts for any account that asks it.
func (c *checker) checkServices(s *Statement) {
	if !s.Is(Allow) || !s.Principal.IsObject() {
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
