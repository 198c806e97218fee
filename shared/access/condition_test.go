package access_test

import (
	"testing"

	"sespolicy/shared/access"
)

// The documentation that the cases are from.
const (
	iamOperators = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	iamIfExists  = iamOperators + "#Conditions_IfExists"
	iamNull      = iamOperators + "#Conditions_Null"
	iamMulti     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
	iamMultiEx   = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html"
	iamAnd       = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html"
	iamVariables = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"
	iamKeys      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
)

// TestConditions evaluates conditions: Allowed where one holds, NotAllowed
// where it does not, Unknown where that is open.
func TestConditions(t *testing.T) {
	type c = access.Context
	const yes, no, open = access.Allowed, access.NotAllowed, access.Unknown
	const tags, env = "aws:TagKeys", "aws:PrincipalTag/env"
	absent := []string(nil)
	for _, test := range []struct {
		reason, link, condition string
		context                 c
		want                    access.Answer
	}{
		{"a string that is equal", iamOperators, `"StringEquals":{"aws:PrincipalTag/env":"prod"}`, c{env: {"prod"}}, yes},
		{"a string in another case", iamOperators, `"StringEquals":{"aws:PrincipalTag/env":"prod"}`, c{env: {"Prod"}}, no},
		{"a string that the request lacks", iamOperators, `"StringEquals":{"aws:PrincipalTag/env":"prod"}`, c{env: absent}, no},
		{"a string that is not known", iamOperators, `"StringEquals":{"aws:PrincipalTag/env":"prod"}`, nil, open},
		{"the case of a key does not count", iamVariables, `"StringEquals":{"AWS:principaltag/ENV":"prod"}`, c{env: {"prod"}}, yes},
		{"a wildcard is none in StringEquals", iamOperators, `"StringEquals":{"aws:PrincipalTag/env":"pro*"}`, c{env: {"prod"}}, no},
		{"one of several values", iamAnd, `"StringEquals":{"aws:PrincipalTag/env":["test","prod"]}`, c{env: {"prod"}}, yes},
		{"not equal", iamOperators, `"StringNotEquals":{"aws:PrincipalTag/env":"prod"}`, c{env: {"test"}}, yes},
		{"not equal to none of several", iamAnd, `"StringNotEquals":{"aws:PrincipalTag/env":["test","prod"]}`, c{env: {"prod"}}, no},
		{"a negated operator holds without the key", iamOperators, `"StringNotEquals":{"aws:PrincipalTag/env":"prod"}`, c{env: absent}, yes},
		{"ignoring case", iamOperators, `"StringEqualsIgnoreCase":{"aws:PrincipalTag/env":"PROD"}`, c{env: {"prod"}}, yes},
		{"not equal, ignoring case", iamOperators, `"StringNotEqualsIgnoreCase":{"aws:PrincipalTag/env":"PROD"}`, c{env: {"prod"}}, no},
		{"like, with a star", iamOperators, `"StringLike":{"aws:PrincipalTag/env":"p*d"}`, c{env: {"prod"}}, yes},
		{"like, with a question mark", iamOperators, `"StringLike":{"aws:PrincipalTag/env":"pro?"}`, c{env: {"pro"}}, no},
		{"not like", iamOperators, `"StringNotLike":{"aws:PrincipalTag/env":"p*"}`, c{env: {"prod"}}, no},
		{"two keys of one operator", iamAnd, `"StringEquals":{"aws:PrincipalTag/env":"prod","ses:TenantName":"a"}`, c{env: {"prod"}, "ses:TenantName": {"b"}}, no},
		{"a false condition decides though another is unknown", iamAnd, `"StringEquals":{"aws:PrincipalTag/env":"prod"},"Bool":{"aws:SecureTransport":"true"}`, c{"aws:SecureTransport": {"false"}}, no},
		{"an unknown condition keeps a true one open", iamAnd, `"StringEquals":{"aws:PrincipalTag/env":"prod"},"Bool":{"aws:SecureTransport":"true"}`, c{"aws:SecureTransport": {"true"}}, open},

		{"a number", iamOperators, `"NumericLessThanEquals":{"aws:MultiFactorAuthAge":"10"}`, c{"aws:MultiFactorAuthAge": {"10"}}, yes},
		{"a number as JSON has it", iamOperators, `"NumericLessThan":{"aws:MultiFactorAuthAge":3600}`, c{"aws:MultiFactorAuthAge": {"3599.5"}}, yes},
		{"decimals are compared as numbers", iamOperators, `"NumericEquals":{"aws:MultiFactorAuthAge":"10.0"}`, c{"aws:MultiFactorAuthAge": {"10"}}, yes},
		{"more than", iamOperators, `"NumericGreaterThan":{"aws:MultiFactorAuthAge":"9"}`, c{"aws:MultiFactorAuthAge": {"10"}}, yes},
		{"at least", iamOperators, `"NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":"11"}`, c{"aws:MultiFactorAuthAge": {"10"}}, no},
		{"another number", iamOperators, `"NumericNotEquals":{"aws:MultiFactorAuthAge":"10"}`, c{"aws:MultiFactorAuthAge": absent}, yes},
		{"no number", iamOperators, `"NumericEquals":{"aws:MultiFactorAuthAge":"ten"}`, c{"aws:MultiFactorAuthAge": {"10"}}, open},

		{"a date with seconds", iamOperators, `"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:01Z"}`, c{"aws:CurrentTime": {"2020-01-01T00:00:01Z"}}, no},
		{"a date in seconds since 1970", iamOperators, `"DateLessThan":{"aws:CurrentTime":"1577836801"}`, c{"aws:CurrentTime": {"2020-01-01T00:00:00Z"}}, yes},
		{"a date with an offset", iamOperators, `"DateEquals":{"aws:CurrentTime":"2020-01-01T01:00:00+01:00"}`, c{"aws:EpochTime": {"1577836800"}, "aws:CurrentTime": {"2020-01-01T00:00:00Z"}}, yes},
		{"a day", iamOperators, `"DateGreaterThanEquals":{"aws:CurrentTime":"2020-01-01"}`, c{"aws:CurrentTime": {"2020-01-01T00:00:00Z"}}, yes},
		{"another date, with no date", iamOperators, `"DateNotEquals":{"aws:TokenIssueTime":"2020-01-01"}`, c{"aws:TokenIssueTime": absent}, yes},
		{"before, with no date", iamOperators, `"DateLessThan":{"aws:TokenIssueTime":"2020-01-01"}`, c{"aws:TokenIssueTime": absent}, no},
		{"a wildcard in a date", iamOperators, `"DateLessThanEquals":{"aws:CurrentTime":"2020-*"}`, c{"aws:CurrentTime": {"2020-01-01T00:00:00Z"}}, open},

		{"a boolean", iamOperators, `"Bool":{"aws:SecureTransport":"false"}`, c{"aws:SecureTransport": {"false"}}, yes},
		{"another boolean", iamOperators, `"Bool":{"aws:SecureTransport":"false"}`, c{"aws:SecureTransport": {"true"}}, no},
		{"no boolean in the request", iamOperators, `"Bool":{"aws:SecureTransport":"false"}`, c{"aws:SecureTransport": absent}, no},
		{"a boolean as JSON has it", iamOperators, `"Bool":{"aws:SecureTransport":true}`, c{"aws:SecureTransport": {"True"}}, yes},

		{"binary", iamOperators, `"BinaryEquals":{"key":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}`, c{"key": {"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}, yes},
		{"other bytes", iamOperators, `"BinaryEquals":{"key":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}`, c{"key": {"ASIAIOSFODNN7EXAMPLE"}}, no},
		{"no bytes", iamOperators, `"BinaryEquals":{"key":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}`, c{"key": absent}, no},

		{"an address of the range", iamOperators, `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, c{"aws:SourceIp": {"203.0.113.1"}}, yes},
		{"an address outside of it", iamOperators, `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, c{"aws:SourceIp": {"198.51.100.1"}}, no},
		{"through a VPC endpoint there is no address", iamOperators, `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, c{"aws:SourceIp": absent}, no},
		{"IPv6", iamOperators, `"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:DB8:1234:5678::/64"]}`, c{"aws:SourceIp": {"2001:db8:1234:5678::9"}}, yes},
		{"one address", iamOperators, `"IpAddress":{"aws:SourceIp":"203.0.113.1"}`, c{"aws:SourceIp": {"203.0.113.2"}}, no},
		{"not an address of the range", iamOperators, `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, c{"aws:SourceIp": {"203.0.113.1"}}, no},
		{"no range", iamOperators, `"IpAddress":{"aws:SourceIp":"203.0.113.0-255"}`, c{"aws:SourceIp": {"203.0.113.1"}}, open},

		{"an ARN", iamOperators, `"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}`, c{"aws:SourceArn": {"arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}, yes},
		{"an ARN of another account", iamOperators, `"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}`, c{"aws:SourceArn": {"arn:aws:sns:us-west-2:777788889999:TOPIC-ID"}}, no},
		{"a principal that calls itself has no source", iamOperators, `"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}`, nil, no},
		{"ArnEquals takes wildcards", iamOperators, `"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:123456789012:TOPIC-??"}`, c{"aws:SourceArn": {"arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}, yes},
		{"a wildcard of ArnLike ends at the colon", iamOperators, `"ArnLike":{"key":"arn:aws:someservice:*:111122223333:finance/*"}`, c{"key": {"arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"}}, no},
		{"one of StringLike does not", iamOperators, `"StringLike":{"key":"arn:aws:someservice:*:111122223333:finance/*"}`, c{"key": {"arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"}}, yes},
		{"the last component may have colons", iamOperators, `"ArnLike":{"key":"arn:aws:logs:*:111122223333:log-group:*"}`, c{"key": {"arn:aws:logs:us-east-2:111122223333:log-group:a:*"}}, yes},
		{"not like an ARN, without the key", iamOperators, `"ArnNotLike":{"key":"arn:aws:sns:*:*:*"}`, c{"key": absent}, yes},

		{"IfExists with the key", iamIfExists, `"StringLikeIfExists":{"ses:TenantName":["t1.*","t2.*"]}`, c{"ses:TenantName": {"t1.micro"}}, yes},
		{"IfExists with another value", iamIfExists, `"StringLikeIfExists":{"ses:TenantName":["t1.*","t2.*"]}`, c{"ses:TenantName": {"m2.micro"}}, no},
		{"IfExists without the key", iamIfExists, `"StringLikeIfExists":{"ses:TenantName":["t1.*","t2.*"]}`, c{"ses:TenantName": absent}, yes},
		{"a negated IfExists without the key", iamIfExists, `"StringNotEqualsIfExists":{"ses:TenantName":"a"}`, c{"ses:TenantName": absent}, yes},
		{"Null takes no IfExists", iamIfExists, `"NullIfExists":{"ses:TenantName":"true"}`, c{"ses:TenantName": absent}, open},
		{"Null true without the key", iamNull, `"Null":{"aws:TokenIssueTime":"true"}`, c{"aws:TokenIssueTime": absent}, yes},
		{"Null true with the key", iamNull, `"Null":{"aws:TokenIssueTime":"true"}`, c{"aws:TokenIssueTime": {"2020-01-01T00:00:00Z"}}, no},
		{"Null false with the key", iamNull, `"Null":{"aws:TokenIssueTime":false}`, c{"aws:TokenIssueTime": {"2020-01-01T00:00:00Z"}}, yes},
		{"Null without knowing", iamNull, `"Null":{"aws:TokenIssueTime":"true"}`, nil, open},

		{"all values match", iamMulti, `"ForAllValues:StringEquals":{"aws:TagKeys":["environment","cost-center"]}`, c{tags: {"environment", "cost-center"}}, yes},
		{"one of all does not", iamMulti, `"ForAllValues:StringEquals":{"aws:TagKeys":["environment","cost-center"]}`, c{tags: {"environment", "dept"}}, no},
		{"ForAllValues and Null without the key", iamMulti, `"ForAllValues:StringEquals":{"aws:TagKeys":["environment","cost-center"]},"Null":{"aws:TagKeys":"false"}`, c{tags: absent}, no},
		{"ForAllValues and Null with the key", iamMulti, `"ForAllValues:StringEquals":{"aws:TagKeys":["environment","cost-center"]},"Null":{"aws:TagKeys":"false"}`, c{tags: {"cost-center"}}, yes},
		{"ForAllValues with an empty data set", iamOperators, `"ForAllValues:StringEquals":{"aws:TagKeys":"environment"}`, c{tags: {""}}, yes},
		{"ForAllValues, negated: one matches", iamMultiEx, `"ForAllValues:StringNotLike":{"aws:TagKeys":"key1*"}`, c{tags: {"key1:legal"}}, no},
		{"ForAllValues, negated: none matches", iamMultiEx, `"ForAllValues:StringNotLike":{"aws:TagKeys":["key1*"]}`, c{tags: {"key2:audit"}}, yes},
		{"ForAllValues, negated, without the key", iamMultiEx, `"ForAllValues:StringNotLike":{"aws:TagKeys":"key1*"}`, c{tags: absent}, yes},
		{"any value matches", iamMulti, `"ForAnyValue:StringEquals":{"aws:TagKeys":["environment","cost-center"]}`, c{tags: {"environment", "dept"}}, yes},
		{"no value matches", iamMulti, `"ForAnyValue:StringEquals":{"aws:TagKeys":["environment","cost-center"]}`, c{tags: {"dept"}}, no},
		{"ForAnyValue without the key", iamMulti, `"ForAnyValue:StringEquals":{"aws:TagKeys":["environment","cost-center"]}`, c{tags: absent}, no},
		{"ForAnyValue, negated, without the key", iamMulti, `"ForAnyValue:StringNotEquals":{"aws:TagKeys":"dept"}`, c{tags: absent}, no},
		{"ForAnyValue, negated: one is another", iamOperators, `"ForAnyValue:StringNotEquals":{"aws:TagKeys":"dept"}`, c{tags: {"dept", "team"}}, yes},
		{"ForAnyValue with IfExists without the key", iamMulti, `"ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":"dept"}`, c{tags: absent}, open},
		{"several values want a set operator", iamMulti, `"StringEquals":{"aws:TagKeys":"dept"}`, c{tags: {"dept", "team"}}, open},
		{"several values that all match", iamMulti, `"StringLike":{"aws:TagKeys":"*"}`, c{tags: {"dept", "team"}}, yes},

		{"a variable", iamVariables, `"StringLike":{"ses:FromAddress":"${aws:username}@*"}`, c{"ses:FromAddress": {"Anna@example.com"}}, yes},
		{"a variable with another value", iamVariables, `"StringLike":{"ses:FromAddress":"${aws:username}@*"}`, c{"ses:FromAddress": {"Bob@example.com"}}, no},
		{"a variable that is not known", iamVariables, `"StringEquals":{"ses:FromAddress":"${aws:PrincipalTag/env}"}`, c{"ses:FromAddress": {"Bob@example.com"}}, open},
		{"a variable without a value", iamVariables, `"StringEquals":{"ses:FromAddress":"${aws:PrincipalTag/env}"}`, c{"ses:FromAddress": {"a"}, env: absent}, no},
		{"a variable without a value, negated", iamVariables, `"StringNotEquals":{"ses:FromAddress":"${aws:PrincipalTag/env}"}`, c{"ses:FromAddress": {"a"}, env: absent}, open},
		{"a default", iamVariables, `"StringEquals":{"ses:FromAddress":"${aws:PrincipalTag/env, 'none'}@example.com"}`, c{"ses:FromAddress": {"none@example.com"}, env: absent}, yes},
		{"a default that is not needed", iamVariables, `"StringEquals":{"ses:FromAddress":"${aws:PrincipalTag/env, 'none'}@example.com"}`, c{"ses:FromAddress": {"prod@example.com"}, env: {"prod"}}, yes},
		{"several values make no variable", iamMulti, `"StringEquals":{"ses:FromAddress":"${aws:TagKeys}"}`, c{"ses:FromAddress": {"a"}, tags: {"a", "b"}}, no},
		{"several values and a default", iamMulti, `"StringEqualsIfExists":{"ses:FromAddress":"${aws:TagKeys, 'a'}"}`, c{"ses:FromAddress": absent, tags: {"a", "b"}}, yes},
		{"a literal star", iamVariables, `"StringLike":{"ses:FromDisplayName":"${*}*"}`, c{"ses:FromDisplayName": {"new"}}, no},
		{"a literal question mark", iamVariables, `"StringLike":{"ses:FromDisplayName":"new${?}"}`, c{"ses:FromDisplayName": {"new?"}}, yes},
		{"a literal dollar", iamVariables, `"StringEquals":{"ses:FromDisplayName":"${$}{x}"}`, c{"ses:FromDisplayName": {"${x}"}}, yes},
		{"a variable in a boolean", iamOperators, `"Bool":{"aws:SecureTransport":"${aws:PrincipalTag/env}"}`, c{"aws:SecureTransport": {"true"}, env: {"true"}}, yes},
		{"no variable in a number", iamOperators, `"NumericEquals":{"aws:EpochTime":"${aws:EpochTime}"}`, c{"aws:EpochTime": {"1"}}, open},

		{"the account of the principal", iamKeys, `"StringEquals":{"aws:PrincipalAccount":"123456789012"}`, nil, yes},
		{"the principal's ARN", iamKeys, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/*"}`, nil, yes},
		{"the account of the resource", iamKeys, `"StringEquals":{"aws:ResourceAccount":"888888888888"}`, nil, yes},
		{"a user is no service", iamKeys, `"Bool":{"aws:PrincipalIsAWSService":"true"}`, nil, no},
		{"the type of the principal", iamVariables, `"StringEquals":{"aws:PrincipalType":"User"}`, nil, yes},
		{"an operator that IAM does not have", iamOperators, `"StringMatches":{"key":"a"}`, c{"key": {"a"}}, open},
		{"a negation that IAM does not have", iamOperators, `"NumericNotLessThan":{"key":"1"}`, c{"key": {"2"}}, open},
		{"a set operator that IAM does not have", iamOperators, `"ForSomeValues:StringEquals":{"key":"a"}`, c{"key": {"a"}}, open},
	} {
		id := example("example.com")
		got := access.Decide(access.Request{
			Principal: principal(t, "arn:aws:iam::123456789012:user/team/Anna"), Action: send, Context: test.context,
		}, policies(t, id, allow+everybody+`,"Condition":{`+test.condition+`}`))
		if got.Answer != test.want {
			t.Errorf("%s (%s): got %v, want %v; keys %q, doubts %q", test.reason, test.link, got.Answer, test.want, got.Keys, got.Doubts)
		}
	}
}

// Variables are part of the language since version 2012-10-17
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-intro).
func TestVariablesByVersion(t *testing.T) {
	for version, want := range map[string]access.Answer{
		`"Version":"2012-10-17",`: access.Allowed,
		`"Version":"2008-10-17",`: access.NotAllowed,
		``:                        access.NotAllowed,
		`"Version":"2012-10-18",`: access.Unknown,
	} {
		id := example("example.com")
		p, err := access.Read(id, map[string]string{"p": `{` + version + `"Statement":{"Effect":"Allow","Resource":"` + id.ARN() +
			`","Principal":"*","Action":"ses:*","Condition":{"StringEquals":{"ses:FromAddress":"${aws:username}@example.com"}}}}`})
		if err != nil {
			t.Fatal(err)
		}
		got := access.Decide(access.Request{
			Principal: principal(t, bob), Action: send,
			Context: access.Context{"ses:FromAddress": {"Bob@example.com"}},
		}, p)
		if got.Answer != want {
			t.Errorf("%q: got %v, want %v", version, got.Answer, want)
		}
	}
}
