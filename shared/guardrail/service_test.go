package guardrail_test

import (
	"strings"
	"testing"
)

func TestServices(t *testing.T) {
	const service, role = "cognito-idp.amazonaws.com", `{"Service":"cognito-idp.amazonaws.com"}`
	const public, listed = "ALLOW_PUBLIC_PRINCIPAL", "ALLOWED_PRINCIPALS"
	const own, foreign = "123456789012", "999999999999"
	source := func(operator, key, value string) string {
		return `{"` + operator + `":{"` + key + `":"` + value + `"}}`
	}
	for _, test := range []struct {
		reason, list, condition string
		want                    string
	}{
		{"no source", "", `{}`, public},
		{"any account", "", source("StringEquals", "aws:SourceAccount", foreign), ""},
		{"the owner's account", "", source("StringEquals", "aws:SourceAccount", "${aws:ResourceAccount}"), ""},
		{"a bucket", "", source("ArnEquals", "aws:SourceArn", "arn:aws:s3:::mails"), ""},
		{"in doubt", "", source("StringLike", "aws:SourceArn", "arn:aws:cognito-idp:*:"+own+":userpool/*"), public},
		{"any pool", "", source("ArnLike", "aws:SourceArn", "arn:aws:cognito-idp:us-east-1:*:userpool/*"), public},
		{"the caller's account, which a service has not", "", source("StringEquals", "aws:PrincipalAccount", own), public},

		{"own, the service is listed", service, source("StringEquals", "aws:SourceAccount", own), ""},
		{"own by the variable", service, source("StringEquals", "aws:SourceAccount", "${aws:ResourceAccount}"), ""},
		{"own by an ARN", service, source("ArnLike", "aws:SourceArn", "arn:aws:cognito-idp:*:"+own+":userpool/*"), ""},
		{"own by an ARN with the variable", service, source("ArnLike", "aws:SourceArn", "arn:aws:cognito-idp:*:${aws:ResourceAccount}:userpool/*"), ""},
		{"listed", service + "," + friend, source("StringEquals", "aws:SourceAccount", friend), ""},
		{"listed by an ARN", service + "," + friend, source("ArnLike", "aws:SourceArn", "arn:aws:cognito-idp:*:"+friend+":userpool/*"), ""},
		{"a listed organization", service + ",o-ours", source("StringEquals", "aws:SourceOrgID", "o-ours"), ""},
		{"a part of a listed organization", service + ",o-ours", `{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-ours/r-ab12/*"}}`, ""},
		{"one listed and one not", service + "," + friend, `{"StringEquals":{"aws:SourceAccount":["` + friend + `","` + foreign + `"]}}`, listed},
		{"foreign", service + "," + friend, source("StringEquals", "aws:SourceAccount", foreign), listed},
		{"foreign, but own as well", service, `{"StringEquals":{"aws:SourceAccount":"` + own + `"},"ArnLike":{"aws:SourceArn":"arn:aws:ses:*:` + foreign + `:*"}}`, ""},
		{"a foreign organization", service + ",o-ours", source("StringEquals", "aws:SourceOrgID", "o-theirs"), listed},
		{"the owner's organization, which is not listed", service + ",o-ours", source("StringEquals", "aws:SourceOrgID", "${aws:ResourceOrgID}"), listed},
		{"a bucket of an unknown account", service, source("ArnEquals", "aws:SourceArn", "arn:aws:s3:::mails"), listed},
		{"a listed bucket", service + ",arn:aws:s3:::mails", source("ArnEquals", "aws:SourceArn", "arn:aws:s3:::mails"), ""},
		{"the service is not listed", friend, source("StringEquals", "aws:SourceAccount", own), listed},
		{"a service like it is listed", "idp.amazonaws.com", source("StringEquals", "aws:SourceAccount", own), listed},
		{"no source, though the service is listed", service, `{}`, public},
		{"everything is listed, but no source", "*", `{}`, public},
		{"everything is listed", "*", source("StringEquals", "aws:SourceAccount", foreign), ""},
	} {
		text := allow(role, `"Condition":`+test.condition)
		g := guardOf(t, map[string]string{"ALLOWED_PRINCIPALS": test.list})
		want := test.want
		if want != "" {
			want += " /Statement/0/Principal/Service"
		}
		if got := strings.Join(refused(g, text), " "); got != want {
			t.Errorf("%s: got %q, want %q", test.reason, got, want)
		}
		if test.want == public {
			open := guardOf(t, map[string]string{"ALLOWED_PRINCIPALS": test.list, "ALLOW_PUBLIC_PRINCIPAL": "true"})
			if got := refused(open, text); got != nil {
				t.Errorf("%s: refused with the switch: %q", test.reason, got)
			}
		}
	}
}
