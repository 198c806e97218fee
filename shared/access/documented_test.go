package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/access"
	"sespolicy/shared/identity"
)

// The documentation that the cases are from.
const (
	sesExamples  = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html"
	sesIdentity  = "https://docs.aws.amazon.com/ses/latest/dg/identity-authorization-policy-examples.html"
	sesOwner     = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html"
	sesAnatomy   = "https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html"
	sesCreating  = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
	iamLogic     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"
	iamPrincipal = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
	iamNot       = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"
	iamAction    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"
	iamNotAction = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"
	iamResource  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
	iamGrammar   = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
)

const (
	owner    = "888888888888"
	delegate = "123456789012"
	send     = "ses:SendEmail"
)

// example is example.com, or an address of it, of the owner.
func example(name string) identity.Identity {
	return identity.Identity{Name: name, Partition: "aws", Region: "us-east-1", Account: owner}
}

// policies reads policies of an identity: each is the body of its statements,
// %R in them is the ARN of the identity.
func policies(t testing.TB, id identity.Identity, bodies ...string) *access.Policies {
	t.Helper()
	texts := map[string]string{}
	for i, body := range bodies {
		body = strings.ReplaceAll(body, "%R", `"Resource":"`+id.ARN()+`"`)
		texts["P"+string(rune('0'+i))] = `{"Version":"2012-10-17","Statement":[{` + body + `}]}`
	}
	p, err := access.Read(id, texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func principal(t testing.TB, text string) access.Principal {
	t.Helper()
	p, err := access.ParsePrincipal(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	sendActions = `"Action":["ses:SendEmail","ses:SendRawEmail"]`
	marketer    = `"Effect":"Allow",%R,"Principal":{"AWS":["123456789012"]},` + sendActions
	twoUsers    = `"Effect":"Allow",%R,"Principal":{"AWS":["arn:aws:iam::111122223333:user/John","arn:aws:iam::444455556666:user/Jane"]},` + sendActions
	cognito     = `"Effect":"Allow",%R,"Principal":{"Service":["cognito-idp.amazonaws.com"]},` + sendActions +
		`,"Condition":{"StringEquals":{"aws:SourceAccount":"888888888888"},"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:us-east-1:888888888888:userpool/your-user-pool-id-goes-here"}}`
	organization = `"Effect":"Allow",%R,"Principal":"*",` + sendActions + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-xxxxxxxxxxx"}}`
	period       = marketer + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2021-08-31T12:00Z"},"DateLessThan":{"aws:CurrentTime":"2021-10-01T12:00Z"}}`
	feedback     = marketer + `,"Condition":{"StringLike":{"ses:FromAddress":"*@example.com","ses:FeedbackAddress":"*@example.com"}}`
	internal     = marketer + `,"Condition":{"ForAllValues:StringLike":{"ses:Recipients":"*@example.com"}}`
	allow        = `"Effect":"Allow",%R,"Action":"ses:SendEmail",`
	deny         = `"Effect":"Deny",%R,"Action":"ses:SendEmail",`
	everybody    = `"Principal":"*"`
	bob          = "arn:aws:iam::444455556666:user/Bob"
	audit        = "arn:aws:sts::444455556666:assumed-role/cross-account-read-only-role/cross-account-audit-app"
	auditRole    = "arn:aws:iam::444455556666:role/cross-account-read-only-role"
)

// TestDocumented holds the evaluator against what AWS documents, example by example.
func TestDocumented(t *testing.T) {
	type c = access.Context
	for _, test := range []struct {
		reason, link string
		policies     []string
		principal    string
		action       string
		context      c
		want         access.Answer
		keys         []string
	}{
		{"an account, by its id", sesExamples, []string{marketer}, delegate, send, nil, access.Allowed, nil},
		{"another account", sesExamples, []string{marketer}, "210987654321", send, nil, access.NotAllowed, nil},
		{"a user of the account", iamPrincipal, []string{marketer}, "arn:aws:iam::123456789012:user/Anna", send, nil, access.Allowed, nil},
		{"a role of the account", iamPrincipal, []string{marketer}, "arn:aws:iam::123456789012:role/mailer", send, nil, access.Allowed, nil},
		{"a session of the account", iamPrincipal, []string{marketer}, "arn:aws:sts::123456789012:assumed-role/mailer/i-1", send, nil, access.Allowed, nil},
		{"the root user of the account", iamPrincipal, []string{marketer}, "arn:aws:iam::123456789012:root", send, nil, access.Allowed, nil},
		{"an account of another partition", iamPrincipal, []string{marketer}, "arn:aws-cn:iam::123456789012:root", send, nil, access.NotAllowed, nil},
		{"the root ARN means the whole account", iamPrincipal, []string{allow + `"Principal":{"AWS":"arn:aws:iam::123456789012:root"}`}, "arn:aws:iam::123456789012:user/Anna", send, nil, access.Allowed, nil},
		{"the account of the From address", sesExamples, []string{marketer + `,"Condition":{"StringLike":{"ses:FromAddress":"marketing+.*@example.com"}}`}, delegate, send, c{"ses:FromAddress": {"marketing+.spring@example.com"}}, access.Allowed, nil},
		{"another From address", sesExamples, []string{marketer + `,"Condition":{"StringLike":{"ses:FromAddress":"marketing+.*@example.com"}}`}, delegate, send, c{"ses:FromAddress": {"sales@example.com"}}, access.NotAllowed, nil},
		{"a From address that is not known", sesExamples, []string{marketer + `,"Condition":{"StringLike":{"ses:FromAddress":"marketing+.*@example.com"}}`}, delegate, send, nil, access.Unknown, []string{"ses:FromAddress"}},
		{"one From address", sesExamples, []string{marketer + `,"Condition":{"StringEquals":{"ses:FromAddress":"sender@example.com"}}`}, delegate, send, c{"ses:FromAddress": {"sender@example.com"}}, access.Allowed, nil},
		{"its case counts", sesExamples, []string{marketer + `,"Condition":{"StringEquals":{"ses:FromAddress":"sender@example.com"}}`}, delegate, send, c{"ses:FromAddress": {"Sender@example.com"}}, access.NotAllowed, nil},
		{"StringNotLike keeps admin out", sesExamples, []string{marketer + `,"Condition":{"StringNotLike":{"ses:FromAddress":"*admin*example.com"}}`}, delegate, send, c{"ses:FromAddress": {"sender@admin.example.com"}}, access.NotAllowed, nil},
		{"StringNotLike lets others through", sesExamples, []string{marketer + `,"Condition":{"StringNotLike":{"ses:FromAddress":"*admin*example.com"}}`}, delegate, send, c{"ses:FromAddress": {"sender@example.com"}}, access.Allowed, nil},
		{"two users: the first", sesExamples, []string{twoUsers}, "arn:aws:iam::111122223333:user/John", send, nil, access.Allowed, nil},
		{"two users: the second", sesExamples, []string{twoUsers}, "arn:aws:iam::444455556666:user/Jane", "ses:SendRawEmail", nil, access.Allowed, nil},
		{"two users: each in the other's account", sesExamples, []string{twoUsers}, "arn:aws:iam::111122223333:user/Jane", send, nil, access.NotAllowed, nil},
		{"a user's name counts to the letter", iamPrincipal, []string{twoUsers}, "arn:aws:iam::111122223333:user/john", send, nil, access.NotAllowed, nil},
		{"two users: somebody of the account", iamPrincipal, []string{twoUsers}, "111122223333", send, nil, access.Unknown, []string{"aws:PrincipalArn"}},
		{"Cognito for the user pool", sesExamples, []string{cognito}, "cognito-idp.amazonaws.com", send, c{"aws:SourceAccount": {owner}, "aws:SourceArn": {"arn:aws:cognito-idp:us-east-1:888888888888:userpool/your-user-pool-id-goes-here"}}, access.Allowed, nil},
		{"another service", sesExamples, []string{cognito}, "pinpoint.amazonaws.com", send, nil, access.NotAllowed, nil},
		{"an organization's member", sesExamples, []string{organization}, delegate, send, c{"aws:PrincipalOrgID": {"o-xxxxxxxxxxx"}}, access.Allowed, nil},
		{"August is before the period", sesExamples, []string{period}, delegate, send, c{"aws:CurrentTime": {"2021-08-31T11:59:59Z"}}, access.NotAllowed, nil},
		{"September is in the period", sesExamples, []string{period}, delegate, send, c{"aws:CurrentTime": {"2021-09-15T00:00:00Z"}}, access.Allowed, nil},
		{"October is after the period", sesExamples, []string{period}, delegate, send, c{"aws:CurrentTime": {"2021-10-01T12:00:00Z"}}, access.NotAllowed, nil},
		{"SendRawEmail only", sesExamples, []string{`"Effect":"Allow",%R,"Principal":{"AWS":"123456789012"},"Action":["ses:SendRawEmail"]`}, delegate, send, nil, access.NotAllowed, nil},
		{"the display name", sesExamples, []string{marketer + `,"Condition":{"StringLike":{"ses:FromDisplayName":"Marketing"}}`}, delegate, send, c{"ses:FromDisplayName": {"Marketing"}}, access.Allowed, nil},
		{"StringLike without a wildcard is all of the text", sesExamples, []string{marketer + `,"Condition":{"StringLike":{"ses:FromDisplayName":"Marketing"}}`}, delegate, send, c{"ses:FromDisplayName": {"Marketing Team"}}, access.NotAllowed, nil},
		{"both addresses under the domain", sesExamples, []string{feedback}, delegate, send, c{"ses:FromAddress": {"a@example.com"}, "ses:FeedbackAddress": {"b@example.com"}}, access.Allowed, nil},
		{"one of them is not: the other need not be known", sesExamples, []string{feedback}, delegate, send, c{"ses:FeedbackAddress": {"b@example.org"}}, access.NotAllowed, nil},
		{"all recipients under the domain", sesExamples, []string{internal}, delegate, send, c{"ses:Recipients": {"a@example.com", "b@example.com"}}, access.Allowed, nil},
		{"one recipient elsewhere", sesExamples, []string{internal}, delegate, send, c{"ses:Recipients": {"a@example.com", "b@example.org"}}, access.NotAllowed, nil},
		{"management of the identity", sesIdentity, []string{`"Effect":"Allow",%R,"Principal":{"AWS":["888888888888"]},"Action":["ses:DeleteEmailIdentity","ses:PutEmailIdentityDkimSigningAttributes"]`}, "arn:aws:iam::888888888888:user/John", "ses:DeleteEmailIdentity", nil, access.Allowed, nil},
		{"management is no sending", sesIdentity, []string{`"Effect":"Allow",%R,"Principal":{"AWS":["888888888888"]},"Action":["ses:DeleteEmailIdentity"]`}, "arn:aws:iam::888888888888:user/John", send, nil, access.NotAllowed, nil},
		{"a Deny for one's own user", sesAnatomy, []string{deny + `"Principal":{"AWS":"arn:aws:iam::888888888888:user/John"}`}, "arn:aws:iam::888888888888:user/John", send, nil, access.Denied, nil},

		{"no policy at all", iamLogic, nil, delegate, send, nil, access.NotAllowed, nil},
		{"an explicit Deny wins", iamLogic, []string{marketer, deny + everybody}, delegate, send, nil, access.Denied, nil},
		{"a Deny for somebody else does not", iamLogic, []string{marketer, deny + `"Principal":{"AWS":"210987654321"}`}, delegate, send, nil, access.Allowed, nil},
		{"a Deny that may apply", iamLogic, []string{marketer, deny + everybody + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`}, delegate, send, nil, access.Unknown, []string{"aws:SourceIp"}},
		{"a Deny that does not apply", iamLogic, []string{marketer, deny + everybody + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`}, delegate, send, c{"aws:SourceIp": {"203.0.113.9"}}, access.Allowed, nil},

		{"a role, by a session of it", iamPrincipal, []string{allow + `"Principal":{"AWS":"arn:aws:iam::123456789012:role/team/mailer"}`}, "arn:aws:sts::123456789012:assumed-role/mailer/i-1", send, nil, access.Allowed, nil},
		{"a role, by a session of another", iamPrincipal, []string{allow + `"Principal":{"AWS":"arn:aws:iam::123456789012:role/mailer"}`}, "arn:aws:sts::123456789012:assumed-role/other/mailer", send, nil, access.NotAllowed, nil},
		{"a session, by another session of the role", iamPrincipal, []string{allow + `"Principal":{"AWS":"` + audit + `"}`}, audit + "-2", send, nil, access.NotAllowed, nil},
		{"a session, by the role", iamPrincipal, []string{allow + `"Principal":{"AWS":"` + audit + `"}`}, auditRole, send, nil, access.Unknown, []string{"aws:userid"}},
		{"a session, by the role in this session", iamPrincipal, []string{allow + `"Principal":{"AWS":"` + audit + `"}`}, auditRole, send, c{"aws:userid": {"AROAEXAMPLE:cross-account-audit-app"}}, access.Allowed, nil},
		{"everybody", iamPrincipal, []string{allow + `"Principal":{"AWS":"*"}`}, "*", send, nil, access.Allowed, nil},
		{"everybody includes who does not sign", iamPrincipal, []string{allow + everybody}, "anonymous", send, nil, access.Allowed, nil},
		{"a wildcard does not match part of an ARN, if SES takes it at all", iamPrincipal, []string{allow + `"Principal":{"AWS":"arn:aws:iam::123456789012:role/*"}`}, "arn:aws:iam::123456789012:role/mailer", send, nil, access.Unknown, nil},
		{"a deleted user's id", iamPrincipal, []string{allow + `"Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`}, bob, send, c{"aws:userid": {"AIDANEWUSER6C2EXAMPLE"}}, access.NotAllowed, nil},
		{"a user's id", iamPrincipal, []string{allow + `"Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`}, bob, send, c{"aws:userid": {"AIDACKCEVSQ6C2EXAMPLE"}}, access.Allowed, nil},
		{"an id that may be the user's", iamPrincipal, []string{allow + `"Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`}, bob, send, nil, access.Unknown, []string{"aws:userid"}},
		{"a role's id is no user's", iamPrincipal, []string{allow + `"Principal":{"AWS":"AROACKCEVSQ6C2EXAMPLE"}`}, bob, send, nil, access.NotAllowed, nil},
		{"PrincipalArn instead of NotPrincipal: the user", iamPrincipal, []string{allow + everybody, deny + everybody + `,"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/user-name"}}`}, "arn:aws:iam::444455556666:user/user-name", send, nil, access.Allowed, nil},
		{"PrincipalArn instead of NotPrincipal: others", iamPrincipal, []string{allow + everybody, deny + everybody + `,"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/user-name"}}`}, bob, send, nil, access.Denied, nil},
		{"PrincipalArn instead of NotPrincipal: another account", iamPrincipal, []string{allow + everybody, deny + everybody + `,"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:user/user-name"}}`}, delegate, send, nil, access.Denied, nil},

		{"NotPrincipal leaves out user and account", iamNot, []string{allow + everybody, deny + `"NotPrincipal":{"AWS":["` + bob + `","arn:aws:iam::444455556666:root"]}`}, bob, send, nil, access.Allowed, nil},
		{"NotPrincipal hits others", iamNot, []string{allow + everybody, deny + `"NotPrincipal":{"AWS":["` + bob + `","arn:aws:iam::444455556666:root"]}`}, delegate, send, nil, access.Denied, nil},
		{"NotPrincipal without the account might deny", iamNot, []string{allow + everybody, deny + `"NotPrincipal":{"AWS":"` + bob + `"}`}, bob, send, nil, access.Unknown, nil},
		{"NotPrincipal with session, role and account", iamNot, []string{allow + everybody, deny + `"NotPrincipal":{"AWS":["` + audit + `","` + auditRole + `","arn:aws:iam::444455556666:root"]}`}, audit, send, nil, access.Allowed, nil},
		{"NotPrincipal without the role might deny", iamNot, []string{allow + everybody, deny + `"NotPrincipal":{"AWS":["` + audit + `","arn:aws:iam::444455556666:root"]}`}, audit, send, nil, access.Unknown, nil},
		{"NotPrincipal with Allow lets everybody else in", iamNot, []string{allow + `"NotPrincipal":{"AWS":"` + bob + `"}`}, "anonymous", send, nil, access.Allowed, nil},

		{"an action's case does not count", iamAction, []string{`"Effect":"Allow",%R,"Principal":"*","Action":"SES:sendemail"`}, delegate, send, nil, access.Allowed, nil},
		{"a wildcard in an action", iamAction, []string{`"Effect":"Allow",%R,"Principal":"*","Action":"ses:Send*"`}, delegate, "SendRawEmail", nil, access.Allowed, nil},
		{"a wildcard that misses", iamAction, []string{`"Effect":"Allow",%R,"Principal":"*","Action":"ses:Send?mail"`}, delegate, "ses:SendRawEmail", nil, access.NotAllowed, nil},
		{"every action", iamAction, []string{`"Effect":"Deny",%R,"Principal":"*","Action":"*"`}, delegate, send, nil, access.Denied, nil},
		{"NotAction leaves out what it names", iamNotAction, []string{`"Effect":"Allow",%R,"Principal":"*","NotAction":"ses:Delete*"`}, delegate, "ses:DeleteEmailIdentity", nil, access.NotAllowed, nil},
		{"NotAction takes all else", iamNotAction, []string{`"Effect":"Allow",%R,"Principal":"*","NotAction":"ses:Delete*"`}, delegate, send, nil, access.Allowed, nil},

		{"every resource", iamResource, []string{`"Effect":"Allow","Resource":"*","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Allowed, nil},
		{"another identity", sesAnatomy, []string{`"Effect":"Allow","Resource":"arn:aws:ses:us-east-1:888888888888:identity/example.org","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.NotAllowed, nil},
		{"another Region", sesAnatomy, []string{`"Effect":"Allow","Resource":"arn:aws:ses:eu-west-1:888888888888:identity/example.com","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.NotAllowed, nil},
		{"a domain's case does not count", sesCreating, []string{`"Effect":"Allow","Resource":"arn:aws:ses:us-east-1:888888888888:identity/Example.COM","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Allowed, nil},
		{"a wildcard in the resource's name", iamResource, []string{`"Effect":"Allow","Resource":"arn:aws:ses:*:888888888888:identity/*.com","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Allowed, nil},
		{"a wildcard does not span components, if SES takes it at all", iamResource, []string{`"Effect":"Allow","Resource":"arn:aws:ses:*","Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Unknown, nil},
		{"Effect in another case", iamGrammar, []string{`"Effect":"ALLOW",%R,"Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Unknown, nil},
		{"a Deny in another case changes nothing where nothing is allowed", iamGrammar, []string{`"Effect":"DENY",%R,"Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.NotAllowed, nil},
		{"a Deny in another case may deny", iamGrammar, []string{marketer, `"Effect":"DENY",%R,"Principal":"*","Action":"ses:*"`}, delegate, send, nil, access.Unknown, nil},
	} {
		id := example("example.com")
		got := access.Decide(access.Request{
			Principal: principal(t, test.principal), Action: test.action, Context: test.context,
		}, policies(t, id, test.policies...))
		if got.Answer != test.want {
			t.Errorf("%s (%s): got %v, want %v; doubts %q", test.reason, test.link, got.Answer, test.want, got.Doubts)
		}
		if diff := cmp.Diff(test.keys, got.Keys); diff != "" {
			t.Errorf("%s (%s): keys (-want +got):\n%s", test.reason, test.link, diff)
		}
		if (got.Answer == access.Unknown) != (len(got.Keys)+len(got.Doubts) > 0) {
			t.Errorf("%s: %v depends on keys %q and doubts %q", test.reason, got.Answer, got.Keys, got.Doubts)
		}
		if (got.Answer == access.NotAllowed) != (len(got.By) == 0) {
			t.Errorf("%s: %v by %+v", test.reason, got.Answer, got.By)
		}
	}
}
