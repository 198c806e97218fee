package access

import (
	"slices"
	"strings"
)

// Grant is what a statement gives to a principal, or denies it.
type Grant struct {
	Statement
	// Kind is what the principal is. Everybody that a condition on
	// aws:PrincipalOrgID or aws:PrincipalOrgPaths narrows is an Organization.
	Kind Kind `json:"kind"`
	// Principal is as the policy writes it; * for a NotPrincipal.
	Principal string `json:"principal"`
	// Except are the principals of a NotPrincipal, as the policy writes them.
	Except []string `json:"except,omitempty"`
	// Actions are as the policy writes them; * for a NotAction.
	Actions []string `json:"actions"`
	// ExceptActions are the actions of a NotAction, as the policy writes them.
	ExceptActions []string `json:"exceptActions,omitempty"`
	// Conditions all have to hold.
	Conditions []Condition `json:"conditions"`
	// Doubts are why the statement may not mean what it says: see [Decision].
	Doubts []string `json:"doubts,omitempty"`
}

// Grants are what the policies give and deny, in the order of the policies'
// names and of their statements: one for each principal of a statement, one for
// a NotPrincipal. A statement about another identity gives nothing.
func (p *Policies) Grants() []Grant {
	var grants []Grant
	for i := range p.statements {
		s := &p.statements[i]
		resource := s.resources.include(newQuestion(Request{}, p.Identity), s.variables)
		if resource.truth == isFalse {
			continue
		}
		grant := s.grant()
		grant.Doubts = union(grant.Doubts, resource.doubts)
		if s.principals.except {
			grant.Kind, grant.Principal = Everybody, "*"
			for _, e := range s.principals.entries {
				grant.Except = append(grant.Except, e.text)
			}
			grants = append(grants, grant)
			continue
		}
		for _, e := range s.principals.entries {
			grants = append(grants, grant.to(e))
		}
	}
	return grants
}

// grant is what the statement gives, to nobody yet.
func (s *statement) grant() Grant {
	g := Grant{Statement: s.Statement, Actions: s.actions.texts, Conditions: s.conditions, Doubts: s.malformed}
	if s.actions.except {
		g.Actions, g.ExceptActions = []string{"*"}, s.actions.texts
	}
	if s.conditions == nil {
		g.Conditions = []Condition{}
	}
	g.Doubts = union(union(g.Doubts, s.allows.doubts), s.denies.doubts)
	for _, c := range s.conditions {
		if c.malformed != "" {
			g.Doubts = union(g.Doubts, []string{c.malformed})
		}
	}
	return g
}

// to is the grant to one principal.
func (g Grant) to(e entry) Grant {
	g.Kind, g.Principal = e.kind, e.text
	if g.Kind == Everybody && len(g.Organizations()) > 0 {
		g.Kind = Organization
	}
	if e.doubt != "" {
		g.Doubts = union(g.Doubts, []string{e.doubt})
	} else if e.member == "AWS" && e.kind != Everybody && strings.ContainsAny(e.text, "*?") {
		g.Doubts = union(g.Doubts, []string{"a wildcard inside a principal"})
	}
	return g
}

// Organizations are the organizations, or paths in them, that a condition
// narrows the grant to; none if no condition does. Only what holds for a
// request that has the key narrows.
func (g Grant) Organizations() []string {
	for _, c := range g.Conditions {
		o := c.operator
		isOrganization := strings.EqualFold(c.Key, "aws:PrincipalOrgID") || strings.EqualFold(c.Key, "aws:PrincipalOrgPaths")
		names := strings.HasPrefix(o.base, "string") && !o.negated && !o.ifExists && o.set != forAllValues
		if isOrganization && names && !slices.ContainsFunc(c.Values, startsWild) {
			return c.Values
		}
	}
	return nil
}

// startsWild reports whether the value does not even fix an organization.
func startsWild(value string) bool {
	organization, _, _ := strings.Cut(value, "/")
	return strings.ContainsAny(organization, "*?$")
}
