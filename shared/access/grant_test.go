package access_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/access"
	"sespolicy/shared/identity"
)

func TestGrants(t *testing.T) {
	const rest = `"Action":["ses:SendEmail"],%R`
	for _, test := range []struct {
		reason, statement string
		kind              access.Kind
		principal, who    string
		conditions        []string // in words
		doubts            int
	}{
		{"an account", `"Effect":"Allow","Principal":{"AWS":"123456789012"},` + rest, access.Account, "123456789012", "account 123456789012", nil, 0},
		{"a root ARN", `"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root"]},` + rest, access.Account, "arn:aws:iam::123456789012:root", "account 123456789012", nil, 0},
		{"a user", `"Effect":"Deny","Principal":{"AWS":"` + bob + `"},` + rest, access.User, bob, "user Bob of account 444455556666", nil, 0},
		{"a role", `"Effect":"Allow","Principal":{"AWS":"` + auditRole + `"},` + rest, access.Role, auditRole, "role cross-account-read-only-role of account 444455556666", nil, 0},
		{"a session", `"Effect":"Allow","Principal":{"AWS":"` + audit + `"},` + rest, access.Session, audit, "session cross-account-audit-app of role cross-account-read-only-role of account 444455556666", nil, 0},
		{"everybody", `"Effect":"Allow","Principal":{"AWS":"*"},` + rest, access.Everybody, "*", "everybody", nil, 0},
		{"a service with its source", cognito, access.Service, "cognito-idp.amazonaws.com", "the service cognito-idp.amazonaws.com", []string{
			"the account that the service acts for is 888888888888",
			"the resource that the service acts for matches arn:aws:cognito-idp:us-east-1:888888888888:userpool/your-user-pool-id-goes-here"}, 0},
		{"an organization", organization, access.Organization, "*", "everybody in o-xxxxxxxxxxx", []string{"the principal's organization is o-xxxxxxxxxxx"}, 0},
		{"part of an organization", allow + everybody + `,"Condition":{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-a/r-b/*"]}}`, access.Organization, "*", "everybody in o-a/r-b/*", []string{"at least one principal's place in the organization matches o-a/r-b/*"}, 0},
		{"any organization is everybody", allow + everybody + `,"Condition":{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, access.Everybody, "*", "everybody", []string{"the principal's organization matches o-*"}, 0},
		{"an organization if there is one is everybody", allow + everybody + `,"Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a"}}`, access.Everybody, "*", "everybody", []string{"the principal's organization is o-a, or there is none"}, 0},
		{"all but an organization is everybody", allow + everybody + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-a"}}`, access.Everybody, "*", "everybody", []string{"the principal's organization is not o-a, or there is none"}, 0},
		{"recipients", internal, access.Account, "123456789012", "account 123456789012", []string{"each recipient matches *@example.com, or there is none"}, 0},
		{"a period", period, access.Account, "123456789012", "account 123456789012", []string{"the time is after 2021-08-31T12:00Z", "the time is before 2021-10-01T12:00Z"}, 0},
		{"a range and a key", marketer + `,"Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.1","2001:db8::/64"]},"Null":{"aws:PrincipalTag/x":"false"}}`, access.Account, "123456789012", "account 123456789012", []string{"the source IP address is in 203.0.113.0/24, 198.51.100.1 or 2001:db8::/64", "there is a value for aws:PrincipalTag/x"}, 0},
		{"an operator that IAM does not have", marketer + `,"Condition":{"StringMatches":{"x":"y"}}`, access.Account, "123456789012", "account 123456789012", []string{"StringMatches holds for x and y"}, 1},
		{"Effect in another case", `"Effect":"ALLOW","Principal":{"AWS":"123456789012"},` + rest, access.Account, "123456789012", "account 123456789012", nil, 1},
		{"a wildcard inside a principal", `"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:root"},` + rest, access.Account, "arn:aws:iam::*:root", "account *", nil, 1},
		{"the id of a deleted user", `"Effect":"Allow","Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"},` + rest, access.Other, "AIDACKCEVSQ6C2EXAMPLE", "AIDACKCEVSQ6C2EXAMPLE", nil, 0},
		{"a provider", `"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},` + rest, access.Federated, "accounts.google.com", "users of the identity provider accounts.google.com", nil, 0},
		{"all but two", `"Effect":"Deny","NotPrincipal":{"AWS":["` + bob + `","444455556666"]},` + rest, access.Everybody, "*", "everybody except " + bob + " and 444455556666", nil, 0},
	} {
		grants := policies(t, example("example.com"), test.statement).Grants()
		if len(grants) != 1 {
			t.Errorf("%s: got %d grants, want 1", test.reason, len(grants))
			continue
		}
		g := grants[0]
		if g.Kind != test.kind || g.Principal != test.principal || g.Who() != test.who || len(g.Doubts) != test.doubts {
			t.Errorf("%s: got %s %s %q, doubts %q", test.reason, g.Kind, g.Principal, g.Who(), g.Doubts)
		}
		var words []string
		for _, condition := range g.Conditions {
			words = append(words, condition.Words())
		}
		if diff := cmp.Diff(test.conditions, words); diff != "" {
			t.Errorf("%s: conditions (-want +got):\n%s", test.reason, diff)
		}
	}
}

// There is a grant for each principal of each statement, but none by a
// statement about another identity.
func TestGrantsOfSeveral(t *testing.T) {
	grants := policies(t, example("example.com"),
		twoUsers,
		`"Effect":"Allow","Principal":"*","Action":"ses:*","Resource":"arn:aws:ses:us-east-1:888888888888:identity/example.org"`,
		`"Effect":"Deny","Principal":{"AWS":"123456789012","Service":"ses.amazonaws.com"},"NotAction":"ses:Get*",%R`,
	).Grants()
	type row struct {
		Policy, Effect, Principal string
		Actions, Except           []string
	}
	var got []row
	for _, g := range grants {
		got = append(got, row{g.PolicyName, g.Effect, g.Principal, g.Actions, g.ExceptActions})
	}
	sending := []string{"ses:SendEmail", "ses:SendRawEmail"}
	want := []row{
		{"P0", "Allow", "arn:aws:iam::111122223333:user/John", sending, nil},
		{"P0", "Allow", "arn:aws:iam::444455556666:user/Jane", sending, nil},
		{"P2", "Deny", "123456789012", []string{"*"}, []string{"ses:Get*"}},
		{"P2", "Deny", "ses.amazonaws.com", []string{"*"}, []string{"ses:Get*"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The members that programs read.
func TestGrantJSON(t *testing.T) {
	grants := policies(t, example("example.com"), `"Sid":"AuthorizeOrg",`+organization).Grants()
	got, err := json.Marshal(grants)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"identity":"example.com","policyName":"P0","statement":0,"sid":"AuthorizeOrg","effect":"Allow","path":"/Statement/0","line":1,"column":38,` +
		`"kind":"organization","principal":"*","actions":["ses:SendEmail","ses:SendRawEmail"],` +
		`"conditions":[{"operator":"StringEquals","key":"aws:PrincipalOrgID","values":["o-xxxxxxxxxxx"]}]}]`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestCorpus reads the collection of policies beside the project that SES takes
// or may take. Each that it takes gives or denies somebody something.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/must-*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("no corpus beside the project")
	}
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		if folder == "must-reject" {
			continue
		}
		var c struct {
			Identity string
			Policy   json.RawMessage
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		inner := string(c.Policy)
		_ = json.Unmarshal(c.Policy, &inner) // a policy as text
		id, err := identity.Parse(c.Identity)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p, err := access.Read(id, map[string]string{"p": inner})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if folder == "must-accept" && len(p.Grants()) == 0 {
			t.Errorf("%s: no grant", filepath.Base(file))
		}
	}
}
