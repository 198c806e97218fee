package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// Principals of the kind AWS that can be none are warnings; those that SES may
// know are not. want is the rule and the suggestion, "" for no finding.
func TestAWSPrincipals(t *testing.T) {
	const placeholder, unknown = "placeholder", "unknown-principal"
	for _, test := range []struct{ reason, principal, want string }{
		{"an account", "123456789012", ""},
		{"an account's root", "arn:aws:iam::111122223333:root", ""},
		{"a user with a path", "arn:aws:iam::111122223333:user/division_abc/John.Doe+x@example.com", ""},
		{"a role with a path of colons", "arn:aws:iam::111122223333:role/a:b/Sender", ""},
		{"a service-linked role", "arn:aws:iam::111122223333:role/aws-service-role/email.cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdpEmailService", ""},
		{"a session", "arn:aws:sts::111122223333:assumed-role/Sender/i-0123456789abcdef0", ""},
		{"a federated user", "arn:aws:sts::111122223333:federated-user/Bob", ""},
		{"the documented example's account", "arn:aws:iam::EXAMPLE65304:root", ""},
		{"an origin access identity", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", ""},
		{"a deleted user", "AIDACKCEVSQ6C2EXAMPLE", ""},
		{"a deleted role", "AROADBQP57FF2AEXAMPLE", ""},
		{"a role called undefined", "arn:aws:iam::111122223333:role/undefined", ""},
		{"a role called root", "arn:aws:iam::111122223333:role/root", ""},
		{"the account of zeros", "000000000000", ""},

		{"the lost zero", "12345678901", unknown},
		{"two lost zeros", "1234567890", unknown},
		{"thirteen digits", "1234567890123", unknown},
		{"a rounded number", "1.11122E+11", unknown},
		{"the console's hyphens", "1111-2222-3333", unknown + " -> 111122223333"},
		{"spaces between", "1111 2222 3333", unknown + " -> 111122223333"},
		{"a space after", "111122223333 ", unknown + " -> 111122223333"},
		{"a no-break space after", "111122223333\u00a0", unknown + " -> 111122223333"},
		{"the letter O", "11112222333O", unknown + " -> 111122223330"},
		{"a number's fraction", "111122223333.0", unknown + " -> 111122223333"},
		{"a space after an ARN", "arn:aws:iam::111122223333:root ", unknown + " -> arn:aws:iam::111122223333:root"},
		{"hyphens in an ARN", "arn:aws:iam::1111-2222-3333:role/Sender", unknown + " -> arn:aws:iam::111122223333:role/Sender"},
		{"the lost zero in an ARN", "arn:aws:iam::12345678901:role/Sender", unknown},
		{"no account in an ARN", "arn:aws:iam:::role/Sender", unknown},

		{"ACCOUNT_ID", "arn:aws:iam::ACCOUNT_ID:root", placeholder},
		{"ACCOUNT_ID alone", "ACCOUNT_ID", placeholder},
		{"CloudFormation's pseudo parameter", "arn:aws:iam::${AWS::AccountId}:root", placeholder},
		{"and its partition", "arn:${AWS::Partition}:iam::111122223333:root", placeholder},
		{"angle brackets", "arn:aws:iam::<account>:root", placeholder},
		{"braces", "arn:aws:iam::{account}:root", placeholder},
		{"double braces", "arn:aws:iam::{{ id }}:role/Sender", placeholder},
		{"a shell variable", "arn:aws:iam::$ID:root", placeholder},
		{"a Terraform reference", "${aws_iam_role.sender.arn}", placeholder},
		{"YOUR-ACCOUNT", "arn:aws:iam::YOUR-ACCOUNT:user/John", placeholder},
		{"undefined", "arn:aws:iam::undefined:root", placeholder},
		{"null", "arn:aws:iam::null:root", placeholder},
		{"None", "None", placeholder},
		{"twelve X", "arn:aws:iam::XXXXXXXXXXXX:root", placeholder},
		{"another EXAMPLE", "arn:aws:iam::EXAMPLE12345:root", placeholder},
		{"a role's name", "arn:aws:iam::111122223333:role/<role-name>", placeholder},
		{"a policy variable", "arn:aws:iam::${aws:PrincipalAccount}:root", placeholder},
		{"a YAML tag", "!GetAtt Role.Arn", placeholder},

		{"a misspelt root", "arn:aws:iam::111122223333:rooot", unknown + " -> arn:aws:iam::111122223333:root"},
		{"root in capitals", "arn:aws:iam::111122223333:ROOT", unknown + " -> arn:aws:iam::111122223333:root"},
		{"users", "arn:aws:iam::111122223333:users/John", unknown + " -> arn:aws:iam::111122223333:user/John"},
		{"a colon before the name", "arn:aws:iam::111122223333:user:John", unknown + " -> arn:aws:iam::111122223333:user/John"},
		{"a user without a name", "arn:aws:iam::111122223333:user/", unknown},
		{"a role with spaces", "arn:aws:iam::111122223333:role/My Role", unknown},
		{"a group", "arn:aws:iam::111122223333:group/Senders", unknown},
		{"a policy", "arn:aws:iam::111122223333:policy/Send", unknown},
		{"a policy of AWS", "arn:aws:iam::aws:policy/AmazonSESFullAccess", unknown},
		{"an instance profile", "arn:aws:iam::111122223333:instance-profile/Web", unknown},
		{"an identity provider", "arn:aws:iam::111122223333:saml-provider/ADFS", unknown},
		{"a bucket", "arn:aws:s3:::bucket", unknown},
		{"a function", "arn:aws:lambda:us-east-1:111122223333:function:send", unknown},
		{"an identity", "arn:aws:ses:us-east-1:111122223333:identity/example.com", unknown},
		{"a session of iam", "arn:aws:iam::111122223333:assumed-role/Sender/i-1", unknown + " -> arn:aws:sts::111122223333:assumed-role/Sender/i-1"},
		{"a role of sts", "arn:aws:sts::111122223333:role/Sender", unknown + " -> arn:aws:iam::111122223333:role/Sender"},
		{"the root of sts", "arn:aws:sts::111122223333:root", unknown + " -> arn:aws:iam::111122223333:root"},
		{"a session without its name", "arn:aws:sts::111122223333:assumed-role/Sender", unknown},
		{"a path without role", "arn:aws:iam::111122223333:service-role/Sender", unknown + " -> arn:aws:iam::111122223333:role/service-role/Sender"},
		{"a Region", "arn:aws:iam:us-east-1:111122223333:role/Sender", unknown + " -> arn:aws:iam::111122223333:role/Sender"},
		{"China", "arn:aws-cn:iam::111122223333:root", unknown},
		{"GovCloud", "arn:aws-us-gov:iam::111122223333:role/Sender", unknown},
		{"no partition of AWS", "arn:gcp:iam::111122223333:root", unknown},
		{"ARN in capitals", "ARN:aws:iam::111122223333:root", unknown},
		{"an ARN cut short", "arn:aws:iam::111122223333", unknown},
		{"an organization", "o-a1b2c3d4e5", unknown},
		{"an organizational unit", "ou-ab12-11111111", unknown},
		{"an access key", "AKIAIOSFODNN7EXAMPLE", unknown},
		{"a group's id", "AGPAIOSFODNN7EXAMPLE", unknown},
		{"a service", "cognito-idp.amazonaws.com", unknown},
		{"the end of an ARN", "role/Sender", unknown},
		{"an address", "me@example.com", unknown},
	} {
		text := statement(fmt.Sprintf(`"Principal":{"AWS":%q}`, test.principal))
		if strings.Contains(test.principal, "\u00a0") {
			text = statement(`"Principal":{"AWS":"` + test.principal + `"}`)
		}
		for _, id := range []identity.Identity{example, {Name: "example.com"}} { // the Resource says the partition, too
			wantOne(t, test.reason, text, id, test.want, "/Statement/0/Principal/AWS")
		}
	}
}

// wantOne checks that a policy has the one warning, or no finding.
func wantOne(t *testing.T, reason, text string, id identity.Identity, want, path string) {
	t.Helper()
	var list []string
	if want != "" {
		rule, suggestion, _ := strings.Cut(want, " -> ")
		list = []string{"(" + rule + " " + path + ")"}
		if suggestion != "" {
			list[0] += " -> " + suggestion
		}
	}
	if diff := cmp.Diff(list, found(check(text, id))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", reason, diff)
	}
}

func TestServicePrincipals(t *testing.T) {
	const placeholder, unknown = "placeholder", "unknown-principal"
	for _, test := range []struct{ reason, principal, want string }{
		{"a service", "cognito-idp.amazonaws.com", ""},
		{"two labels", "email.cognito-idp.amazonaws.com", ""},
		{"a Region in it", "workmail.us-east-1.amazonaws.com", ""},
		{"China", "lambda.amazonaws.com.cn", ""},
		{"Europe", "lambda.amazonaws.eu", ""},
		{"an internal one", "s3.aws.internal", ""},
		{"Amazon's own", "alexa-connectedhome.amazon.com", ""},
		{"an isolated partition", "lambda.c2s.ic.gov", ""},
		{"a partition of tomorrow", "lambda.amazonaws.jp", ""},

		{"con", "cognito-idp.amazonaws.con", unknown + " -> cognito-idp.amazonaws.com"},
		{"co", "ses.amazonaws.co", unknown + " -> ses.amazonaws.com"},
		{"comm", "ses.amazonaws.comm", unknown + " -> ses.amazonaws.com"},
		{"no com", "pinpoint.amazonaws", unknown + " -> pinpoint.amazonaws.com"},
		{"cn without com", "ses.amazonaws.cn", unknown + " -> ses.amazonaws.com.cn"},
		{"letters swapped", "ses.amazonwas.com", unknown + " -> ses.amazonaws.com"},
		{"a letter missing", "ses.amazonws.com", unknown + " -> ses.amazonaws.com"},
		{"a dot too many", "ses.amazon.aws.com", unknown + " -> ses.amazonaws.com"},
		{"a hyphen for the dot", "ses-amazonaws.com", unknown + " -> ses.amazonaws.com"},
		{"a trailing slash", "cognito-idp.amazonaws.com/", unknown + " -> cognito-idp.amazonaws.com"},
		{"a trailing dot", "cognito-idp.amazonaws.com.", unknown + " -> cognito-idp.amazonaws.com"},
		{"a trailing space", "cognito-idp.amazonaws.com ", unknown + " -> cognito-idp.amazonaws.com"},
		{"a URL", "https://cognito-idp.amazonaws.com/", unknown + " -> cognito-idp.amazonaws.com"},
		{"another top-level domain", "ses.amazonaws.org", unknown},
		{"the name alone", "cognito-idp", unknown},
		{"a pattern", "*.amazonaws.com", unknown},
		{"an account", "111122223333", unknown},
		{"a role", "arn:aws:iam::111122223333:role/Sender", unknown},
		{"no domain at all", "example.com", unknown},
		{"a placeholder", "<service>.amazonaws.com", placeholder},
		{"CloudFormation's suffix", "ses.${AWS::URLSuffix}", placeholder},
	} {
		text := statement(`"Effect":"Deny"`, fmt.Sprintf(`"Principal":{"Service":%q}`, test.principal))
		wantOne(t, test.reason, text, example, test.want, "/Statement/0/Principal/Service")
	}
}

func TestOtherKindsOfPrincipals(t *testing.T) {
	for _, test := range []struct{ reason, kind, principal, want string }{
		{"a provider", "Federated", "arn:aws:iam::111122223333:oidc-provider/example.com", ""},
		{"a web identity", "Federated", "cognito-identity.amazonaws.com", ""},
		{"a provider in an account to be filled in", "Federated", "arn:aws:iam::${AWS::AccountId}:saml-provider/ADFS", "placeholder"},
		{"a canonical user", "CanonicalUser", strings.Repeat("0123456789abcdef", 4), ""},
		{"a canonical user to be filled in", "CanonicalUser", "<canonical id>", "placeholder"},
	} {
		text := statement(fmt.Sprintf(`"Principal":{%q:%q}`, test.kind, test.principal))
		wantOne(t, test.reason, text, example, test.want, "/Statement/0/Principal/"+test.kind)
	}
}

func TestPlaceholder(t *testing.T) {
	for text, want := range map[string]bool{
		"${AWS::AccountId}": true, "<account>": true, "{{account}}": true, "{account}": true, "[account]": true, "%ACCOUNT%": true,
		"ACCOUNT_ID": true, "YOUR-ACCOUNT": true, "undefined": true, "null": true, "None": true, "XXXXXXXXXXXX": true, "__ID__": true,
		"$(id)": true, "#{id}": true, "$ACCOUNT": true, "": false, "123456789012": false, "12345678901": false, "EXAMPLE65304": false,
		"${aws:PrincipalAccount}": false, "${aws:PrincipalTag/team}": false, "${aws:PrincipalTag/team, 'none'}": false, "${*}": false, "*": false,
	} {
		if got := policy.Placeholder(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}
