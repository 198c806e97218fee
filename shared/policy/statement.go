package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// statement reads and checks one statement.
func (c *checker) statement(at document.Node) Statement {
	var e [9]document.Node
	c.elements(at, statementElements, e[:], policyElements, "the policy itself")
	s := Statement{
		At: at, Sid: e[0], Effect: e[1], Principal: e[2], NotPrincipal: e[3],
		Action: e[4], NotAction: e[5], Resource: e[6], NotResource: e[7], Condition: e[8],
	}
	c.sid(s.Sid)
	c.effect(&s)
	if c.one(&s, s.Principal, s.NotPrincipal, "Principal") {
		c.principal(&s, s.Principal)
		c.principal(&s, s.NotPrincipal)
	}
	if c.one(&s, s.Action, s.NotAction, "Action") {
		c.list(s.Action, "Action", "ses:SendEmail", c.action)
		c.list(s.NotAction, "NotAction", "ses:SendEmail", c.action)
	}
	if c.one(&s, s.Resource, s.NotResource, "Resource") {
		c.list(s.Resource, "Resource", "arn:aws:ses:…:identity/…", c.resource)
		c.list(s.NotResource, "NotResource", "arn:aws:ses:…:identity/…", c.resource)
	}
	c.condition(s.Condition)
	c.checkServices(&s)
	c.checkDeny(&s)
	return s
}

func (c *checker) sid(n document.Node) {
	c.text(n, "Sid")
	if c.sids == nil || !n.IsString() || n.Text() == "" {
		return
	}
	if _, seen := c.sids[n.Text()]; seen {
		c.warning(n.Fault(RuleDuplicateSid, "another statement has the Sid "+finding.Quote(n.Text())+" already"))
	}
	c.sids[n.Text()] = struct{}{}
}

func (c *checker) effect(s *Statement) {
	n := s.Effect
	switch {
	case !n.Exists():
		c.violation(s.At.Fault(RuleMissingElement, "the statement has no Effect, Allow or Deny was expected"))
	case !n.IsString():
		c.wrongType(n, "Effect", "Allow or Deny")
	case n.Text() != Allow && n.Text() != Deny:
		f := n.Fault(RuleEffectValue, "the Effect is "+finding.Quote(n.Text())+", Allow or Deny was expected")
		if nearest, ok := finding.Nearest(strings.TrimSpace(n.Text()), []string{Allow, Deny}); ok {
			f = f.Suggest(nearest)
		}
		c.violation(f)
	}
}

// one checks that a statement has an element or its opposite, and not both. It
// reports whether there is one to read.
func (c *checker) one(s *Statement, element, opposite document.Node, name string) bool {
	switch {
	case !element.Exists() && !opposite.Exists():
		c.violation(s.At.Fault(RuleMissingElement, "the statement has no "+name))
		return false
	case !opposite.Exists():
		return true
	case element.Exists():
		later := opposite
		if a, _ := element.Span(); a > start(opposite) {
			later = element
		}
		c.violation(later.NameFault(RuleExclusiveElements, name+" and Not"+name+" exclude each other: keep one"))
	default:
		c.warning(opposite.NameFault(RuleUndocumentedElement,
			"SES does not list Not"+name+" among the elements of its policies and may refuse it: use "+name+" where it can say the same"))
	}
	return true
}

func start(n document.Node) int {
	from, _ := n.Span()
	return from
}

// checkDeny warns of a Deny that can deny nothing.
func (c *checker) checkDeny(s *Statement) {
	if !s.Is(Deny) {
		return
	}
	if why := c.denysNothing(s); why != "" {
		c.warning(s.Effect.Fault(RuleDenyNothing, "this Deny denies nothing: "+why))
	}
}

func (c *checker) denysNothing(s *Statement) string {
	switch {
	case s.NotPrincipal.Exists() && Everyone(s.NotPrincipal):
		return "NotPrincipal excepts everyone"
	case namesNobody(s.Principal):
		return "Principal names nobody"
	case anyValue(s.NotAction, coversSES):
		return "NotAction excepts every action of SES"
	case none(s.Action, forSES):
		return "Action names no action of SES"
	case anyValue(s.NotResource, c.isIdentity):
		return "NotResource excepts the identity that the policy is for"
	case none(s.Resource, c.isIdentity):
		return "Resource does not name the identity that the policy is for"
	default:
		return ""
	}
}

// namesNobody reports whether a Principal element is there without any principal.
func namesNobody(n document.Node) bool {
	for _, list := range n.Members() {
		for range Values(list) {
			return false
		}
	}
	return n.IsObject()
}

// anyValue reports whether a string of the element meets the test.
func anyValue(element document.Node, test func(document.Node) bool) bool {
	for n := range Values(element) {
		if n.IsString() && test(n) {
			return true
		}
	}
	return false
}

// none reports whether the element is there, and none of its values meets the
// test or is something else than a string, which is wrong for other reasons.
func none(element document.Node, test func(document.Node) bool) bool {
	if !element.Exists() {
		return false
	}
	for n := range Values(element) {
		if !n.IsString() || test(n) {
			return false
		}
	}
	return true
}
