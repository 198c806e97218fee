package guardrail_test

import (
	"strings"
	"testing"
	"time"

	"sespolicy/shared/guardrail"
)

// withAction is a policy of one Allow with the member for its actions.
func withAction(member string) string {
	return strings.Replace(allow(`{"AWS":"`+friend+`"}`), `"Action":"ses:SendEmail"`, member, 1)
}

func TestAllowedActions(t *testing.T) {
	const refusal = "ALLOWED_ACTIONS /Statement/0/Action"
	for _, test := range []struct {
		reason, list, action string
		want                 string // empty: allowed
	}{
		{"an action that sends", "", `"ses:SendEmail"`, ""},
		{"in another case", "", `"SES:sendrawemail"`, ""},
		{"a pattern of those", "", `"ses:Send*"`, ""},
		{"a narrower pattern", "", `["ses:Send*Email","ses:SendB?lk*"]`, ""},
		{"an action of tomorrow that sends", "", `"ses:SendSomethingNew"`, ""},
		{"a policy variable that can only be an end", "", `"ses:Send${aws:username}"`, ""},
		{"no action", "", `[]`, ""},
		{"every action of SES", "", `"ses:*"`, refusal},
		{"every action", "", `"*"`, refusal},
		{"every action, by question marks", "", `"???:*"`, refusal},
		{"a wildcard within the prefix", "", `"ses:Sen*"`, refusal},
		{"a wildcard for one letter of the prefix", "", `"ses:Sen?Email"`, refusal},
		{"a wildcard for the service", "", `"*:SendEmail"`, refusal},
		{"a wildcard for the colon", "", `"ses*SendEmail"`, refusal},
		{"a change of the policies", "", `"ses:UpdateEmailIdentityPolicy"`, refusal},
		{"deletion of the identity", "", `"ses:DeleteEmailIdentity"`, refusal},
		{"reading", "", `"ses:GetEmailIdentity"`, refusal},
		{"the second of two", "", `["ses:SendEmail","ses:PutIdentityPolicy"]`, refusal + "/1"},
		{"a list in a list", "", `[["ses:*"]]`, refusal + "/0/0"},
		{"an object", "", `{"a":"ses:*"}`, refusal + "/a"},
		{"an escape", "", `"ses:\u002a"`, refusal},
		{"a policy variable for the action", "", `"ses:${aws:username}"`, refusal},
		{"an escaped wildcard", "", `"ses:${*}"`, refusal},
		{"a letter that folds to one of ASCII", "", `"ſes:SendEmail"`, refusal},
		{"outside ASCII", "", `"ses:Sendé"`, refusal},
		{"a text that is no action", "", `["","SendEmail",5]`, ""},
		{"an action of the list", "ses:SendEmail,ses:GetEmailIdentity", `["ses:getemailidentity","ses:SendEmail"]`, ""},
		{"a pattern over one of the list", "ses:SendEmail", `"ses:Send*"`, refusal},
		{"a ? for one of the list", "ses:SendEmail,ses:SendEmai1", `"ses:SendEmai?"`, refusal},
		{"a ? for a ?", "ses:Send????", `"ses:Send????"`, ""},
		{"a * for a ?", "ses:Send????", `"ses:Send*"`, refusal},
		{"a ? and a * for a * and a ?", "ses:?*", `"ses:*?"`, ""},
		{"some or none, by two patterns", "ses:Send,ses:Send?*", `"ses:Send*"`, ""},
		{"some or none, without none", "ses:Send?*", `"ses:Send*"`, refusal},
		{"long or short, by two patterns", "ses:?,ses:??*", `"ses:?*"`, ""},
		{"one length is missing", "ses:?,ses:???*", `"ses:?*"`, refusal},
		{"everything", "*", `["*","s3:GetObject",5]`, ""},
		{"everything of SES", "ses:*", `"ses:*"`, ""},
		{"everything of SES is not everything", "ses:*", `"*"`, refusal},
	} {
		g := guardOf(t, map[string]string{"ALLOWED_ACTIONS": test.list})
		if got := strings.Join(refused(g, withAction(`"Action":`+test.action)), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
	}
	for list, want := range map[string]string{"": "ALLOWED_ACTIONS /Statement/0/NotAction", "ses:*,?*": "ALLOWED_ACTIONS /Statement/0/NotAction", "ses:*,**": ""} {
		g := guardOf(t, map[string]string{"ALLOWED_ACTIONS": list})
		if got := strings.Join(refused(g, withAction(`"NotAction":"ses:*"`)), " "); got != want {
			t.Errorf("NotAction with %q: got %q, want %q", list, got, want)
		}
	}
	deny := strings.Replace(withAction(`"Action":"*"`), "Allow", "Deny", 1)
	if got := refused(guardOf(t, nil), deny); got != nil {
		t.Errorf("a Deny of every action: got %q", got)
	}
}

// Patterns made to cost much are refused within a bounded time.
func TestHostileActionsAreBounded(t *testing.T) {
	g, err := guardrail.New(guardrail.Config{AllowedActions: []string{"ses:*a?????????", "ses:*b?????????", "ses:" + strings.Repeat("a*", 40)}})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	one := `"ses:` + strings.Repeat("*a?", 30) + `"`
	many := strings.Repeat(one+",", 500) + one
	if got := refused(g, withAction(`"Action":[`+many+`]`)); len(got) == 0 {
		t.Error("nothing was refused")
	}
	if got := refused(g, withAction(`"Action":"ses:`+strings.Repeat("*", 60_000)+`"`)); len(got) != 1 {
		t.Errorf("many stars: got %q", got)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
