package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/account"
	"sespolicy/shared/audit"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
)

// policy lets a principal send as example.com.
func policy(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
		`,"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}]}`
}

var (
	good   = policy(`{"AWS":"111122223333"}`)
	same   = policy(`{"AWS":["arn:aws:iam::111122223333:root"]}`)
	other  = policy(`{"AWS":"444455556666"}`)
	public = policy(`"*"`)
)

// one is an account with one policy on example.com.
func one(text string) account.Contents {
	return account.Contents{Identities: []account.Identity{{Name: "example.com", Policies: []account.Policy{{Name: "P", Text: text}}}}}
}

// many is an identity with a number of policies.
func many(name string, n int) account.Identity {
	id := account.Identity{Name: name}
	for i := range n {
		id.Policies = append(id.Policies, account.Policy{Name: fmt.Sprintf("P%02d", i), Text: strings.ReplaceAll(good, "identity/example.com", "identity/"+name)})
	}
	return id
}

// recorded is a ledger with the policy P of example.com.
func recorded(change func(*ledger.Policy)) map[ledger.Name]ledger.Policy {
	p := ledger.Policy{Name: ledger.Name{Identity: "example.com", PolicyName: "P"}, Record: ledger.Record{Number: 1, Present: true, Text: good}}
	if change != nil {
		change(&p)
	}
	return map[ledger.Name]ledger.Policy{p.Name: p}
}

// What an audit finds, as "PATH RULE".
func TestFiles(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	leased := func(until time.Time) func(*ledger.Policy) {
		return func(p *ledger.Policy) { p.Intent = &ledger.Intent{Until: until} }
	}
	const at = "us-east-1/example.com"
	for reason, test := range map[string]struct {
		contents account.Contents
		records  map[ledger.Name]ledger.Policy
		patterns []string
		want     []string
	}{
		"clean, without a ledger":         {one(good), nil, nil, nil},
		"clean, with one":                 {one(good), recorded(nil), nil, nil},
		"the same in other words":         {one(same), recorded(nil), nil, nil},
		"the ledger does not know it":     {one(good), map[ledger.Name]ledger.Policy{}, nil, []string{at + "/P.json Unmanaged"}},
		"deleted, and there again":        {one(good), recorded(func(p *ledger.Policy) { p.Present = false }), nil, []string{at + "/P.json Unmanaged"}},
		"another policy":                  {one(other), recorded(nil), nil, []string{at + "/P.json Changed"}},
		"it is being written":             {one(other), recorded(leased(now.Add(time.Second))), nil, nil},
		"it was being written":            {one(other), recorded(leased(now)), nil, []string{at + "/P.json Changed"}},
		"not there":                       {account.Contents{}, recorded(nil), nil, []string{at + "/P.json Missing"}},
		"not there, as it was deleted":    {account.Contents{}, recorded(func(p *ledger.Policy) { p.Present = false }), nil, nil},
		"not there, but not read":         {account.Contents{Failures: []account.Failure{{Identity: "EXAMPLE.com", Err: errors.New("denied")}}}, recorded(nil), nil, nil},
		"not there, but nothing was read": {account.Contents{Failures: []account.Failure{{Err: errors.New("denied")}}}, recorded(nil), nil, nil},
		"another identity was not read":   {account.Contents{Failures: []account.Failure{{Identity: "example.org", Err: errors.New("denied")}}}, recorded(nil), nil, []string{at + "/P.json Missing"}},
		"not there, and not selected":     {account.Contents{}, recorded(nil), []string{"*.org"}, nil},
		"not there, and selected":         {account.Contents{}, recorded(nil), []string{"example.*"}, []string{at + "/P.json Missing"}},
		"a guardrail refuses it":          {one(public), recorded(func(p *ledger.Policy) { p.Text = public }), nil, []string{at + "/P.json ALLOW_PUBLIC_PRINCIPAL"}},
		"no JSON":                         {one("{"), nil, nil, []string{at + "/P.json json-syntax"}},
		"17 policies":                     {account.Contents{Identities: []account.Identity{many("example.com", 17)}}, nil, nil, nil},
		"18 policies":                     {account.Contents{Identities: []account.Identity{many("example.com", 18)}}, nil, nil, []string{at + " PolicyLimit"}},
		"an address and its domain":       {account.Contents{Identities: []account.Identity{many("example.com", 1), many("a@example.com", 1)}}, nil, nil, []string{"us-east-1/a@example.com ShadowedDomain"}},
		"an address without policies":     {account.Contents{Identities: []account.Identity{many("example.com", 1), many("a@example.com", 0)}}, nil, nil, nil},
	} {
		g, err := guardrail.New(guardrail.Config{AllowedActions: []string{guardrail.DefaultAction}})
		if err != nil {
			t.Fatal(err)
		}
		r := audit.Region{Region: &account.Region{Owner: identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"},
			Contents: test.contents, Records: test.records}, Patterns: test.patterns, Now: now}
		var got []string
		for _, file := range r.Files(g) {
			for _, f := range file.Findings {
				got = append(got, file.Name+" "+f.Rule)
				if f.Code == "" || f.Line < 1 || f.Column < 1 || len(file.Lines) != len(file.Findings) {
					t.Errorf("%s: got %+v", reason, f)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
}

// A guardrail with ${topic} goes by the topic that the ledger has.
func TestTopicOfTheLedger(t *testing.T) {
	g, err := guardrail.New(guardrail.Config{AllowedActions: []string{guardrail.DefaultAction}, AllowedPolicyNames: []string{"${topic}"}})
	if err != nil {
		t.Fatal(err)
	}
	for topic, findings := range map[string]int{"P": 0, "Q": 1, "": 1} {
		r := audit.Region{Region: &account.Region{Owner: identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"},
			Contents: one(good), Records: recorded(func(p *ledger.Policy) { p.By.Topic = topic })}}
		n := 0
		for _, file := range r.Files(g) {
			n += len(file.Findings)
		}
		if n != findings {
			t.Errorf("topic %q: got %d findings, want %d", topic, n, findings)
		}
	}
}
