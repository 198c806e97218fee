package guardrail_test

import (
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

func deny(principal string, more ...string) string {
	return strings.Replace(allow(principal, more...), "Allow", "Deny", 1)
}

func TestBroadDeny(t *testing.T) {
	const at = "ALLOW_BROAD_DENY /Statement/0/"
	const own = "123456789012"
	for _, test := range []struct{ reason, policy, want string }{
		{"another account", deny(`{"AWS":"` + friend + `"}`), ""},
		{"another account's root", deny(`{"AWS":"arn:aws:iam::` + friend + `:root"}`), ""},
		{"another account's role", deny(`{"AWS":["arn:aws:iam::` + friend + `:role/` + own + `"]}`), ""},
		{"another account's session", deny(`{"AWS":"arn:aws:sts::` + friend + `:assumed-role/a/b"}`), ""},
		{"another account's provider", deny(`{"Federated":"arn:aws:iam::` + friend + `:saml-provider/a"}`), ""},
		{"an account without quotes", deny(`{"AWS":` + friend + `}`), ""},
		{"nobody", deny(`{"AWS":[]}`), ""},
		{"an Allow for the own account", allow(`{"AWS":"` + own + `"}`), ""},
		{"everybody", deny(`"*"`), at + "Principal"},
		{"everybody in AWS", deny(`{"AWS":"*"}`), at + "Principal/AWS"},
		{"everybody in a list", deny(`{"AWS":["` + friend + `","*"]}`), at + "Principal/AWS/1"},
		{"everybody, by a condition others", deny(`"*"`, `"Condition":{"StringNotEquals":{"aws:PrincipalAccount":"`+own+`"}}`), at + "Principal"},
		{"everybody in the past", deny(`"*"`, `"Condition":{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`), at + "Principal"},
		{"the own account", deny(`{"AWS":"` + own + `"}`), at + "Principal/AWS"},
		{"the own account without quotes", deny(`{"AWS":` + own + `}`), at + "Principal/AWS"},
		{"the own root", deny(`{"AWS":"arn:aws:iam::` + own + `:root"}`), at + "Principal/AWS"},
		{"an own role", deny(`{"AWS":["` + friend + `","arn:aws:iam::` + own + `:role/a"]}`), at + "Principal/AWS/1"},
		{"an own session", deny(`{"AWS":"arn:aws:sts::` + own + `:assumed-role/a/b"}`), at + "Principal/AWS"},
		{"an own provider", deny(`{"Federated":"arn:aws:iam::` + own + `:saml-provider/a"}`), at + "Principal/Federated"},
		{"a pattern over accounts", deny(`{"AWS":"arn:aws:iam::1*:root"}`), at + "Principal/AWS"},
		{"a pattern before the account", deny(`{"AWS":"arn:*:iam::` + friend + `:root"}`), at + "Principal/AWS"},
		{"a pattern over account ids", deny(`{"AWS":"11112222333?"}`), at + "Principal/AWS"},
		{"a variable", deny(`{"AWS":"arn:aws:iam::${aws:PrincipalAccount}:root"}`), at + "Principal/AWS"},
		{"an account that lost its zero", deny(`{"AWS":12345678901}`), at + "Principal/AWS"},
		{"an account with a space", deny(`{"AWS":"` + friend + ` "}`), at + "Principal/AWS"},
		{"a unique id", deny(`{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`), at + "Principal/AWS"},
		{"a canonical user", deny(`{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`), at + "Principal/CanonicalUser"},
		{"a service", deny(`{"Service":"cognito-idp.amazonaws.com"}`), at + "Principal/Service"},
		{"a service called as an account", deny(`{"Service":"` + friend + `"}`), at + "Principal/Service"},
		{"a public provider", deny(`{"Federated":"accounts.google.com"}`), at + "Principal/Federated"},
		{"NotPrincipal", strings.Replace(deny(`{"AWS":"`+friend+`"}`), `"Principal"`, `"NotPrincipal"`, 1), at + "NotPrincipal"},
		{"NotPrincipal of the own account", strings.Replace(deny(`{"AWS":"`+own+`"}`), `"Principal"`, `"NotPrincipal"`, 1), at + "NotPrincipal"},
		{"Deny in another case, asked as an Allow too", strings.Replace(deny(`"*"`), "Deny", "DENY", 1), "ALLOW_PUBLIC_PRINCIPAL /Statement/0/Principal " + at + "Principal"},
		{"Allow in another case, asked as a Deny too", strings.Replace(allow(`{"AWS":"`+own+`"}`), "Allow", "ALLOW", 1), at + "Principal/AWS"},
		{"Allow in another case for another account", strings.Replace(allow(`{"AWS":"`+friend+`"}`), "Allow", "allow", 1), ""},
	} {
		if got := strings.Join(refused(guardOf(t, nil), test.policy), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
		open := guardOf(t, map[string]string{"ALLOW_BROAD_DENY": "true", "ALLOW_PUBLIC_PRINCIPAL": "true"})
		if got := refused(open, test.policy); got != nil {
			t.Errorf("%s: refused with the switch: %q", test.reason, got)
		}
	}
}

// Where the owner's account is not known, it is the one of the resource.
func TestBroadDenyWithoutAnOwner(t *testing.T) {
	for text, refuses := range map[string]bool{
		deny(`{"AWS":"` + friend + `"}`):                                                                                            false,
		strings.ReplaceAll(deny(`{"AWS":"`+friend+`"}`), us+"example.com", "*"):                                                     true,
		strings.ReplaceAll(deny(`{"AWS":"`+friend+`"}`), us, "arn:aws:ses:us-east-1:"+friend+":identity/"):                          true,
		strings.ReplaceAll(deny(`{"AWS":"`+friend+`"}`), `"`+us+`example.com"`, `["`+us+`a","arn:aws:ses:us-east-1:*:identity/a"]`): true,
	} {
		doc, _ := document.Read([]byte(text))
		p, _ := policy.Check(doc.Root(), identity.Identity{})
		found, err := guardOf(t, nil).Check(guardrail.Request{Policy: p}, nil)
		if err != nil || (len(found) > 0) != refuses {
			t.Errorf("%s: got %v, %v", text, found, err)
		}
	}
}
