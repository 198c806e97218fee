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
	c.checkForAllValues(&s)
	return s
}

func (c *checker) sid(n document.Node) {
	c.text(n, "Sid")
	if c.sids == nil || !n.IsString() || n.Text() == "" {
		return
	}
	if _, seen := c.sids[n.Text()]; seen {
		c.warning(n.Fault(RuleDuplicateSid, "another statement already has the Sid "+finding.Quote(n.Text())))
	}
	c.sids[n.Text()] = struct{}{}
}

func (c *checker) effect(s *Statement) {
	n := s.Effect
	switch {
	case !n.Exists():
		c.violation(s.At.Fault(RuleMissingElement, "the statement has no Effect, expected Allow or Deny"))
	case !n.IsString():
		c.wrongType(n, "Effect", "Allow or Deny")
	case s.Is(Allow) || s.Is(Deny):
	case s.means(Allow) || s.means(Deny):
		word := Allow
		if s.means(Deny) {
			word = Deny
		}
		c.warning(n.Fault(RuleEffectCase, "the Effect is "+finding.Quote(n.Text())+
			", the policy language has only "+word+": SES has accepted other spellings, but may refuse this one").Suggest(word))
	default:
		f := n.Fault(RuleEffectValue, "the Effect is "+finding.Quote(n.Text())+", expected Allow or Deny")
		if nearest, ok := finding.Nearest(strings.TrimSpace(n.Text()), []string{Allow, Deny}); ok {
			f = f.Suggest(nearest)
		}
		c.violation(f)
	}
}

// one checks that a statement has either an element or its opposite. It reports
// whether there is one to read.
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
			"SES does not list Not"+name+" among the elements of its policies and may refuse it: use "+name+" if it can say the same"))
	}
	return true
}

func start(n document.Node) int {
	from, _ := n.Span()
	return from
}
