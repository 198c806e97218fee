package guardrail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

const (
	us     = "arn:aws:ses:us-east-1:123456789012:identity/"
	friend = "111122223333"
)

var owner = identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}

func identityOf(t *testing.T, text string) identity.Identity {
	t.Helper()
	id, err := identity.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return owner.Of(id)
}

// identityNamed is an identity by its name alone.
func identityNamed(name string) identity.Identity { return identity.Identity{Name: name} }

func guard(t *testing.T, c guardrail.Config) *guardrail.Guardrail {
	t.Helper()
	g, err := guardrail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// check asks the guardrails of a request without a topic.
func check(g *guardrail.Guardrail, id identity.Identity, name string, p *policy.Policy) []finding.Finding {
	found, err := g.Check(guardrail.Request{Identity: id, PolicyName: name, Policy: p}, nil)
	if err != nil {
		panic(err)
	}
	return found
}

// refused are the rules and paths of what a guardrail refuses of a policy.
func refused(g *guardrail.Guardrail, text string) []string {
	doc, findings := document.Read([]byte(text))
	if doc == nil {
		return []string{findings[0].Rule}
	}
	id := owner.Of(identity.Identity{Name: "example.com"})
	p, _ := policy.Check(doc.Root(), id)
	var list []string
	for _, f := range check(g, id, "MyPolicy", p) {
		list = append(list, f.Rule+" "+f.Path)
	}
	return list
}

// allow is a policy of one Allow with the principal, and with what else there is.
func allow(principal string, more ...string) string {
	return `{"Statement":[{"Effect":"Allow","Action":"ses:SendEmail","Resource":"` + us + `example.com","Principal":` + principal +
		strings.Join(append([]string{""}, more...), ",") + `}]}`
}

func TestIdentities(t *testing.T) {
	for _, test := range []struct {
		reason   string
		patterns []string
		identity string
		allowed  bool
	}{
		{"no list is all", nil, "example.com", true},
		{"itself", []string{"example.com"}, "example.com", true},
		{"the identity in capitals", []string{"example.com"}, "EXAMPLE.com", true},
		{"the identity by its ARN", []string{"example.com"}, us + "EXAMPLE.com", true},
		{"the pattern in capitals", []string{"EXAMPLE.com"}, "example.com", true},
		{"the pattern is an ARN", []string{us + "Example.com"}, "example.com", true},
		{"the pattern is over ARNs", []string{"arn:aws:ses:*:123456789012:identity/*.com"}, "example.com", true},
		{"the pattern is of another account", []string{"arn:aws:ses:us-east-1:999999999999:identity/example.com"}, "example.com", false},
		{"the pattern's end is anything", []string{"arn:aws:ses:*:*:*"}, "example.com", true},
		{"a local part with colons is no ARN", []string{"arn:*:*:*:*:identity/support@*"}, "x:identity/support@example.com", false},
		{"the second of two", []string{"a.com", "example.com"}, "example.com", true},
		{"another", []string{"example.com"}, "example.org", false},
		{"a subdomain of it", []string{"example.com"}, "mail.example.com", false},
		{"what it is the end of", []string{"example.com"}, "evilexample.com", false},
		{"what it is the start of", []string{"example.com"}, "example.com.evil.org", false},
		{"an address of it", []string{"example.com"}, "me@example.com", false},
		{"any address of it", []string{"*@example.com"}, "me@example.com", true},
		{"an address counts to the letter", []string{"*@example.com"}, "me@EXAMPLE.com", false},
		{"the domain is no address", []string{"*@example.com"}, "example.com", false},
		{"the address's last domain counts", []string{"*@example.com"}, "me@example.com@evil.org", false},
		{"the local part's case counts", []string{"me@example.com"}, "Me@example.com", false},
		{"a local part that is a wildcard", []string{"me@example.com"}, "*@example.com", false},
		{"the dot is no wildcard", []string{"a.example.com"}, "abexample.com", false},
		{"the ? is one character", []string{"a?.example.com"}, "abc.example.com", false},
		{"brackets are no classes", []string{"[a-z]*"}, "example.com", false},
	} {
		g := guard(t, guardrail.Config{AllowedIdentities: test.patterns})
		id := identityOf(t, test.identity)
		findings := check(g, id, "MyPolicy", nil) // nil: a delete is fenced too
		if allowed := len(findings) == 0; allowed != test.allowed {
			t.Errorf("%s: %v allows %s: %v", test.reason, test.patterns, test.identity, allowed)
		}
		if !test.allowed && (findings[0].Rule != "ALLOWED_IDENTITIES" || findings[0].Path != "/Identity") {
			t.Errorf("%s: got %s at %s", test.reason, findings[0].Rule, findings[0].Path)
		}
	}
}

// Where only the case of an address differs, the refusal says so.
func TestAddressesThatDifferInCaseOnly(t *testing.T) {
	g := guard(t, guardrail.Config{AllowedIdentities: []string{"Billing@example.com"}, RequireMatchingResource: true})
	for address, hinted := range map[string]bool{"billing@example.com": true, "building@example.com": false} {
		id := identityOf(t, address)
		doc, _ := document.Read([]byte(strings.Replace(allow(`{"AWS":"`+friend+`"}`), us+"example.com", us+strings.Replace(address, "bil", "BIL", 1), 1)))
		p, _ := policy.Check(doc.Root(), id)
		found := check(g, id, "MyPolicy", p)
		if len(found) == 0 || found[0].Rule != guardrail.AllowedIdentities {
			t.Fatalf("%s: got %v", address, found)
		}
		if hinted && (len(found) != 2 || found[1].Rule != guardrail.RequireMatchingResource) {
			t.Fatalf("%s: got %v", address, found)
		}
		for _, f := range found {
			if strings.Contains(f.Message, "differs only in case") != hinted {
				t.Errorf("%s: %s", address, f.Message)
			}
		}
	}
}

func TestPolicyNames(t *testing.T) {
	g := guard(t, guardrail.Config{AllowedPolicyNames: []string{"team-a-*", "Shared?"}})
	for name, allowed := range map[string]bool{
		"team-a-newsletter": true, "team-a-": true, "Shared1": true,
		"team-b-newsletter": false, "Team-a-newsletter": false, "xteam-a-": false, "Shared": false, "Shared12": false,
	} {
		findings := check(g, identityOf(t, "example.com"), name, nil)
		if (len(findings) == 0) != allowed {
			t.Errorf("%q: got %v", name, findings)
		}
	}
}

// The place of a request in its envelope is where findings point.
func TestFindingsPointIntoTheRequest(t *testing.T) {
	doc, _ := document.Read([]byte("{\"detail\":\n {\"PolicyName\":\"p\", \"Identity\":\"example.com\"}}"))
	g := guard(t, guardrail.Config{AllowedIdentities: []string{"a"}, AllowedPolicyNames: []string{"b"}})
	at := doc.Root().Get("detail")
	findings, _ := g.Check(guardrail.Request{
		Identity: identityOf(t, "example.com"), IdentityAt: at.Get("Identity"),
		PolicyName: "p", PolicyNameAt: at.Get("PolicyName"),
	}, nil)
	want := []finding.Finding{
		{Path: "/detail/PolicyName", Rule: "ALLOWED_POLICY_NAMES", Line: 2, Column: 16},
		{Path: "/detail/Identity", Rule: "ALLOWED_IDENTITIES", Line: 2, Column: 32},
	}
	for i := range findings {
		findings[i].Message = ""
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPatternsThatMatchNothingAreRefused(t *testing.T) {
	for _, c := range []guardrail.Config{
		{AllowedIdentities: []string{""}},
		{AllowedIdentities: []string{"bücher.example"}},
		{AllowedIdentities: []string{"a.com b.com"}},
		{AllowedPolicyNames: []string{"a.b"}},
		{AllowedPolicyNames: []string{"a,b"}},
		{AllowedPrincipals: []string{"\t"}},
		{AllowedPrincipals: []string{"arn:*:111122223333:*"}},
		{AllowedIdentities: []string{"arn:*:identity/example.com"}},
	} {
		if _, err := guardrail.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	_, err := guardrail.New(guardrail.Config{AllowedIdentities: []string{"ü"}, AllowedPolicyNames: []string{"."}, AllowedPrincipals: []string{""}})
	for _, variable := range []string{"ALLOWED_IDENTITIES", "ALLOWED_POLICY_NAMES", "ALLOWED_PRINCIPALS"} {
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("the error does not speak of %s: %v", variable, err)
		}
	}
}

func TestMatchingResource(t *testing.T) {
	g := guard(t, guardrail.Config{RequireMatchingResource: true})
	off := guard(t, guardrail.Config{})
	for _, test := range []struct {
		reason, resource string
		want             []string
	}{
		{"its ARN", `"Resource":"` + us + `example.com"`, nil},
		{"the documented example", `"Resource":"arn:aws:ses:us-east-1:EXAMPLE65304:identity/example.com"`, nil},
		{"everything", `"Resource":"*"`, nil},
		{"a pattern that covers it", `"Resource":["` + us + `*"]`, nil},
		{"nothing", `"Resource":[]`, nil},
		{"another identity", `"Resource":"` + us + `other.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"the second of two", `"Resource":["` + us + `example.com","` + us + `other.com"]`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource/1"}},
		{"another account", `"Resource":"arn:aws:ses:us-east-1:999999999999:identity/example.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"another Region", `"Resource":"arn:aws:ses:eu-west-1:123456789012:identity/example.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"a look-alike", `"Resource":"` + us + `ехample.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"an escape", `"Resource":"` + us + `\u006fther.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"a pattern that misses it", `"Resource":"` + us + `*@example.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/Resource"}},
		{"NotResource", `"NotResource":"` + us + `other.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/NotResource"}},
		{"NotResource in a Deny", `"NotResource":"` + us + `other.com","effect":"Deny"`, nil},
		{"Resource in lower case", `"resource":"` + us + `other.com"`, []string{"REQUIRE_MATCHING_RESOURCE /Statement/0/resource"}},
	} {
		text := `{"Statement":{"Action":"ses:Send*","Principal":{"AWS":"` + friend + `"},` + test.resource + `}}`
		if !strings.Contains(text, "effect") {
			text = strings.Replace(text, `{"Action"`, `{"Effect":"Allow","Action"`, 1)
		}
		text = strings.Replace(text, `"Statement":{`, `"Statement":[{`, 1)
		text = strings.TrimSuffix(text, "}") + "]}"
		if diff := cmp.Diff(test.want, refused(g, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
		if got := refused(off, text); got != nil {
			t.Errorf("%s: refused when switched off: %q", test.reason, got)
		}
	}
}

// A policy made to cost much costs time in proportion to its length.
func TestHostilePoliciesAreJudgedAtOnce(t *testing.T) {
	many := func(part string, n int) string { return strings.TrimSuffix(strings.Repeat(part, n), ",") }
	var keys strings.Builder
	for i := range 1_000 { // one key in many spellings
		key := []byte("aws:principalorgid")
		for bit := range 14 {
			if i>>bit&1 == 1 {
				key[4+bit] -= 'a' - 'A'
			}
		}
		keys.WriteString(`"` + string(key) + `":"o-a",`)
	}
	g := guard(t, guardrail.Config{
		AllowedPrincipals:       []string{friend, "arn:aws:iam::*:role/a*b*c*d", strings.Repeat("a*", 50) + "b"},
		RequireMatchingResource: true,
	})
	begin := time.Now()
	for reason, text := range map[string]string{
		"many principals":           allow(`{"AWS":[` + many(`"*",`, 15_000) + `]}`),
		"principals and conditions": allow(`{"AWS":[`+many(`"*",`, 8_000)+`]}`, `"Condition":{"StringEquals":{`+keys.String()+`"a":"b"}}`),
		"many conditions":           allow(`"*"`, `"Condition":{`+many(`"StringEquals":{"aws:PrincipalOrgID":"o-a"},`, 1_400)+`}`),
		"one long principal":        allow(`{"AWS":"` + strings.Repeat("a", 64_000) + `"}`),
		"many resources":            strings.Replace(allow(`{"AWS":"`+friend+`"}`), `"`+us+`example.com"`, `[`+many(`"arn:aws:ses:*:*:*:*:a",`, 2_500)+`]`, 1),
	} {
		if got := refused(g, text); len(got) == 0 || len(got) > 2*finding.MaxFindings {
			t.Errorf("%s: %d findings", reason, len(got))
		}
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
