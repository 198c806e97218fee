package guardrail_test

import (
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/policy"
)

// A refusal says of a placeholder that it is one, whatever its rule. Policy
// variables, wildcards and other kinds of principals are none.
func TestPlaceholdersAreNamed(t *testing.T) {
	listed := guardrail.Config{AllowedPrincipals: []string{friend}}
	for text, named := range map[string]bool{
		allow(`{"AWS":"ACCOUNT_ID"}`):                                                                  true,
		allow(`{"AWS":"arn:aws:iam::${AWS::AccountId}:root"}`):                                         true,
		allow(`{"AWS":"arn:aws:iam::<account>:role/Mail"}`):                                            true,
		strings.Replace(allow(`{"AWS":"arn:aws:iam::${AWS::AccountId}:root"}`), "Allow", "Deny", 1):    true,
		allow(`{"AWS":"999988887777"}`):                                                                false,
		allow(`{"AWS":"*"}`):                                                                           false,
		allow(`{"AWS":"arn:aws:iam::*:role/your-role"}`):                                               false,
		allow(`{"AWS":"arn:aws:iam::999988887777:role/your-role"}`):                                    false,
		allow(`{"AWS":"arn:aws:iam::${aws:PrincipalAccount}:role/Account"}`):                           false,
		allow(`{"Federated":"accounts.google.com"}`):                                                   false,
		strings.Replace(allow(`{"AWS":"arn:aws:iam::123456789012:role/account"}`), "Allow", "Deny", 1): false,
	} {
		id := identityOf(t, "example.com")
		doc, _ := document.Read([]byte(text))
		p, _ := policy.Check(doc.Root(), id)
		found := check(guard(t, listed), id, "MyPolicy", p)
		if len(found) != 1 {
			t.Errorf("%s: got %v, want one violation", text, found)
			continue
		}
		if got := strings.Contains(found[0].Message, "placeholder"); got != named {
			t.Errorf("named a placeholder %v, want %v: %s", got, named, found[0].Message)
		}
	}
}

// The hint says through which topic the request came, only for lists with
// ${topic}.
func TestHintOfTheTopic(t *testing.T) {
	perTopic := guardrail.Config{AllowedPolicyNames: []string{"${topic}-*"}}
	for _, test := range []struct {
		reason string
		config guardrail.Config
		topic  string
		hint   string
	}{
		{"no topic", perTopic, "", "SNS topic"},
		{"another topic", perTopic, accountA, accountA},
		{"no pattern has it", guardrail.Config{AllowedPolicyNames: []string{"Q"}}, accountA, ""},
	} {
		found, err := guard(t, test.config).Check(guardrail.Request{Identity: identityOf(t, "example.com"), PolicyName: "P"},
			func() (string, error) { return test.topic, nil })
		if err != nil || len(found) != 1 || !strings.Contains(found[0].Hint, test.hint) || (found[0].Hint == "") != (test.hint == "") {
			t.Errorf("%s: got %v, %v", test.reason, found, err)
		}
	}
}
