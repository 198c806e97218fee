package guardrail_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/guardrail"
)

const (
	public     = "ALLOW_PUBLIC_PRINCIPAL /Statement/0/"
	notAllowed = "ALLOWED_PRINCIPALS /Statement/0/"
)

func TestPublicPrincipal(t *testing.T) {
	closed := guard(t, guardrail.Config{AllowBroadDeny: true})
	open := guard(t, guardrail.Config{AllowBroadDeny: true, AllowPublicPrincipal: true})
	for _, test := range []struct {
		reason, policy string
		want           []string
	}{
		{"an account", allow(`{"AWS":"` + friend + `"}`), nil},
		{"a service", allow(`{"Service":"ses.amazonaws.com"}`), []string{public + "Principal/Service"}},
		{"a service that acts for an account", allow(`{"Service":"ses.amazonaws.com"}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"`+friend+`"}}`), nil},
		{"a service as an AWS principal", allow(`{"AWS":"ses.amazonaws.com"}`), []string{public + "Principal/AWS"}},
		{"a star", allow(`"*"`), []string{public + "Principal"}},
		{"a star in AWS", allow(`{"AWS":"*"}`), []string{public + "Principal/AWS"}},
		{"a star in a list", allow(`{"AWS":["` + friend + `","*"]}`), []string{public + "Principal/AWS/1"}},
		{"a star as an escape", allow(`{"AWS":"\u002a"}`), []string{public + "Principal/AWS"}},
		{"two stars", allow(`{"AWS":"**"}`), []string{public + "Principal/AWS"}},
		{"a star and a question mark", allow(`"?*"`), []string{public + "Principal"}},
		{"AWS in lower case", allow(`{"aws":"*"}`), []string{public + "Principal/aws"}},
		{"AWS as an escape", allow(`{"\u0041WS":"*"}`), []string{public + "Principal/AWS"}},
		{"an unknown kind", allow(`{"*":"*"}`), []string{public + "Principal/*"}},
		{"every service", allow(`{"Service":"*"}`), []string{public + "Principal/Service"}},
		{"every federation", allow(`{"Federated":"*"}`), []string{public + "Principal/Federated"}},
		{"a list for an object", allow(`["*"]`), []string{public + "Principal/0"}},
		{"a list in a list", allow(`{"AWS":[["*"]]}`), []string{public + "Principal/AWS/0/0"}},
		{"every account's root", allow(`{"AWS":"arn:aws:iam::*:root"}`), []string{public + "Principal/AWS"}},
		{"every ARN", allow(`{"AWS":"arn:*"}`), []string{public + "Principal/AWS"}},
		{"an account by question marks", allow(`{"AWS":"arn:aws:iam::????????????:root"}`), []string{public + "Principal/AWS"}},
		{"a star before the account", allow(`{"AWS":"arn:*:iam::` + friend + `:role/a"}`), []string{public + "Principal/AWS"}},
		{"a public identity provider", allow(`{"Federated":"accounts.google.com"}`), []string{public + "Principal/Federated"}},
		{"Cognito's identities", allow(`{"Federated":["cognito-identity.amazonaws.com"]}`), []string{public + "Principal/Federated/0"}},
		{"an account's own provider", allow(`{"Federated":"arn:aws:iam::` + friend + `:saml-provider/a"}`), nil},
		{"a variable for who asks", allow(`{"AWS":"${aws:PrincipalArn}"}`), []string{public + "Principal/AWS"}},
		{"a variable for the account", allow(`{"AWS":"arn:aws:iam::${aws:PrincipalAccount}:root"}`), []string{public + "Principal/AWS"}},
		{"a variable that looks like an ARN", allow(`{"AWS":["${a:b:c::` + friend + `:}","arn:${a:b:c:` + friend + `:}"]}`), []string{public + "Principal/AWS/0", public + "Principal/AWS/1"}},
		{"a variable in a role's name", allow(`{"AWS":"arn:aws:iam::` + friend + `:role/${aws:username}"}`), nil},
		{"S3's nobody in particular", allow(`{"CanonicalUser":"65a011a29cdf8ec533ec3d1ccaae921c"}`), []string{public + "Principal/CanonicalUser"}},
		{"a canonical user", allow(`{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`), nil},
		{"a unique id", allow(`{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`), nil},
		{"roles of one account", allow(`{"AWS":"arn:aws:iam::` + friend + `:role/*"}`), nil},
		{"Principal in lower case", allow(`{"AWS":"` + friend + `"}`)[:0] + `{"Statement":[{"Effect":"Allow","principal":"*"}]}`, []string{public + "principal"}},
		{"Effect in another case", `{"Statement":[{"Effect":"ALLOW","Principal":"*"}]}`, []string{public + "Principal"}},
		{"no Effect", `{"Statement":[{"Principal":"*"}]}`, []string{public + "Principal"}},
		{"one statement without its list", `{"Statement":{"Effect":"Allow","Principal":"*"}}`, []string{"ALLOW_PUBLIC_PRINCIPAL /Statement/Principal"}},
		{"Statement in lower case", `{"statement":[{"Effect":"Allow","Principal":"*"}]}`, []string{"ALLOW_PUBLIC_PRINCIPAL /statement/0/Principal"}},
		{"a Deny", `{"Statement":[{"Effect":"Deny","Principal":"*"}]}`, nil},
		{"a Deny of all but one", `{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"` + friend + `"}}]}`, nil},
		{"all but one", `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"` + friend + `"}}]}`, []string{public + "NotPrincipal"}},
		{"NotPrincipal beside Principal", allow(`{"AWS":"`+friend+`"}`, `"NotPrincipal":{}`), []string{public + "NotPrincipal"}},
		{"NotPrincipal narrowed", `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"` + friend + `"},"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}}]}`, []string{public + "NotPrincipal"}},
	} {
		if diff := cmp.Diff(test.want, refused(closed, test.policy)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
		if got := refused(open, test.policy); got != nil {
			t.Errorf("%s: refused where the public is allowed: %q", test.reason, got)
		}
	}
}

// Conditions that say who "*" is, and those that only seem to.
func TestNarrowingConditions(t *testing.T) {
	g := guard(t, guardrail.Config{})
	for _, test := range []struct {
		reason, condition string
		narrows           bool
	}{
		{"an organization", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, true},
		{"one of two organizations", `{"StringEquals":{"aws:PrincipalOrgID":["o-a","o-b"]}}`, true},
		{"a key in another case", `{"StringEquals":{"AWS:SOURCEOWNER":"` + friend + `"}}`, true},
		{"an account", `{"StringLike":{"aws:PrincipalAccount":"` + friend + `"}}`, true},
		{"an account without quotes", `{"StringEquals":{"aws:PrincipalAccount":` + friend + `}}`, true},
		{"an account's roles", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/*"}}`, true},
		{"an account's roles by StringLike", `{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:*"}}`, true},
		{"an account's pools in any Region", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:` + friend + `:userpool/*"}}`, true},
		{"a bucket, which has no account", `{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::mails"}}`, true},
		{"a part of an organization", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a/r-b/*"}}`, true},
		{"one that narrows among others", `{"StringLike":{"ses:FromAddress":"*"},"StringEquals":{"aws:SourceIp":"*","aws:SourceAccount":"` + friend + `"}}`, true},

		{"no condition", `{}`, false},
		{"to whom", `{"StringLike":{"ses:Recipients":"*@example.com"}}`, false},
		{"from what address", `{"StringEquals":{"ses:FromAddress":"me@example.com"}}`, false},
		{"from where", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, false},
		{"when", `{"DateLessThan":{"aws:CurrentTime":"2030-01-01"}}`, false},
		{"how", `{"Bool":{"aws:SecureTransport":"true"}}`, false},
		{"a tag that anybody can have", `{"StringEquals":{"aws:PrincipalTag/team":"a"}}`, false},
		{"a user's name that anybody can have", `{"StringEquals":{"aws:username":"alice"}}`, false},
		{"any organization", `{"StringLike":{"aws:PrincipalOrgID":"*"}}`, false},
		{"any organization by its form", `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, false},
		{"any organization by question marks", `{"StringLike":{"aws:PrincipalOrgID":"o-??????????"}}`, false},
		{"any organization as an escape", `{"StringLike":{"aws:PrincipalOrgID":"\u002a"}}`, false},
		{"a real one or any", `{"StringLike":{"aws:PrincipalOrgID":["o-a","*"]}}`, false},
		{"any path", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-b/*"}}`, false},
		{"a path of no organization", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"/r-b/*"}}`, false},
		{"the root path of any", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-b/*"}}`, false},
		{"any account of any partition", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}`, false},
		{"an account in a role's path", `{"StringLike":{"aws:PrincipalArn":"arn:*:iam::` + friend + `:role/a"}}`, false},
		{"an account of eleven digits and a star", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::11112222333*:role/a"}}`, false},
		{"an account at the end", `{"StringLike":{"aws:PrincipalArn":"*` + friend + `*"}}`, false},
		{"the key itself as a variable", `{"StringEquals":{"aws:PrincipalAccount":"${aws:PrincipalAccount}"}}`, false},
		{"a variable in an ARN", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/${*}"}}`, false},
		{"all but", `{"StringNotEquals":{"aws:PrincipalAccount":"` + friend + `"}}`, false},
		{"all but one ARN", `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/a"}}`, false},
		{"only where there is one", `{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a"}}`, false},
		{"all of none", `{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a"}}`, false},
		{"there is none", `{"Null":{"aws:PrincipalOrgID":"true"}}`, false},
		{"there is one", `{"Null":{"aws:PrincipalOrgID":"false"}}`, false},
		{"an operator in another case", `{"stringequals":{"aws:PrincipalOrgID":"o-a"}}`, false},
		{"an operator that is none", `{"StringEqual":{"aws:PrincipalOrgID":"o-a"}}`, false},
		{"an operator twice in other case", `{"StringEquals":{"aws:PrincipalOrgID":"o-a"},"STRINGEQUALS":{"aws:PrincipalOrgID":"o-b"}}`, false},
		{"a key twice in other case", `{"StringLike":{"aws:PrincipalOrgID":"o-a","aws:principalorgid":"*"}}`, false},
		{"the narrower key last", `{"StringLike":{"aws:principalorgid":"*","aws:PrincipalOrgID":"o-a"}}`, false},
		{"the right operator last", `{"STRINGLIKE":{"aws:PrincipalOrgID":"*"},"StringLike":{"aws:PrincipalOrgID":"o-a"}}`, false},
		{"a key twice", `{"StringLike":{"aws:PrincipalOrgID":"o-a","aws:PrincipalOrgID":"*"}}`, false},
		{"no value", `{"StringEquals":{"aws:PrincipalOrgID":[]}}`, false},
		{"an empty value", `{"StringEquals":{"aws:PrincipalOrgID":""}}`, false},
		{"a value of no type", `{"StringEquals":{"aws:PrincipalOrgID":["o-a",{}]}}`, false},
		{"a look-alike of a key", `{"StringEquals":{"aws:РrincipalOrgID":"o-a"}}`, false},
		{"a key of another service", `{"StringEquals":{"s3:DataAccessPointAccount":"` + friend + `"}}`, false},
		{"a list for the object", `[{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}]`, false},
	} {
		got := refused(g, allow(`"*"`, `"Condition":`+test.condition))
		if narrows := got == nil; narrows != test.narrows {
			t.Errorf("%s: got %q", test.reason, got)
		}
	}
	if refused(g, allow(`"*"`, `"Conditions":{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}`)) == nil {
		t.Error("a Condition by another name narrowed")
	}
}

// canonical is AWS's example of a canonical user id.
const canonical = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"

func TestAllowedPrincipals(t *testing.T) {
	const root, role = "arn:aws:iam::" + friend + ":root", "arn:aws:iam::" + friend + ":role/"
	for _, test := range []struct {
		reason, pattern, principal string
		allowed                    bool
	}{
		{"an account id", friend, `{"AWS":"` + friend + `"}`, true},
		{"an account id's root", friend, `{"AWS":"` + root + `"}`, true},
		{"an account id's roles", friend, `{"AWS":"` + role + `a/b"}`, true},
		{"an account id's sessions", friend, `{"AWS":"arn:aws:sts::` + friend + `:assumed-role/a/b"}`, true},
		{"an account id in another partition", friend, `{"AWS":"arn:aws-cn:iam::` + friend + `:root"}`, false},
		{"an account id in a role's path", friend, `{"AWS":"arn:aws:iam::999999999999:role/` + friend + `"}`, false},
		{"an account id in another service", friend, `{"AWS":"arn:aws:s3::` + friend + `:root"}`, false},
		{"an account id in a Region", friend, `{"AWS":"arn:aws:iam:us-east-1:` + friend + `:root"}`, false},
		{"an account id in what is no ARN", friend, `{"AWS":"ARN:aws:iam::` + friend + `:root"}`, false},
		{"another account", friend, `{"AWS":"999999999999"}`, false},
		{"another account's root", friend, `{"AWS":"arn:aws:iam::999999999999:root"}`, false},
		{"an account id without quotes", friend, `{"AWS":` + friend + `}`, true},
		{"an account id as a float", friend, `{"AWS":1.11122223333e11}`, false},
		{"an account id with a space", friend, `{"AWS":"` + friend + ` "}`, false},
		{"an account id of an identity provider", friend, `{"Federated":"arn:aws:iam::` + friend + `:saml-provider/a"}`, false},
		{"a root, by the account id", root, `{"AWS":"` + friend + `"}`, true},
		{"a root is no role", root, `{"AWS":"` + role + `a"}`, false},
		{"a pattern over roles", role + "*", `{"AWS":"` + role + `a"}`, true},
		{"a pattern over roles is no root", role + "*", `{"AWS":"` + friend + `"}`, false},
		{"a pattern over the account", "arn:aws:iam::" + friend + ":*", `{"AWS":"` + friend + `"}`, true},
		{"the case of a role counts", role + "a", `{"AWS":"` + role + `A"}`, false},
		{"a ? for a star in a principal", role + "a?", `{"AWS":"` + role + `a*"}`, false},
		{"a ? for everybody", "?", `{"AWS":"*"}`, false},
		{"a service", "ses.amazonaws.com", `{"Service":"ses.amazonaws.com"}`, true},
		{"a pattern over services", "*.amazonaws.com", `{"Service":["email.cognito-idp.amazonaws.com"]}`, true},
		{"a partition for a path", "arn:*:iam::" + friend + ":role/*", `{"AWS":"arn:aws:iam::999999999999:role/:iam::` + friend + `:role/x"}`, false},
		{"a partition's end for a path", "arn:aws*:iam::" + friend + ":root", `{"AWS":"arn:aws:iam::999999999999:user/:iam::` + friend + `:root"}`, false},
		{"a service for a path", "arn:aws:*::" + friend + ":*", `{"AWS":"arn:aws:iam::999999999999:role/x::` + friend + `:y"}`, false},
		{"any partition and service", "arn:*:*::" + friend + ":*", `{"AWS":["` + role + `a:b","arn:aws-cn:iam::` + friend + `:root"]}`, true},
		{"a star for the start of an ARN", "*:" + friend + ":*", `{"AWS":"arn:aws:sts::999999999999:assumed-role/a/:` + friend + `:"}`, false},
		{"a pattern over services is no role", "*.amazonaws.com", `{"AWS":"arn:aws:iam::999999999999:role/x.amazonaws.com"}`, false},
		{"a public identity provider, literally", "accounts.google.com", `{"Federated":"accounts.google.com"}`, true},
		{"a pattern over services is no account", "*.amazonaws.com", `{"AWS":"` + friend + `"}`, false},
		{"a service that ends otherwise", "ses.amazonaws.com", `{"Service":"ses.amazonaws.com.evil.org"}`, false},
		{"a unique id, literally", "AIDACKCEVSQ6C2EXAMPLE", `{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`, true},
		{"a unique id of who knows whom", friend, `{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`, false},
		{"a canonical user", friend, `{"CanonicalUser":"` + canonical + `"}`, false},
		{"a canonical user, literally", canonical, `{"CanonicalUser":"` + canonical + `"}`, true},
		{"a canonical user that begins like an account", "79a*", `{"CanonicalUser":"` + canonical + `"}`, false},
		{"a canonical user, as everything", "*", `{"CanonicalUser":"` + canonical + `"}`, true},
		{"a bare string", friend, `"` + friend + `"`, true},
		{"everybody", friend, `"*"`, false},
		{"everybody by the pattern", "*", `{"AWS":"*"}`, true},
		{"one of two", friend, `{"AWS":["` + friend + `","999999999999"]}`, false},
		{"a look-alike digit", friend, `{"AWS":"11112222333３"}`, false},
	} {
		g := guard(t, guardrail.Config{AllowedPrincipals: []string{"555555555555", test.pattern}, AllowPublicPrincipal: true})
		got := refused(g, allow(test.principal))
		if (got == nil) != test.allowed {
			t.Errorf("%s: %s on %s: got %q", test.reason, test.pattern, test.principal, got)
		}
	}
}

// The list holds for everybody too: a condition has to leave only who is in it.
func TestAllowedPrincipalsNarrowed(t *testing.T) {
	list := []string{friend, "o-ours", "arn:aws:iam::444455556666:role/New?"}
	for condition, allowed := range map[string]bool{
		`{"StringEquals":{"aws:PrincipalAccount":"` + friend + `"}}`:                                          true,
		`{"StringEquals":{"aws:PrincipalOrgID":"o-ours"}}`:                                                    true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + friend + `:role/*"}}`:                               true,
		`{"StringEquals":{"aws:PrincipalOrgID":"o-theirs"}}`:                                                  false,
		`{"StringEquals":{"aws:PrincipalAccount":["999999999999","` + friend + `"]}}`:                         false,
		`{"StringEquals":{"aws:PrincipalAccount":["` + friend + `","999999999999"]}}`:                         false,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/New*"}}`:                              false,
		`{"StringEquals":{"aws:PrincipalOrgID":"o-theirs","aws:PrincipalAccount":"` + friend + `"}}`:          true,
		`{"StringEquals":{"aws:PrincipalOrgID":"o-theirs"},"StringLike":{"ses:Recipients":"` + friend + `"}}`: false,
	} {
		g := guard(t, guardrail.Config{AllowedPrincipals: list})
		got := refused(g, allow(`{"AWS":"*"}`, `"Condition":`+condition))
		if (got == nil) != allowed || got != nil && got[0] != notAllowed+"Principal/AWS" {
			t.Errorf("%s: got %q", condition, got)
		}
	}
	g := guard(t, guardrail.Config{AllowedPrincipals: list})
	want := []string{public + "Principal/AWS/0", notAllowed + "Principal/AWS/1"}
	if diff := cmp.Diff(want, refused(g, allow(`{"AWS":["*","999999999999"]}`))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{public + "NotPrincipal", notAllowed + "NotPrincipal"}
	if diff := cmp.Diff(want, refused(g, `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"`+friend+`"}}]}`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What anybody can be passes when the list has it literally, or by a condition
// that says who.
func TestPublicInDisguise(t *testing.T) {
	const google = `{"Federated":"accounts.google.com"}`
	for _, test := range []struct {
		reason, pattern, principal string
		allowed                    bool
	}{
		{"the provider itself", "accounts.google.com", google, true},
		{"a pattern over providers", "*.google.com", google, false},
		{"everything", "*", google, false},
		{"a provider that is called like an account", friend, `{"Federated":"` + friend + `"}`, false},
		{"everybody is not meant by everything", "*", `"*"`, false},
		{"a service, without a source", "ses.amazonaws.com", `{"Service":"ses.amazonaws.com"}`, false},
	} {
		g := guard(t, guardrail.Config{AllowedPrincipals: []string{test.pattern}})
		if got := refused(g, allow(test.principal)); (got == nil) != test.allowed {
			t.Errorf("%s: got %q", test.reason, got)
		}
	}
	narrowed := allow(google, `"Condition":{"StringEquals":{"aws:PrincipalAccount":"`+friend+`"}}`)
	if got := refused(guard(t, guardrail.Config{AllowedPrincipals: []string{friend}}), narrowed); got != nil {
		t.Errorf("a provider's users of one account: got %q", got)
	}
}
