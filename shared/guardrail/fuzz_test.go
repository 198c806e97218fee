package guardrail_test

import (
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// FuzzCheckPolicy: an open guardrail refuses nothing; a closed one refuses what
// a list of accounts refuses, and whatever lets everybody in; every finding
// names a guardrail and has a place.
func FuzzCheckPolicy(f *testing.F) {
	for _, principal := range []string{`"*"`, `{"AWS":["` + friend + `","*"]}`, `{"Service":"ses.amazonaws.com"}`, `["*"]`, `{"a":{"b":"*"}}`, `{"AWS":"arn:aws:iam::*:root"}`} {
		f.Add([]byte(allow(principal)))
		f.Add([]byte(allow(principal, `"Condition":{"StringLike":{"aws:PrincipalOrgID":["o-a"],"aws:SourceArn":"arn:aws:s3:::*"}}`)))
		f.Add([]byte(allow(principal, `"NotPrincipal":{}`, `"NotResource":[]`)))
	}
	compile := func(c guardrail.Config) *guardrail.Guardrail {
		g, err := guardrail.New(c)
		if err != nil {
			f.Fatal(err)
		}
		return g
	}
	open := compile(guardrail.Off())
	closed := compile(guardrail.Config{AllowedPrincipals: []string{friend}, RequireMatchingResource: true})
	id := owner.Of(identity.Identity{Name: "example.com"})
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, _ := document.Read(text)
		if doc == nil {
			return
		}
		p, _ := policy.Check(doc.Root(), id)
		if found := check(open, id, "", p); found != nil {
			t.Fatalf("open, and refused %+v", found)
		}
		found := check(closed, id, "", p)
		for _, one := range found {
			switch one.Rule {
			case guardrail.AllowPublicPrincipal, guardrail.AllowedPrincipals, guardrail.AllowedActions, guardrail.AllowBroadDeny,
				guardrail.RequireMatchingResource, finding.RuleMore:
			default:
				t.Fatalf("no guardrail: %+v", one)
			}
			if one.Line < 1 || one.Column < 1 || one.Level != finding.Violation {
				t.Fatalf("a finding without its place: %+v", one)
			}
		}
		for i := range p.Statements {
			s := &p.Statements[i]
			if !s.Is(policy.Deny) && !s.Condition.Exists() && policy.Everyone(s.Principal) && len(found) == 0 {
				t.Fatalf("everybody is let in by %s", s.At.Raw())
			}
		}
	})
}
