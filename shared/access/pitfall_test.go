package access_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/access"
	"sespolicy/shared/identity"
)

// An address's own policies alone decide, in both directions; without any, its
// domain's do (https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html).
func TestAddressBeatsDomain(t *testing.T) {
	address, domain := example("sender@example.com"), example("example.com")
	allows, denies := allow+everybody, deny+everybody
	for _, test := range []struct {
		reason              string
		onAddress, onDomain []string
		want                access.Answer
		by                  string
	}{
		{"the domain denies, the address allows", []string{allows}, []string{denies}, access.Allowed, address.Name},
		{"the domain allows, the address denies", []string{denies}, []string{allows}, access.Denied, address.Name},
		{"the address has none, the domain allows", nil, []string{allows}, access.Allowed, domain.Name},
		{"the address has none, the domain denies", nil, []string{denies}, access.Denied, domain.Name},
		{"the address allows somebody else", []string{allow + `"Principal":{"AWS":"210987654321"}`}, []string{allows}, access.NotAllowed, address.Name},
		{"neither has any", nil, nil, access.NotAllowed, address.Name},
	} {
		got := access.Decide(access.Request{Principal: principal(t, delegate), Action: send},
			policies(t, address, test.onAddress...), policies(t, domain, test.onDomain...))
		if got.Answer != test.want || got.Identity.Name != test.by {
			t.Errorf("%s: got %v by %s, want %v by %s (%s)", test.reason, got.Answer, got.Identity.Name, test.want, test.by, sesOwner)
		}
	}
}

// A domain has one name whatever its case; an address counts to the letter.
func TestCaseOfIdentities(t *testing.T) {
	const region = "arn:aws:ses:us-east-1:888888888888:identity/"
	for _, test := range []struct {
		identity, resource string
		want               access.Answer
	}{
		{"example.com", region + "EXAMPLE.com", access.Allowed},
		{"EXAMPLE.com", region + "example.*", access.Allowed},
		{"example.com", region + "EX*.com", access.Allowed},
		{"example.com", region + "*EXAMPLE.com", access.Allowed},
		{"example.com", region[:len(region)-len("identity/")] + "*.COM", access.Allowed},
		{"example.com", region[:len(region)-len("identity/")] + "Identity/example.com", access.NotAllowed},
		{"a@example.com", region + "a@example.com", access.Allowed},
		{"a@example.com", region + "a@EXAMPLE.com", access.NotAllowed},
		{"a@EXAMPLE.com", region + "a@EXAMPLE.com", access.Allowed},
		{"a@EXAMPLE.com", region + "a@example.*", access.NotAllowed},
		{"A@example.com", region + "a@example.com", access.NotAllowed},
	} {
		p := policies(t, example(test.identity), `"Effect":"Allow","Principal":"*","Action":"ses:*","Resource":"`+test.resource+`"`)
		if got := access.Decide(access.Request{Principal: principal(t, delegate), Action: send}, p); got.Answer != test.want {
			t.Errorf("%s on %s: got %v, want %v (%s)", test.resource, test.identity, got.Answer, test.want, sesCreating)
		}
	}
	// Of an identity that was given by its name, the rest of the ARN is not compared.
	p := policies(t, identity.Identity{Name: "example.com"}, `"Effect":"Allow","Principal":"*","Action":"ses:*","Resource":"arn:aws:ses:eu-west-1:999999999999:identity/Example.com"`)
	if got := access.Decide(access.Request{Principal: principal(t, delegate), Action: send}, p); got.Answer != access.Allowed {
		t.Errorf("by its name: got %v", got.Answer)
	}
}

// TestPitfalls are the ways in which a policy is known to mean something else
// than its author thought.
func TestPitfalls(t *testing.T) {
	type c = access.Context
	const (
		source  = allow + `"Principal":{"Service":"ses.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`
		all     = allow + `"Principal":{"AWS":"123456789012"},"Condition":{"ForAllValues:StringEquals":{"ses:Recipients":["ops@example.com"]}}`
		tenant  = allow + `"Principal":{"AWS":"123456789012"},"Condition":{"StringEquals":{"ses:TenantName":"blue"}}`
		region  = allow + `"Principal":{"AWS":"123456789012"},"Condition":{"StringEquals":{"ses:MultiRegionEndpointId":"abcdef12.g3h"}}`
		outside = deny + everybody + `,"Condition":{"ForAnyValue:StringNotLike":{"ses:Recipients":["*@noq.dev","*@*.amazonses.com"]}}`
	)
	for _, test := range []struct {
		reason    string
		policies  []string
		principal string
		context   c
		want      access.Answer
		keys      []string
	}{
		{"an organization: somebody of whom it is not known", []string{organization}, delegate, nil, access.Unknown, []string{"aws:PrincipalOrgID"}},
		{"an organization: a stranger", []string{organization}, "*", nil, access.Unknown, []string{"aws:PrincipalOrgID"}},
		{"an organization: another's", []string{organization}, delegate, c{"aws:PrincipalOrgID": {"o-yyyyyyyyyyy"}}, access.NotAllowed, nil},
		{"an organization: an account without", []string{organization}, delegate, c{"aws:PrincipalOrgID": nil}, access.NotAllowed, nil},
		{"an organization: a service is in none", []string{organization}, "ses.amazonaws.com", nil, access.NotAllowed, nil},
		{"an organization: who does not sign is in none", []string{organization}, "anonymous", nil, access.NotAllowed, nil},
		{"ForAllValues without the key limits nothing", []string{all}, delegate, c{"ses:Recipients": nil}, access.Allowed, nil},
		{"ForAllValues with the key", []string{all}, delegate, c{"ses:Recipients": {"other@example.com"}}, access.NotAllowed, nil},
		{"ForAllValues without knowing", []string{all}, delegate, nil, access.Unknown, []string{"ses:Recipients"}},
		{"a service for its account", []string{source}, "ses.amazonaws.com", c{"aws:SourceAccount": {"111122223333"}}, access.Allowed, nil},
		{"a service for another account", []string{source}, "ses.amazonaws.com", c{"aws:SourceAccount": {"444455556666"}}, access.NotAllowed, nil},
		{"a service for nobody it names", []string{source}, "ses.amazonaws.com", c{"aws:SourceAccount": nil}, access.NotAllowed, nil},
		{"a service for somebody unknown", []string{source}, "ses.amazonaws.com", nil, access.Unknown, []string{"aws:SourceAccount"}},
		{"a service's grant is not its account's", []string{source}, "111122223333", nil, access.NotAllowed, nil},
		{"a source does not narrow everybody to services", []string{allow + everybody + `,"Condition":{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}`}, delegate, nil, access.Allowed, nil},
		{"a Deny in another policy", []string{marketer, deny + `"Principal":{"AWS":"arn:aws:iam::123456789012:user/Anna"}`}, "arn:aws:iam::123456789012:user/Anna", nil, access.Denied, nil},
		{"a Deny in another policy may be for this one", []string{marketer, deny + `"Principal":{"AWS":"arn:aws:iam::123456789012:user/Anna"}`}, delegate, nil, access.Unknown, []string{"aws:PrincipalArn"}},
		{"a tenant", []string{tenant}, delegate, c{"ses:TenantName": {"blue"}}, access.Allowed, nil},
		{"no tenant", []string{tenant}, delegate, c{"ses:TenantName": nil}, access.NotAllowed, nil},
		{"a multi-Region endpoint", []string{region}, delegate, c{"ses:MultiRegionEndpointId": {"abcdef12.g3h"}}, access.Allowed, nil},
		{"no multi-Region endpoint", []string{region}, delegate, c{"ses:MultiRegionEndpointId": nil}, access.NotAllowed, nil},
		{"one recipient outside is enough for a Deny", []string{marketer, outside}, delegate, c{"ses:Recipients": {"a@noq.dev", "b@example.org"}}, access.Denied, nil},
		{"no recipient outside", []string{marketer, outside}, delegate, c{"ses:Recipients": {"a@noq.dev"}}, access.Allowed, nil},
	} {
		got := access.Decide(access.Request{Principal: principal(t, test.principal), Action: send, Context: test.context},
			policies(t, example("example.com"), test.policies...))
		if got.Answer != test.want {
			t.Errorf("%s: got %v, want %v; doubts %q", test.reason, got.Answer, test.want, got.Doubts)
		}
		if diff := cmp.Diff(test.keys, got.Keys); diff != "" {
			t.Errorf("%s: keys (-want +got):\n%s", test.reason, diff)
		}
	}
}

// The owner's principals can send by IAM permissions alone, but not against a Deny.
func TestOwnAccount(t *testing.T) {
	const user = "arn:aws:iam::" + owner + ":user/Anna"
	may := deny + everybody + `,"Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`
	for _, test := range []struct {
		reason, principal string
		policies          []string
		want              access.Answer
		own               bool
	}{
		{"IAM decides", user, nil, access.NotAllowed, true},
		{"a Deny decides", user, []string{deny + everybody}, access.Denied, true},
		{"a Deny may decide", user, []string{may}, access.Unknown, true},
		{"IAM does not decide for others", delegate, nil, access.NotAllowed, false},
		{"a Deny changes nothing for others", delegate, []string{may}, access.NotAllowed, false},
		{"a service has no account", "ses.amazonaws.com", []string{may}, access.NotAllowed, false},
	} {
		got := access.Decide(access.Request{Principal: principal(t, test.principal), Action: send}, policies(t, example("example.com"), test.policies...))
		if got.Answer != test.want || got.OwnAccount != test.own {
			t.Errorf("%s: got %v, own account %v", test.reason, got.Answer, got.OwnAccount)
		}
	}
}

// The statements that decide are named with their place.
func TestBy(t *testing.T) {
	id := example("example.com")
	p, err := access.Read(id, map[string]string{
		"b": `{"Statement":[{"Sid":"first","Effect":"Allow","Principal":"*","Action":"ses:*","Resource":"*"},
 {"Sid":"second","Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"ses:SendEmail","Resource":"*"},
 {"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"ses:SendEmail","Resource":"*"}]}`,
		"a": `{"Statement":{"Sid":"only","Effect":"Deny","Principal":"*","Action":"ses:DeleteEmailIdentity","Resource":"*"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	request := access.Request{Principal: principal(t, delegate), Action: send}
	want := []access.Statement{
		{Identity: "example.com", PolicyName: "b", Index: 0, Sid: "first", Effect: "Allow", Path: "/Statement/0", Line: 1, Column: 15},
		{Identity: "example.com", PolicyName: "b", Index: 1, Sid: "second", Effect: "Allow", Path: "/Statement/1", Line: 2, Column: 2},
	}
	if diff := cmp.Diff(want, access.Decide(request, p).By); diff != "" {
		t.Errorf("Allowed by (-want +got):\n%s", diff)
	}
	request.Action = "ses:DeleteEmailIdentity"
	want = []access.Statement{{Identity: "example.com", PolicyName: "a", Sid: "only", Effect: "Deny", Path: "/Statement", Line: 1, Column: 14}}
	if diff := cmp.Diff(want, access.Decide(request, p).By); diff != "" {
		t.Errorf("Denied by (-want +got):\n%s", diff)
	}
}
