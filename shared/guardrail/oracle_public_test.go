package guardrail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sespolicy/shared/access"
	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/policy"
)

// family are condition keys that calls of one kind have, each with values that
// the key can have and patterns over them.
type family []struct {
	key    string
	arn    bool
	values []string
}

var (
	callerKeys = family{
		{"aws:PrincipalAccount", false, []string{ownAccount, foreignAccount, "*", "9999*", "????????????", "${aws:PrincipalAccount}", "${aws:ResourceAccount}"}},
		{"aws:PrincipalArn", true, []string{"arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/Admin", "arn:aws:iam::999988887777:role/Admin", "arn:aws:iam::123456789012:root", "*", "*111122223333*", "arn:aws:iam::????????????:role/*"}},
		{"aws:PrincipalOrgID", false, []string{listedOrg, foreignOrg, "*", "o-*", "o-thei??", "${aws:PrincipalOrgID}", "${aws:ResourceOrgID}"}},
		{"aws:PrincipalOrgPaths", false, []string{"o-ours/r-ab12/", "o-ours/r-ab12/*", "o-theirs/r-ab12/*", "*/r-ab12/*", "*"}},
	}
	sourceKeys = family{
		{"aws:SourceAccount", false, []string{ownAccount, foreignAccount, "*", "9999*", "????????????", "${aws:SourceAccount}", "${aws:ResourceAccount}"}},
		{"aws:SourceArn", true, []string{"arn:aws:cognito-idp:*:111122223333:userpool/*", "arn:aws:cognito-idp:us-east-1:*:userpool/*", "arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Example",
			"arn:aws:s3:::mail*", "arn:aws:s3:::mails", "*", "*111122223333*", "arn:aws:cognito-idp:*:${aws:ResourceAccount}:userpool/*"}},
		{"aws:SourceOrgID", false, []string{listedOrg, foreignOrg, "*", "o-*", "${aws:SourceOrgID}", "${aws:ResourceOrgID}"}},
		{"aws:SourceOrgPaths", false, []string{"o-ours/r-ab12/", "o-ours/r-ab12/*", "o-theirs/r-ab12/*", "*/r-ab12/*"}},
	}
)

// public generates an Allow that may be public: one condition on who calls or
// for whom, and one on something else.
//
// Left out is what nobody meets and a guardrail refuses all the same, because
// only SES knows: a wildcard under an operator that has none, an operator in
// another case, values that the key cannot have, an empty list, a negation of
// everything, contradictions, Null beside IfExists, and a caller's key for a
// service, which its calls never have. So is NotPrincipal, which no condition
// narrows.
func (g generator) public() string {
	principal, keys := g.pick([]string{`"*"`, `{"AWS":"*"}`, `{"AWS":["*","111122223333"]}`, `{"Federated":"accounts.google.com"}`}), callerKeys
	if g.chance(2) {
		principal, keys = g.pick([]string{`"*"`, `{"Service":"cognito-idp.amazonaws.com"}`, `{"Service":["ses.amazonaws.com"]}`}), sourceKeys
	}
	k := keys[g.IntN(len(keys))]
	operators := []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase", "ForAnyValue:StringLike", "StringNotEquals", "StringNotLike", "StringLikeIfExists", "ForAllValues:StringLike"}
	if k.arn {
		operators = append(operators, "ArnLike", "ArnEquals", "ArnNotLike", "ArnLikeIfExists", "ForAllValues:ArnLike")
	}
	operator := g.pick(operators)
	var values []string
	for range 1 + g.IntN(2) {
		value := g.pick(k.values)
		for !meaningful(operator, value) {
			value = g.pick(k.values)
		}
		values = append(values, `"`+value+`"`)
	}
	condition := fmt.Sprintf(`%q:{%q:[%s]}`, operator, k.key, strings.Join(values, ","))
	condition += g.pick([]string{"", "", `,"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, `,"ForAnyValue:StringLike":{"ses:Recipients":"*@example.com"}`})
	if g.chance(10) {
		condition = ""
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ses:SendEmail","Resource":` + oracleResources[0] +
		`,"Principal":` + principal + `,"Condition":{` + condition + `}}]}`
}

// meaningful reports whether a comparison with the value can hold for somebody.
func meaningful(operator, value string) bool {
	if strings.Contains(operator, "Not") {
		return !strings.ContainsAny(value, "*?$")
	}
	return !strings.ContainsAny(value, "*?") || strings.Contains(operator, "Like") || strings.HasPrefix(operator, "Arn")
}

// TestOracleOfThePublic: no policy is refused as public that lets in nobody
// outside.
func TestOracleOfThePublic(t *testing.T) {
	// Whether a provider's users have an account is not documented.
	probes := append(strangers(), newProbe("accounts.google.com", send, of("", caller(""))))
	for _, account := range []string{foreignAccount, "999900001111"} {
		admin := of(account, caller(foreignOrg))
		admin["aws:PrincipalArn"] = []string{"arn:aws:iam::" + account + ":role/Admin"}
		probes = append(probes, newProbe("accounts.google.com", send, of(account, caller(foreignOrg))), newProbe("accounts.google.com", send, admin))
	}
	for _, service := range []string{listedService, foreignService} {
		nobody := of("", caller(""))
		for key := range source("", "", "") {
			if strings.HasPrefix(key, "aws:Source") {
				nobody[key] = nil // a service that does not say for whom it acts
			}
		}
		probes = append(probes, newProbe(service, send, nobody),
			newProbe(service, send, source(foreignAccount, foreignOrg, "arn:aws:cognito-idp:us-east-1:999988887777:x/:111122223333:userpool/a")),
			newProbe(service, send, source(foreignAccount, foreignOrg, "arn:aws:cognito-idp:us-east-1:999988887777:x/:123456789012:userpool/a")))
	}
	off := guardrail.Off()
	off.AllowPublicPrincipal = false
	g := guard(t, off)
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			o := newOracle(*oracleSeed + uint64(shard))
			refused, passed := 0, 0
			for o.checks < *oracleChecks/shards {
				text := o.public()
				doc, duplicates := document.Read([]byte(text))
				p, findings := policy.Check(doc.Root(), oracleIdentity)
				if duplicates != nil || hasViolation(findings) {
					continue
				}
				o.checks++
				if check(g, oracleIdentity, "p", p) == nil {
					passed++
					continue
				}
				refused++
				policies, err := access.Read(oracleIdentity, map[string]string{"p": text})
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if !slices.ContainsFunc(probes, func(p probe) bool {
					o.checks++
					d := access.Decide(access.Request{Principal: p.principal, Action: p.action, Context: p.context}, policies)
					return d.Answer == access.Allowed || d.Answer == access.Unknown
				}) {
					t.Fatalf("after %d checks: it lets in nobody outside: %s", o.checks, text)
				}
			}
			if refused == 0 || passed == 0 {
				t.Errorf("%d refused and %d passed: one of them was not tried", refused, passed)
			}
			t.Logf("%d checks, %d refused, %d passed", o.checks, refused, passed)
		})
	}
}
