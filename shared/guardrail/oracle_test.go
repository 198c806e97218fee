package guardrail_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"sespolicy/shared/access"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// oracleChecks is how many answers of the evaluator TestOracle compares; more
// than the default are for a run by hand: go test -run TestOracle -oracle 100000000.
var (
	oracleChecks = flag.Int("oracle", 200_000, "how many checks the oracle makes in each direction")
	oracleSeed   = flag.Uint64("oracle-seed", 0, "where the oracle's seeds begin")
)

// closed is a deployment with all guardrails set.
var closed = map[string]string{
	"ALLOWED_IDENTITIES":   "example.com,*@example.com",
	"ALLOWED_POLICY_NAMES": "team-*",
	"ALLOWED_PRINCIPALS":   strings.Join([]string{listedAccount, listedOrg, listedService}, ","),
}

// oracleIdentity is the identity whose policies are evaluated.
var oracleIdentity = owner.Of(identity.Identity{Name: "example.com"})

// probe is a request that no policy may allow, or none may deny.
type probe struct {
	who, action string
	principal   access.Principal
	context     access.Context
}

func newProbe(who, action string, context access.Context) probe {
	p, err := access.ParsePrincipal(who)
	if err != nil {
		panic(err)
	}
	return probe{who, action, p, context}
}

const send = "ses:SendEmail"

// caller is the context of a principal of an organization, as far as it says who
// calls.
func caller(organization string) access.Context {
	c := access.Context{"aws:PrincipalOrgID": nil, "aws:PrincipalOrgPaths": nil, "aws:ResourceOrgID": {listedOrg}}
	if organization != "" {
		c["aws:PrincipalOrgID"], c["aws:PrincipalOrgPaths"] = []string{organization}, []string{organization + "/r-ab12/ou-ab12-11111111/"}
	}
	return c
}

// of adds the account of a principal whose name does not say it, and an ARN in it.
func of(account string, c access.Context) access.Context {
	c["aws:PrincipalAccount"], c["aws:PrincipalArn"] = nil, nil
	if account != "" {
		c["aws:PrincipalAccount"], c["aws:PrincipalArn"] = []string{account}, []string{"arn:aws:iam::" + account + ":role/111122223333"}
	}
	return c
}

// source is the context of a service that acts for an account's resource.
func source(account, organization, arn string) access.Context {
	c := of("", caller(""))
	maps.Copy(c, access.Context{
		"aws:SourceAccount": {account}, "aws:SourceOwner": {account}, "aws:SourceArn": {arn},
		"aws:SourceOrgID": {organization}, "aws:SourceOrgPaths": {organization + "/r-ab12/ou-ab12-11111111/"},
	})
	return c
}

func poolOf(account string) string { return "arn:aws:cognito-idp:us-east-1:" + account + oraclePool }

// strangers are those whom only a public policy lets in.
func strangers() []probe {
	probes := []probe{
		newProbe("*", send, of(foreignAccount, caller(""))), newProbe("*", send, of(foreignAccount, caller(foreignOrg))),
		newProbe("accounts.google.com", send, of(foreignAccount, caller(""))), newProbe("anonymous", send, of("", caller(""))),
	}
	for _, account := range []string{foreignAccount, "999900001111", "100000000000"} {
		for _, organization := range []string{"", foreignOrg} {
			probes = append(probes,
				newProbe(account, send, of(account, caller(organization))),
				newProbe("arn:aws:iam::"+account+":root", send, caller(organization)),
				newProbe("arn:aws:iam::"+account+":role/Admin", send, caller(organization)),
				newProbe("arn:aws:iam::"+account+":role/111122223333", send, caller(organization)),
				newProbe("arn:aws:iam::"+account+":user/Anna", send, caller(organization)))
		}
		for _, service := range []string{listedService, foreignService} {
			probes = append(probes,
				newProbe(service, send, source(account, foreignOrg, poolOf(account))),
				newProbe(service, send, source(account, foreignOrg, "arn:aws:s3:::mails-of-others")),
				newProbe(service, send, source(account, foreignOrg, "arn:aws:ses:us-east-1:"+account+":identity/111122223333.com")))
		}
	}
	return probes
}

// outsiders are all whom the closed deployment keeps out: the strangers, and the
// listed from actions that are not.
func outsiders() []probe {
	probes := strangers()
	for _, action := range []string{"ses:DeleteEmailIdentity", "ses:UpdateEmailIdentityPolicy", "ses:GetEmailIdentity", "ses:Teleport", "s3:GetObject"} {
		probes = append(probes,
			newProbe(listedAccount, action, of(listedAccount, caller(listedOrg))),
			newProbe("arn:aws:iam::"+listedAccount+":role/Admin", action, caller(listedOrg)),
			newProbe("arn:aws:iam::"+ownAccount+":role/Admin", action, caller(listedOrg)),
			newProbe(listedService, action, source(ownAccount, listedOrg, poolOf(ownAccount))))
	}
	return append(probes, newProbe(foreignService, send, source(ownAccount, foreignOrg, poolOf(ownAccount))))
}

// insiders are the owner's own, whom no policy may stop.
func insiders() []probe {
	var probes []probe
	for _, who := range []string{ownAccount, "arn:aws:iam::" + ownAccount + ":root", "arn:aws:iam::" + ownAccount + ":role/Admin", "arn:aws:iam::" + ownAccount + ":user/Anna"} {
		for _, organization := range []string{"", listedOrg} {
			probes = append(probes, newProbe(who, send, caller(organization)), newProbe(who, "ses:GetEmailIdentity", caller(organization)))
		}
	}
	return probes
}

// oracle compares what guardrails let pass with what the evaluator says of it.
type oracle struct {
	generator
	outsiders, insiders []probe
	checks, passed      int
}

func newOracle(seed uint64) *oracle {
	return &oracle{generator: generator{rand.New(rand.NewPCG(seed, seed))}, outsiders: outsiders(), insiders: insiders()}
}

// passes generates a request and, if it is one that SES could accept and the
// guardrails let pass, returns how it breaks what they promise; empty if it does
// not.
func (o *oracle) passes(t testing.TB, g *guardrail.Guardrail) string {
	id := oracleIdentity
	if o.chance(8) {
		id.Name = "other.com"
	}
	name := o.pick([]string{"team-a", "team-b", "other"})
	text, granting, denying := o.policy()
	doc, duplicates := document.Read([]byte(text))
	p, findings := policy.Check(doc.Root(), id)
	o.checks++
	if duplicates != nil || hasViolation(findings) || check(g, id, name, p) != nil {
		return ""
	}
	o.passed++
	switch {
	case id.Name != "example.com":
		return "an identity outside of the list: " + id.Name
	case !strings.HasPrefix(name, "team-"):
		return "a policy name outside of the list: " + name
	case strings.Contains(text, "identity/other.com") && !strings.Contains(text, "NotResource"):
		return "another resource: " + text
	}
	// What a Deny takes away from an Allow does not excuse the Allow, and the
	// other way round.
	if broken := o.decide(t, granting, o.outsiders, access.Allowed); broken != "" {
		return broken
	}
	return o.decide(t, denying, o.insiders, access.Denied)
}

// decide returns a probe that gets the forbidden answer, or may get it.
func (o *oracle) decide(t testing.TB, text string, probes []probe, forbidden access.Answer) string {
	if text == "" {
		return ""
	}
	policies, err := access.Read(oracleIdentity, map[string]string{"p": text})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, p := range probes {
		o.checks++
		d := access.Decide(access.Request{Principal: p.principal, Action: p.action, Context: p.context}, policies)
		if d.Answer == forbidden || d.Answer == access.Unknown {
			return fmt.Sprintf("%s for %s, %v: %v %v %v: %s", p.action, p.who, p.context, d.Answer, d.Keys, d.Doubts, text)
		}
	}
	return ""
}

func hasViolation(findings []finding.Finding) bool {
	for _, f := range findings {
		if f.Level == finding.Violation {
			return true
		}
	}
	return false
}

// shards is into how many parallel parts a run of the oracle is split, each with
// a seed of its own.
const shards = 4

// TestOracle: no request that the guardrails let pass allows a foreign
// principal, a service for a foreign account or an action outside of the list,
// or stops the owner's own. The evaluator is written from the documentation and
// shares no judgement with the guardrails.
func TestOracle(t *testing.T) {
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			o, g := newOracle(*oracleSeed+uint64(shard)), guardOf(t, closed)
			for o.checks < *oracleChecks/shards {
				if broken := o.passes(t, g); broken != "" {
					t.Fatalf("after %d checks: %s", o.checks, broken)
				}
			}
			t.Logf("%d checks, %d requests passed", o.checks, o.passed)
		})
	}
}

// With any single guardrail taken away, the oracle finds what it kept out.
func TestOracleWithoutAGuardrail(t *testing.T) {
	for variable, value := range map[string]string{
		guardrail.AllowedIdentities: "", guardrail.AllowedPolicyNames: "", guardrail.AllowedPrincipals: "", guardrail.AllowedActions: "*",
		guardrail.AllowBroadDeny: "true", guardrail.AllowPublicPrincipal: "true", guardrail.RequireMatchingResource: "false",
	} {
		o, without := newOracle(1), maps.Clone(closed)
		without[variable] = value
		g, broken := guardOf(t, without), ""
		for broken == "" && o.checks < 1_000_000 {
			broken = o.passes(t, g)
		}
		if broken == "" {
			t.Errorf("%s=%s: no counterexample in %d checks", variable, value, o.checks)
		}
		t.Logf("%s=%s: after %d checks", variable, value, o.checks)
	}
}
