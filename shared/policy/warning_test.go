package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

func TestWarnings(t *testing.T) {
	const at = "/Statement/0"
	const us = "arn:aws:ses:us-east-1:123456789012:identity/"
	condition := func(text string) string { return statement(`"Condition":` + text) }
	two := func(sid string) string {
		one := strings.TrimSuffix(strings.TrimPrefix(statement(`"Sid":"`+sid+`"`), `{"Version":"2012-10-17","Statement":[`), "]}")
		return `{"Statement":[` + one + "," + one + "]}"
	}
	for _, test := range []struct {
		reason, policy string
		want           []string
	}{
		{"nothing to say", statement(), nil},
		{"the other Version", strings.Replace(statement(), "2012", "2008", 1), nil},
		{"another Version", strings.Replace(statement(), "2012", "2013", 1), []string{"(unknown-version /Version)"}},
		{"an unquoted Version", strings.Replace(statement(), `"2012-10-17"`, "20121017", 1), []string{`(unquoted-value /Version) -> "20121017"`}},
		{"Version is null", strings.Replace(statement(), `"2012-10-17"`, "null", 1), []string{"(null-element /Version)"}},
		{"Id is null", `{"Id":null,` + statement()[1:], []string{"(null-element /Id)"}},
		{"Sid is null", statement(`"Sid":null`), []string{"(null-element " + at + "/Sid)"}},
		{"Condition is null", statement(`"Condition":null`), []string{"(null-element " + at + "/Condition)"}},
		{"another word for an element", statement(`"Source":"x"`), []string{"(unknown-element " + at + "/Source)"}},
		{"a member of no meaning", statement(`"Comment":"hello"`), []string{"(unknown-element " + at + "/Comment)"}},
		{"an element one level up", `{"Effect":"Allow",` + statement()[1:], []string{"(unknown-element /Effect)"}},
		{"an element one level down", statement(`"Id":"x"`), []string{"(unknown-element " + at + "/Id)"}},
		{"an unquoted Sid", statement(`"Sid":1`), []string{`(unquoted-value ` + at + `/Sid) -> "1"`}},
		{"a Sid twice", two("a"), []string{"(duplicate-sid /Statement/1/Sid)"}},
		{"an empty Sid twice", two(""), nil},

		{"an unquoted principal", statement(`"Principal":{"AWS":123456789012}`), []string{`(unquoted-value ` + at + `/Principal/AWS) -> "123456789012"`}},
		{"an account that lost its zero", statement(`"Principal":{"AWS":12345678901}`), []string{`(unquoted-value ` + at + `/Principal/AWS) -> "012345678901"`}},
		{"a number that is no account", statement(`"Principal":{"AWS":[1.11122223333e11,1234567890,true]}`), []string{`(unquoted-value ` + at + `/Principal/AWS/0)`, `(unquoted-value ` + at + `/Principal/AWS/1)`, `(unquoted-value ` + at + `/Principal/AWS/2)`}},
		{"an account of eleven digits", statement(`"Principal":{"AWS":["12345678901"]}`), []string{"(unknown-principal " + at + "/Principal/AWS/0)"}},
		{"a user without an ARN", statement(`"Principal":{"AWS":"user/John"}`), []string{"(unknown-principal " + at + "/Principal/AWS)"}},
		{"an ARN of no account", statement(`"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}`), nil},
		{"a unique id", statement(`"Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`), nil},
		{"a canonical user", statement(`"Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`), nil},
		{"a kind of principal that is none", statement(`"Principal":{"*":"*"}`), []string{"(unknown-principal " + at + "/Principal/*)"}},
		{"nobody in one of two", `{"Statement":[` + statement(`"Principal":{}`)[len(`{"Version":"2012-10-17","Statement":[`):len(statement(`"Principal":{}`))-2] + `,` + statement()[len(`{"Version":"2012-10-17","Statement":[`):], []string{"(empty-element " + at + "/Principal)"}},
		{"a pattern of another kind", statement(`"Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/*"}`), nil},
		{"a service for anybody", statement(`"Principal":{"Service":"ses.amazonaws.com"}`), []string{"(service-without-source " + at + "/Principal/Service)"}},
		{"a service for an account", statement(`"Principal":{"Service":["ses.amazonaws.com"]}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}`), nil},
		{"a service for an ARN", statement(`"Principal":{"Service":"ses.amazonaws.com"}`, `"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:123456789012:userpool/*"}}`), nil},
		{"a service for any ARN", statement(`"Principal":{"Service":"ses.amazonaws.com"}`, `"Condition":{"ArnLike":{"aws:SourceArn":"*"}}`), []string{"(service-without-source " + at + "/Principal/Service)"}},
		{"a service in doubt", statement(`"Principal":{"Service":"ses.amazonaws.com"}`, `"Condition":{"StringLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:123456789012:userpool/*"}}`), nil},
		{"a service that may not", statement(`"Principal":{"Service":"ses.amazonaws.com"}`, `"Effect":"Deny"`), nil},
		{"a service of another partition", statement(`"Effect":"Deny"`, `"Principal":{"Service":"lambda.amazonaws.com.cn"}`), nil},
		{"no service's name", statement(`"Effect":"Deny"`, `"Principal":{"Service":"lambda"}`), []string{"(unknown-principal " + at + "/Principal/Service)"}},
		{"NotPrincipal in an Allow", statement(`"Principal":`, `"NotPrincipal":{"AWS":"123456789012"}`), []string{"(undocumented-element " + at + "/NotPrincipal)", "(allow-not-principal " + at + "/NotPrincipal)"}},

		{"an action of odd case", statement(`"Action":["sEs:sendemail","SES:SENDRAWEMAIL"]`), nil},
		{"wildcards in actions", statement(`"Action":["ses:*","ses:Send*","*","ses:Send?mail","s*s:*Email"]`), nil},
		{"a wildcard for the colon", statement(`"Action":["**","s?s*","ses?SendEmail"]`), nil},
		{"a wildcard for another service's colon", statement(`"Action":"ec2*"`), []string{"(unknown-action " + at + "/Action)"}},
		{"a misspelt action", statement(`"Action":"ses:SendMail"`), []string{"(unknown-action " + at + "/Action) -> ses:SendEmail"}},
		{"an action of tomorrow", statement(`"Action":"ses:TeleportEmailToMars"`), []string{"(unknown-action " + at + "/Action)"}},
		{"a pattern of no action", statement(`"Action":"ses:Teleport*"`), []string{"(unknown-action " + at + "/Action)"}},
		{"an action of another service", statement(`"Action":"s3:GetObject"`), []string{"(unknown-action " + at + "/Action)"}},
		{"the right action of another service", statement(`"Action":"email:sendemail"`), []string{"(unknown-action " + at + "/Action) -> ses:SendEmail"}},
		{"no action", statement(`"Action":[]`), []string{"(empty-element " + at + "/Action)"}},
		{"NotAction", statement(`"Action":`, `"NotAction":"ses:SendEmail"`), []string{"(undocumented-element " + at + "/NotAction)"}},

		{"no resource", statement(`"Resource":[]`), []string{"(empty-element " + at + "/Resource)"}},
		{"any resource", statement(`"Resource":"*"`), []string{"(resource-pattern " + at + "/Resource) -> " + example.ARN()}},
		{"any identity", statement(`"Resource":["` + us + `*"]`), []string{"(resource-pattern " + at + "/Resource/0) -> " + example.ARN()}},
		{"another identity", statement(`"Resource":"` + us + `other.com"`), []string{"(resource-mismatch " + at + "/Resource) -> " + example.ARN()}},
		{"another Region", statement(`"Resource":"arn:aws:ses:eu-west-1:123456789012:identity/example.com"`), []string{"(resource-mismatch " + at + "/Resource) -> " + example.ARN()}},
		{"another service", statement(`"Resource":"arn:aws:s3:::bucket/*"`), []string{"(resource-mismatch " + at + "/Resource)"}},
		{"another kind of resource beside it", statement(`"Resource":["` + us + `example.com","arn:aws:ses:us-east-1:123456789012:configuration-set/x"]`), []string{"(resource-mismatch " + at + "/Resource/1)"}},
		{"the documented example", statement(`"Resource":"arn:aws:ses:us-east-1:EXAMPLE65304:identity/example.com"`), nil},
		{"the domain in capitals", statement(`"Resource":"` + us + `EXAMPLE.COM"`), nil},

		{"an empty Condition", condition(`{}`), nil},
		{"numbers and booleans", condition(`{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"aws:MultiFactorAuthAge":300}}`), nil},
		{"a tag", condition(`{"StringEquals":{"aws:PrincipalTag/team":"a","aws:ResourceTag/Team":["b"]}}`), nil},
		{"sets and IfExists", condition(`{"ForAnyValue:StringLikeIfExists":{"ses:Recipients":["*@example.com"]},"ForAllValues:StringLike":{"ses:Recipients":"*"}}`), nil},
		{"an operator in lower case", condition(`{"stringequals":{"ses:FromAddress":"a"}}`), []string{"(unknown-operator " + at + "/Condition/stringequals) -> StringEquals"}},
		{"a misspelt operator", condition(`{"ForAnyValue:StringEqual":{"ses:FromAddress":"a"}}`), []string{"(unknown-operator " + at + "/Condition/ForAnyValue:StringEqual) -> ForAnyValue:StringEquals"}},
		{"an operator that is none", condition(`{"x":{}}`), []string{"(unknown-operator " + at + "/Condition/x)"}},
		{"a set that is none", condition(`{"ForEveryValue:StringEquals":{}}`), []string{"(unknown-operator " + at + "/Condition/ForEveryValue:StringEquals)"}},
		{"Null and IfExists", condition(`{"NullIfExists":{"ses:FeedbackAddress":"true"}}`), []string{"(unknown-operator " + at + "/Condition/NullIfExists) -> Null"}},
		{"a key in capitals", condition(`{"StringEquals":{"AWS:SourceAccount":"123456789012"}}`), []string{"(condition-key-case " + at + "/Condition/StringEquals/AWS:SourceAccount) -> aws:SourceAccount"}},
		{"a tag key in capitals", condition(`{"StringEquals":{"aws:principaltag/Team":"a"}}`), []string{"(condition-key-case " + at + "/Condition/StringEquals/aws:principaltag~1Team) -> aws:PrincipalTag/Team"}},
		{"a misspelt key", condition(`{"StringEquals":{"ses:FromAdress":"a"}}`), []string{"(unknown-condition-key " + at + "/Condition/StringEquals/ses:FromAdress) -> ses:FromAddress"}},
		{"a key that is none", condition(`{"StringEquals":{"ses:Subject":"a"}}`), []string{"(unknown-condition-key " + at + "/Condition/StringEquals/ses:Subject)"}},
		{"a key in two cases", condition(`{"StringEquals":{"aws:SourceIp":"a","aws:sourceip":"b"}}`), []string{"(duplicate-condition-key " + at + "/Condition/StringEquals/aws:sourceip)", "(condition-key-case " + at + "/Condition/StringEquals/aws:sourceip) -> aws:SourceIp"}},
		{"a key twice in one case", condition(`{"StringEquals":{"aws:SourceIp":"a","aws:SourceIp":"b"}}`), []string{"duplicate-member " + at + "/Condition/StringEquals/aws:SourceIp"}},
		{"no value", condition(`{"StringEquals":{"aws:SourceIp":[]}}`), []string{"(empty-element " + at + "/Condition/StringEquals/aws:SourceIp)"}},
		{"a date without seconds", condition(`{"DateGreaterThan":{"aws:CurrentTime":["2021-08-31T12:00Z","2021-08-31","1630411200","2021-08-31T12:00:00.5+02:00"]}}`), nil},
		{"a date that is none", condition(`{"DateGreaterThan":{"aws:CurrentTime":["31.8.2021","2021-13-01"]}}`), []string{"(unparsable-date " + at + "/Condition/DateGreaterThan/aws:CurrentTime/0)", "(unparsable-date " + at + "/Condition/DateGreaterThan/aws:CurrentTime/1)"}},
		{"a boolean that is none", condition(`{"Bool":{"aws:SecureTransport":"yes"}}`), []string{"(condition-value " + at + "/Condition/Bool/aws:SecureTransport)"}},
		{"a number that is none", condition(`{"NumericEquals":{"aws:EpochTime":"soon"}}`), []string{"(condition-value " + at + "/Condition/NumericEquals/aws:EpochTime)"}},
		{"numbers of programs", condition(`{"NumericLessThan":{"aws:MultiFactorAuthAge":["1.5e3","-2","NaN"]},"NumericEquals":{"aws:EpochTime":["0x10","Inf"]}}`), []string{
			"(condition-value " + at + "/Condition/NumericLessThan/aws:MultiFactorAuthAge/2)",
			"(condition-value " + at + "/Condition/NumericEquals/aws:EpochTime/0)", "(condition-value " + at + "/Condition/NumericEquals/aws:EpochTime/1)"}},
		{"an address that is none", condition(`{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:DB8::/32","::1","home"]}}`), []string{"(condition-value " + at + "/Condition/NotIpAddress/aws:SourceIp/3)"}},
		{"a policy variable", condition(`{"IpAddress":{"aws:SourceIp":"${aws:SourceIp}"}}`), nil},

		{"a Deny that excepts everyone", statement(`"Effect":"Deny"`, `"Principal":`, `"NotPrincipal":"*"`), []string{"(deny-nothing " + at + "/Effect)", "(undocumented-element " + at + "/NotPrincipal)"}},
		{"a Deny that excepts every action", statement(`"Effect":"Deny"`, `"Action":`, `"NotAction":["SES:*"]`), []string{"(deny-nothing " + at + "/Effect)", "(undocumented-element " + at + "/NotAction)"}},
		{"a Deny that excepts everything", statement(`"Effect":"Deny"`, `"Action":`, `"NotAction":"**"`), []string{"(deny-nothing " + at + "/Effect)", "(undocumented-element " + at + "/NotAction)"}},
		{"a Deny of nothing of SES", statement(`"Effect":"Deny"`, `"Action":["s3:*"]`), []string{"(deny-nothing " + at + "/Effect)", "(unknown-action " + at + "/Action/0)"}},
		{"a Deny on another identity", statement(`"Effect":"Deny"`, `"Resource":"`+us+`other.com"`), []string{"(deny-nothing " + at + "/Effect)", "(resource-mismatch " + at + "/Resource) -> " + example.ARN()}},
		{"a Deny that excepts the identity", statement(`"Effect":"Deny"`, `"Resource":`, `"NotResource":"`+us+`example.com"`), []string{"(deny-nothing " + at + "/Effect)", "(undocumented-element " + at + "/NotResource)"}},
		{"a Deny of everything", statement(`"Effect":"Deny"`, `"Principal":"*"`, `"Action":"*"`), nil},
	} {
		if diff := cmp.Diff(test.want, found(check(test.policy, example))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
	}
}

// Without an identity, only the form and the account of resources are checked.
func TestIdentityNotKnown(t *testing.T) {
	for text, want := range map[string][]string{
		statement(`"Resource":"arn:aws:ses:eu-west-1:111122223333:identity/other.com"`, `"Effect":"Deny"`): nil,
		statement(`"Resource":"other.com"`):                                        {"resource-form /Statement/0/Resource"},
		statement(`"Resource":"arn:aws:ses:eu-west-1:ACCOUNT:identity/other.com"`): {"(placeholder /Statement/0/Resource)"},
		statement(`"Resource":"arn:aws:ses:eu-west-1:1:identity/other.com"`):       {"(impossible-account /Statement/0/Resource)"},
	} {
		if diff := cmp.Diff(want, found(check(text, identity.Identity{}))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestNameAndSize(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "A-z_09": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "ä": false, "a/b": false, "a.b": false, "a\n": false,
	} {
		if policy.ValidName(name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
	for spaces, tooLarge := range map[int]bool{0: false, 5000: false} {
		text := statement(`"Sid":"`+strings.Repeat("x", policy.MaxSize-len(statement(`"Sid":""`)))+`"`) + strings.Repeat(" ", spaces)
		doc, _ := document.Read([]byte(text))
		if _, got := policy.CheckSize(doc.Root(), doc.Root().Minified()); got != tooLarge {
			t.Errorf("%d bytes minified with %d spaces: got %v", policy.MaxSize, spaces, got)
		}
	}
	doc, _ := document.Read([]byte(`"` + strings.Repeat("x", policy.MaxSize-1) + `"`))
	if f, got := policy.CheckSize(doc.Root(), doc.Root().Minified()); !got || f.Rule != policy.RulePolicySize {
		t.Errorf("%d bytes: got %v, %s", policy.MaxSize+1, got, f.Rule)
	}
}
