package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// An Effect in another case is a warning, and may be either.
func TestEffectCase(t *testing.T) {
	for effect, want := range map[string]string{
		"Allow": "", "Deny": "", "ALLOW": "effect-case -> Allow", "allow": "effect-case -> Allow", "aLLoW": "effect-case -> Allow",
		"DENY": "effect-case -> Deny", "deny": "effect-case -> Deny",
	} {
		wantOne(t, effect, statement(`"Effect":"`+effect+`"`), example, want, "/Statement/0/Effect")
	}
	for effect, want := range map[string]struct{ allow, deny bool }{
		`"Allow"`: {true, false}, `"Deny"`: {false, true}, `"ALLOW"`: {true, true}, `"deny"`: {true, true}, `"Permit"`: {true, true}, `7`: {true, true},
	} {
		p, _ := policy.Check(read1(statement(`"Effect":`+effect)), example)
		if s := p.Statements[0]; s.May(policy.Allow) != want.allow || s.May(policy.Deny) != want.deny {
			t.Errorf("%s: may allow %v, may deny %v", effect, s.May(policy.Allow), s.May(policy.Deny))
		}
	}
	// What an Allow or a Deny is warned of, one in another case is too.
	got := found(check(statement(`"Effect":"DENY"`, `"Action":"s3:GetObject"`), example))
	want := []string{"(effect-case /Statement/0/Effect) -> Deny", "(deny-nothing /Statement/0/Effect)", "(unknown-action /Statement/0/Action)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	const mismatch, placeholder, impossible = "resource-mismatch", "placeholder", "impossible-account"
	address, err := identity.Parse("Sales@EXAMPLE.com")
	if err != nil {
		t.Fatal(err)
	}
	owned := identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}.Of(address)
	for _, test := range []struct {
		reason   string
		id       identity.Identity
		resource string
		want     string // the rule
	}{
		{"the address", owned, "arn:aws:ses:us-east-1:123456789012:identity/Sales@EXAMPLE.com", ""},
		{"the address's domain in another case", owned, "arn:aws:ses:us-east-1:123456789012:identity/Sales@example.com", mismatch},
		{"the address's local part in another case", owned, "arn:aws:ses:us-east-1:123456789012:identity/sales@EXAMPLE.com", mismatch},
		{"the documented account", example, "arn:aws:ses:us-east-1:EXAMPLE65304:identity/example.com", ""},
		{"a policy variable for the account", example, "arn:aws:ses:us-east-1:${aws:ResourceAccount}:identity/example.com", ""},
		{"ACCOUNT_ID", example, "arn:aws:ses:us-east-1:ACCOUNT_ID:identity/example.com", placeholder},
		{"CloudFormation's pseudo parameter", example, "arn:aws:ses:us-east-1:${AWS::AccountId}:identity/example.com", placeholder},
		{"CloudFormation's Region", example, "arn:aws:ses:${AWS::Region}:123456789012:identity/example.com", placeholder},
		{"CloudFormation's partition", example, "arn:${AWS::Partition}:ses:us-east-1:123456789012:identity/example.com", placeholder},
		{"a Region in angle brackets", example, "arn:aws:ses:<region>:123456789012:identity/example.com", placeholder},
		{"REGION", example, "arn:aws:ses:REGION:123456789012:identity/example.com", placeholder},
		{"an account in angle brackets", example, "arn:aws:ses:us-east-1:<account>:identity/example.com", placeholder},
		{"an account in double braces", example, "arn:aws:ses:us-east-1:{{account}}:identity/example.com", placeholder},
		{"undefined", example, "arn:aws:ses:us-east-1:undefined:identity/example.com", placeholder},
		{"null", example, "arn:aws:ses:us-east-1:null:identity/example.com", placeholder},
		{"None", example, "arn:aws:ses:us-east-1:None:identity/example.com", placeholder},
		{"another EXAMPLE", example, "arn:aws:ses:us-east-1:EXAMPLE12345:identity/example.com", placeholder},
		{"a name to be filled in", example, "arn:aws:ses:us-east-1:123456789012:identity/${Domain}", placeholder},
		{"the lost zero", example, "arn:aws:ses:us-east-1:12345678901:identity/example.com", impossible},
		{"thirteen digits", example, "arn:aws:ses:us-east-1:1234567890123:identity/example.com", impossible},
		{"a trailing space", example, "arn:aws:ses:us-east-1:123456789012 :identity/example.com", impossible},
		{"the console's hyphens", example, "arn:aws:ses:us-east-1:1234-5678-9012:identity/example.com", impossible},
		{"a word", example, "arn:aws:ses:us-east-1:production:identity/example.com", impossible},
		{"no account, and the identity's is not known", identity.Identity{Name: "example.com"}, "arn:aws:ses:us-east-1::identity/example.com", impossible},
	} {
		for _, effect := range []string{"Allow", "Deny"} {
			got := check(statement(`"Effect":"`+effect+`"`, fmt.Sprintf(`"Resource":%q`, test.resource)), test.id)
			var rules []string
			for _, f := range got {
				if f.Rule != policy.RuleDenyNothing || test.want != mismatch {
					rules = append(rules, f.Rule)
				}
				if f.Suggestion != "" && f.Suggestion != test.id.ARN() {
					t.Errorf("%s: suggested %s", test.reason, f.Suggestion)
				}
			}
			if strings.Join(rules, " ") != test.want {
				t.Errorf("%s, %s: got %q, want %q", test.reason, effect, rules, test.want)
			}
		}
	}
	const meant = "arn:aws:ses:us-east-1:123456789012:identity/other.com" // without an identity the ARN itself is corrected
	got := found(check(statement(`"Resource":"arn:aws:ses:us-east-1:1234-5678-9012:identity/other.com"`), identity.Identity{}))
	if diff := cmp.Diff([]string{"(impossible-account /Statement/0/Resource) -> " + meant}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Documented keys and actions are no finding; a suggestion names nothing that
// may be another thing.
func TestKnown(t *testing.T) {
	for _, test := range []struct{ key, want string }{
		{"ses:MultiRegionEndpointId", ""},
		{"ses:ReplicaRegion", ""},
		{"ses:ExportSourceType", ""},
		{"ses:TenantName", ""},
		{"aws:ViaAWSMCPService", ""},
		{"aws:CalledViaAWSMCP", ""},
		{"aws:IsMcpServiceAction", ""},
		{"lambda:SourceFunctionArn", ""},
		{"ec2:SourceInstanceARN", ""},
		{"cognito-identity.amazonaws.com:sub", ""},
		{"oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub", ""},
		{"saml:aud", ""},
		{"AWS:CalledViaAWSMCP", "condition-key-case -> aws:CalledViaAWSMCP"},
		{"aws:ViaAWSAgentService", "unknown-condition-key"},
		{"aws:ViaService", "unknown-condition-key"},
		{"ses:ToAddress", "unknown-condition-key"},
		{"ses:Recipient", "unknown-condition-key -> ses:Recipients"},
		{"aws:SourceAcount", "unknown-condition-key -> aws:SourceAccount"},
		{"s3:prefix", "unknown-condition-key"},
	} {
		path := "/Statement/0/Condition/StringEquals/" + strings.ReplaceAll(test.key, "/", "~1")
		wantOne(t, test.key, statement(fmt.Sprintf(`"Condition":{"StringEquals":{%q:"x"}}`, test.key)), example, test.want, path)
	}
	for _, test := range []struct{ action, want string }{
		{"ses:ReplicateEmailIdentityDkimSigningKey", ""},
		{"ses:ReplicateEmailIdentityDKIMSigningKey", ""},
		{"ses:AssociateEmailIdentityCertificate", ""},
		{"ses:DeleteEmailIdentity", ""},
		{"ses:Put*Attributes", ""},
		{"ses:GetSendQuota", "unknown-action"},
		{"ses:CreateArchive", "unknown-action"},
		{"ses:Create*Template", "unknown-action"},
		{"ses:SendMail", "unknown-action -> ses:SendEmail"},
		{"ses:SendQuantumEmail", "unknown-action"},
		{"sesv2:SendEmail", "unknown-action -> ses:SendEmail"},
		{"sesv2:SendMail", "unknown-action"},
	} {
		wantOne(t, test.action, statement(`"Action":"`+test.action+`"`), example, test.want, "/Statement/0/Action")
	}
}

// A Deny is said to deny nothing only if no action of SES, today's or
// tomorrow's, can match.
func TestDenyNothing(t *testing.T) {
	for action, nothing := range map[string]bool{
		`"ses:ReplicateEmailIdentityDkimSigningKey"`: false,
		`"ses:TeleportEmail"`:                        false,
		`"SES:Teleport*"`:                            false,
		`"ses:Get?endQuota"`:                         false,
		`"s*:Teleport"`:                              false,
		`"ses*"`:                                     false,
		`"s?s*"`:                                     false,
		`"*x"`:                                       false,
		`"?es:X"`:                                    false,
		`"*es:Teleport"`:                             false,
		`["s3:GetObject","ses:Teleport"]`:            false,
		`["s3:GetObject","sns:*"]`:                   true,
		`"sesv2:SendEmail"`:                          true,
		`"se:*"`:                                     true,
		`"ec2*"`:                                     true,
		`"?s:SendEmail"`:                             true,
		`"ses2*"`:                                    true,
	} {
		got := found(check(statement(`"Effect":"Deny"`, `"Action":`+action), example))
		if has := strings.Contains(strings.Join(got, " "), policy.RuleDenyNothing); has != nothing {
			t.Errorf("%s: found %q", action, got)
		}
	}
}

// ForAllValues in an Allow is a warning only where an allowed action lacks the
// key and nothing requires it.
func TestForAllValues(t *testing.T) {
	const recipients = `"ForAllValues:StringLike":{"ses:Recipients":["*@example.com"]}`
	both := `"Action":["ses:SendEmail","ses:SendBulkEmail"]`
	for _, test := range []struct {
		reason, effect, action, condition string
		warned                            bool
	}{
		{"AWS's own example", "Allow", `"Action":["ses:SendEmail","ses:SendRawEmail"]`, recipients, false},
		{"one action that lacks it", "Allow", both, recipients, true},
		{"in another case", "ALLOW", both, `"ForAllValues:StringEquals":{"SES:recipients":"a@example.com"}`, true},
		{"a pattern that covers one", "Allow", `"Action":"ses:Send*"`, recipients, true},
		{"everything", "Allow", `"Action":"*"`, recipients, true},
		{"bounces", "Allow", `"Action":"ses:SendBounce"`, recipients, true},
		{"NotAction", "Allow", `"NotAction":"ses:SendBounce"`, recipients, true},
		{"NotAction without any left", "Allow", `"NotAction":"ses:*"`, recipients, false},
		{"IfExists", "Allow", both, `"ForAllValues:StringLikeIfExists":{"ses:Recipients":"*"}`, true},
		{"a negated operator", "Allow", both, `"ForAllValues:StringNotLike":{"ses:Recipients":"*"}`, true},
		{"another key", "Allow", `"Action":"ses:SendBulkEmail"`, `"ForAllValues:StringLike":{"ses:FromAddress":"*"}`, true},
		{"a Deny", "Deny", both, recipients, false},
		{"ForAnyValue", "Allow", both, `"ForAnyValue:StringLike":{"ses:Recipients":"*@example.com"}`, false},
		{"Null, false", "Allow", both, recipients + `,"Null":{"ses:Recipients":"false"}`, false},
		{"Null, false as a boolean, in another case", "Allow", both, recipients + `,"Null":{"ses:recipients":[false]}`, false},
		{"Null, true", "Allow", both, recipients + `,"Null":{"ses:Recipients":"true"}`, true},
		{"Null of another key that both have", "Allow", both, recipients + `,"Null":{"ses:TenantName":"false"}`, true},
		{"the key is required elsewhere", "Allow", both, recipients + `,"ForAnyValue:StringLike":{"ses:Recipients":"*"}`, false},
		{"another key is required that the action lacks", "Allow", both, recipients + `,"StringEquals":{"ses:FromAddress":"me@example.com"}`, false},
		{"another key is required if it exists", "Allow", both, recipients + `,"StringEqualsIfExists":{"ses:FromAddress":"me@example.com"}`, true},
		{"the API's version decides which calls there are", "Allow", both, recipients + `,"StringEquals":{"ses:ApiVersion":"1"}`, false},
		{"a global key", "Allow", both, `"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-a/*"}`, false},
		{"a key that is not listed", "Allow", both, `"ForAllValues:StringLike":{"ses:Colors":"red"}`, false},
		{"an action that is not listed", "Allow", `"Action":"ses:TeleportEmail"`, recipients, false},
	} {
		got := found(check(statement(`"Effect":"`+test.effect+`"`, `"Action":`, test.action, `"Condition":{`+test.condition+`}`), example))
		if warned := strings.Contains(strings.Join(got, " "), policy.RuleForAllValues); warned != test.warned {
			t.Errorf("%s: found %q", test.reason, got)
		}
	}
}
