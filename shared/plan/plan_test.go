package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/account"
	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/plan"
)

// policy lets a principal send as example.com.
func policy(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
		`,"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}]}`
}

var (
	there = policy(`{"AWS":"111122223333"}`)
	same  = policy(`{"AWS":["arn:aws:iam::111122223333:root"]}`)
	other = policy(`{"AWS":"444455556666"}`)
)

func put(name, text string) string {
	return `{"Identity":"example.com","PolicyName":"` + name + `","Policy":` + text + `}`
}

func remove(identity, name string) string {
	return `{"Action":"DeleteIdentityPolicy","Identity":"` + identity + `","PolicyName":"` + name + `"}`
}

// The account has the policy P on example.com. What requests change is
// "ACTION IDENTITY NAME", with the rules of what would be refused.
func TestChanges(t *testing.T) {
	const arn = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
	unread := []account.Failure{{Identity: "example.com", Err: errors.New("denied")}}
	owned := &ledger.Owner{StackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/uuid", LogicalID: "Mail"}
	for reason, test := range map[string]struct {
		requests []string
		prune    string
		failures []account.Failure
		owner    *ledger.Owner
		want     []string
		wrong    string // in the error
	}{
		"another policy":             {requests: []string{put("P", other)}, want: []string{"put example.com P"}},
		"the same in other words":    {requests: []string{put("P", same)}},
		"a policy that is not there": {requests: []string{put("Q", there)}, want: []string{"put example.com Q"}},
		"a deletion":                 {requests: []string{remove("example.com", "P")}, want: []string{"delete example.com P"}},
		"a deletion by ARN":          {requests: []string{remove(arn, "P")}, want: []string{"delete example.com P"}},
		"a deletion of nothing":      {requests: []string{remove("example.com", "Q")}},
		"the last counts":            {requests: []string{put("P", other), put("P", same)}},
		"an identity nobody has":     {requests: []string{remove("example.org", "P"), strings.ReplaceAll(put("P", there), "example.com", "example.org")}, want: []string{"put example.org P"}},
		"what could not be read":     {requests: []string{put("P", other)}, failures: unread},
		"a guardrail refuses it":     {requests: []string{put("P", policy(`"*"`))}, want: []string{"put example.com P ALLOW_PUBLIC_PRINCIPAL"}},
		"a stack owns it":            {requests: []string{put("P", other)}, owner: owned, want: []string{"put example.com P PROTECT_STACK_POLICIES"}},
		"pruned":                     {prune: "P*", want: []string{"delete example.com P"}},
		"pruned, but requested":      {requests: []string{put("P", same)}, prune: "*"},
		"another name is pruned":     {prune: "Q*"},
		"another account":            {requests: []string{remove(strings.Replace(arn, "123456789012", "999999999999", 1), "P"), put("P", other)}, want: []string{"put example.com P"}, wrong: "in account 999999999999"},
		"another Region":             {requests: []string{remove(strings.Replace(arn, "us-east-1", "eu-west-1", 1), "P")}, wrong: "eu-west-1, which is not read"},
		"not a request":              {requests: []string{there, put("P", other)}, want: []string{"put example.com P"}, wrong: "is not a request"},
	} {
		g, err := guardrail.New(guardrail.Config{AllowedActions: []string{guardrail.DefaultAction}})
		if err != nil {
			t.Fatal(err)
		}
		name := ledger.Name{Identity: "example.com", PolicyName: "P"}
		region := &account.Region{Owner: identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"},
			Contents: account.Contents{Identities: []account.Identity{{Name: "example.com", Policies: []account.Policy{{Name: "P", Text: there}}}}, Failures: test.failures},
			Records:  map[ledger.Name]ledger.Policy{name: {Name: name, Owner: test.owner}}}
		var requests []examine.Request
		for _, text := range test.requests {
			requests = append(requests, examine.One("a.json", text))
		}
		p := plan.Planner{Regions: []*account.Region{region}, Guardrail: g, Protects: true, Prune: test.prune}
		opened, err := p.Open(requests)
		if (err != nil) != (test.wrong != "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: got the error %v, want %q", reason, err, test.wrong)
		}
		var got []string
		for _, c := range p.Changes(opened) {
			line := c.Action + " " + c.Identity + " " + c.PolicyName
			for _, f := range c.Refused {
				line += " " + f.Rule
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
}
