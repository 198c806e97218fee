package known_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/policy/known"
)

func TestListIsWellFormed(t *testing.T) {
	l := known.Get()
	if _, err := time.Parse(time.DateOnly, l.Date); err != nil || len(l.Sources) == 0 {
		t.Errorf("date %q, %d sources", l.Date, len(l.Sources))
	}
	if !slices.IsSortedFunc(l.Actions, func(a, b known.Action) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the actions are not sorted by name")
	}
	for _, a := range l.Actions {
		for _, k := range a.Keys {
			if !slices.Contains(l.Keys, k) {
				t.Errorf("the key %s of %s is not in keys", k, a.Name)
			}
		}
		if got, ok := l.Action(strings.ToUpper(a.Name)); !ok || got.Name != a.Name {
			t.Errorf("%s: got %q", a.Name, got.Name)
		}
	}
	for i, k := range l.Keys {
		if slices.Contains(l.Keys[i+1:], k) {
			t.Errorf("the key %s is there twice", k)
		}
	}
}

func TestKey(t *testing.T) {
	for key, want := range map[string]string{
		"ses:FromAddress":        "ses:FromAddress",
		"SES:fromaddress":        "ses:FromAddress",
		"ses:ReplicaRegion":      "ses:ReplicaRegion",
		"ses:ExportSourceType":   "ses:ExportSourceType",
		"aws:CalledViaAWSMCP":    "aws:CalledViaAWSMCP",
		"AWS:ViaAWSMCPService":   "aws:ViaAWSMCPService",
		"ec2:SourceInstanceArn":  "ec2:SourceInstanceArn",
		"ec2:SourceInstanceARN":  "ec2:SourceInstanceARN",
		"ec2:sourceinstancearn":  "ec2:SourceInstanceArn",
		"aws:principaltag/Team":  "aws:PrincipalTag/Team",
		"aws:PrincipalTag/a/b":   "aws:PrincipalTag/a/b",
		"aws:PrincipalTag":       "",
		"aws:PrincipalTag/":      "",
		"aws:SourceArn/x":        "",
		"ses:Subject":            "",
		"aws:ViaAWSAgentService": "",
		"":                       "",
	} {
		if got := known.Get().Key(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

// A misspelling is corrected, and what may be another thing is not.
func TestNearest(t *testing.T) {
	l := known.Get()
	for key, want := range map[string]string{
		"ses:FromAdress":                   "ses:FromAddress",
		"ses:FormAddress":                  "ses:FromAddress",
		"ses:Recipient":                    "ses:Recipients",
		"ses:FromDisplyName":               "ses:FromDisplayName",
		"aws:SourceAcount":                 "aws:SourceAccount",
		"aws:PrincipleArn":                 "aws:PrincipalArn",
		"aws:FromAddress":                  "ses:FromAddress",
		"ses:SourceIp":                     "aws:SourceIp",
		"aws:ViaAWSAgentService":           "",
		"aws:ViaAWSXService":               "",
		"aws:Ec2InstanceSourcePrivateIPv6": "",
		"aws:SourceVpcId":                  "",
		"aws:SourceVpcs":                   "",
		"aws:PrincipalOrg":                 "",
		"aws:SourceResourceArn":            "",
		"ses:FromAddressDomain":            "",
		"ses:Subject":                      "",
		"s3:FromAddress":                   "",
		strings.Repeat("aB", 1000):         "",
	} {
		if got, _ := l.NearestKey(key); got != want {
			t.Errorf("%.40s: got %q, want %q", key, got, want)
		}
	}
	for name, want := range map[string]string{
		"SendMail":               "SendEmail",
		"sendemail":              "SendEmail",
		"SendRawEmails":          "SendRawEmail",
		"SendBulkTemplateEmail":  "SendBulkTemplatedEmail",
		"SendTemplateEmail":      "SendTemplatedEmail",
		"SendSecureEmail":        "",
		"SendRawEmailV2":         "",
		"PutEmailIdentityPolicy": "",
		"SendBulk":               "",
		"TeleportEmail":          "",
	} {
		if got, _ := l.NearestAction(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	l := &known.List{}
	*l = *known.Get()
	l.Actions = slices.DeleteFunc(slices.Clone(l.Actions), func(a known.Action) bool {
		return !slices.Contains([]string{"SendBounce", "GetAccount", "SendEmail"}, a.Name)
	})
	l.Keys = []string{"ses:ApiVersion", "ses:FromAddress", "ses:ReplicaRegion", "aws:TagKeys", "aws:RequestTag/"}
	const bounce = `{"Name":"SendBounce","ActionConditionKeys":["ses:FromAddress","ses:ApiVersion"],"Resources":[{"Name":"identity"}]}`
	for _, test := range []struct {
		reason, source string
		want           []string
	}{
		{"a service's file", `{"Name":"ses","Version":"v1.4","Actions":[` + bounce + `,
			{"Name":"GetAccount","ActionConditionKeys":["ses:ApiVersion"],"Resources":[{"Name":"identity"}]},
			{"Name":"SendToMars","ActionConditionKeys":["ses:ApiVersion","ses:Planet"]}],
			"ConditionKeys":[{"Name":"ses:ApiVersion"},{"Name":"ses:FromAddress"},{"Name":"ses:Planet"},{"Name":"aws:RequestTag/${TagKey}"}]}`,
			[]string{"~ action GetAccount: acts on identities", "+ action SendToMars: ses:ApiVersion, ses:Planet", "- action SendEmail", "+ key ses:Planet", "- key ses:ReplicaRegion"}},
		{"other keys of an action", `{"Name":"ses","Actions":[{"Name":"SendBounce","ActionConditionKeys":["ses:ApiVersion"]}]}`,
			[]string{"~ action SendBounce: ses:ApiVersion, here ses:ApiVersion, ses:FromAddress", "- action GetAccount", "- action SendEmail"}},
		{"the global keys", `{"ConditionKeys":[{"Name":"aws:TagKeys"},{"Name":"aws:ViaMars"}]}`, []string{"+ key aws:ViaMars", "- key aws:RequestTag/"}},
	} {
		got, err := known.Compare(l, []byte(test.source))
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.reason, err, diff)
		}
	}
	for _, source := range []string{``, `[]`, `{}`, `{"Name":"s3","Actions":[{"Name":"GetObject"}]}`} {
		if lines, err := known.Compare(l, []byte(source)); err == nil {
			t.Errorf("%s: got %q and no error", source, lines)
		}
	}
}
