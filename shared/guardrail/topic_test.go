package guardrail_test

import (
	"errors"
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/policy"
)

const (
	accountA = "111122223333"
	accountB = "444455556666"
)

// topicOf answers with a name and counts how often it was asked.
func topicOf(name string, asked *int) guardrail.Topic {
	return func() (string, error) {
		*asked++
		return name, nil
	}
}

// Each account with a topic of its own writes its own names, for itself.
func TestTopic(t *testing.T) {
	perAccount := map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*", "ALLOWED_PRINCIPALS": "${topic}"}
	shared := map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*,shared-*", "ALLOWED_PRINCIPALS": "${topic}," + accountB}
	const name, principal = "ALLOWED_POLICY_NAMES /PolicyName", "ALLOWED_PRINCIPALS /Statement/0/Principal/AWS"
	for _, test := range []struct {
		reason     string
		variables  map[string]string
		topic      string
		policyName string
		grantee    string // empty: a delete
		want       string
		asked      int
	}{
		{"its own name, for itself", perAccount, accountA, accountA + "-news", accountA, "", 1},
		{"deletes its own", perAccount, accountA, accountA + "-news", "", "", 1},
		{"another's name", perAccount, accountB, accountA + "-news", accountB, name, 1},
		{"deletes another's", perAccount, accountB, accountA + "-news", "", name, 1},
		{"for another", perAccount, accountA, accountA + "-news", accountB, principal, 1},
		{"no topic", perAccount, "", accountA + "-news", accountA, name + " " + principal, 1},
		{"a name with a wildcard, which no topic has", perAccount, "*", accountA + "-news", accountA, name + " " + principal, 1},
		{"a name with a colon", perAccount, "arn:aws:iam::" + accountA + ":root", accountA + "-news", accountA, name + " " + principal, 1},
		{"a FIFO topic", map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*"}, "a.fifo", "a-news", "", name, 1},
		{"the case of a topic counts", map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*"}, "Team", "team-news", "", name, 1},
		{"other patterns match", shared, accountA, "shared-news", accountB, "", 0},
		{"one of two needs the topic", shared, accountA, "shared-news", accountA, "", 1},
		{"refused by a guardrail without a topic", map[string]string{"ALLOWED_IDENTITIES": "other.com", "ALLOWED_POLICY_NAMES": "${topic}-*,*"},
			accountA, "p", accountA, "ALLOWED_IDENTITIES /Identity", 0},
		{"no pattern needs a topic", map[string]string{"ALLOWED_POLICY_NAMES": "b"}, accountA, "p", accountA, name, 0},
		{"an identity by the topic", map[string]string{"ALLOWED_IDENTITIES": "${topic}.com"}, "example", "p", accountA, "", 1},
		{"actions by the topic", map[string]string{"ALLOWED_ACTIONS": "ses:${topic}*"}, "Send", "p", accountA, "", 1},
		{"a service's account by the topic", map[string]string{"ALLOWED_PRINCIPALS": "ses.amazonaws.com,${topic}"}, accountA, "p", "ses.amazonaws.com", "", 1},
		{"a service's account is another's", map[string]string{"ALLOWED_PRINCIPALS": "ses.amazonaws.com,${topic}"}, accountB, "p", "ses.amazonaws.com",
			"ALLOWED_PRINCIPALS /Statement/0/Principal/Service", 1},
	} {
		asked := 0
		r := guardrail.Request{Identity: identityOf(t, "example.com"), PolicyName: test.policyName}
		if test.grantee != "" {
			r.Policy = policyFor(test.grantee)
		}
		found, err := guardOf(t, test.variables).Check(r, topicOf(test.topic, &asked))
		var got []string
		for _, f := range found {
			got = append(got, f.Rule+" "+f.Path)
		}
		if err != nil || strings.Join(got, " ") != test.want || asked != test.asked {
			t.Errorf("%s: got %q (%v) after asking %d times, want %q after %d", test.reason, got, err, asked, test.want, test.asked)
		}
	}
}

func policyFor(grantee string) *policy.Policy {
	text := allow(`{"AWS":"` + grantee + `"}`)
	if strings.Contains(grantee, ".") {
		text = allow(`{"Service":"`+grantee+`"}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"`+accountA+`"}}`)
	}
	doc, _ := document.Read([]byte(text))
	p, _ := policy.Check(doc.Root(), owner.Of(identityNamed("example.com")))
	return p
}

// If the topic cannot be verified now, the request is neither refused nor
// allowed; where no pattern needs it, that does not matter.
func TestTopicThatCannotBeVerified(t *testing.T) {
	unreachable := errors.New("unreachable")
	broken := func() (string, error) { return accountA, unreachable }
	r := guardrail.Request{Identity: identityOf(t, "example.com"), PolicyName: accountA + "-news"}
	found, err := guardOf(t, map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*"}).Check(r, broken)
	if found != nil || !errors.Is(err, unreachable) {
		t.Errorf("got %v, %v, want the topic's error", found, err)
	}
	found, err = guardOf(t, map[string]string{"ALLOWED_POLICY_NAMES": "${topic}-*," + accountA + "-*"}).Check(r, broken)
	if found != nil || err != nil {
		t.Errorf("where the topic is not needed: got %v, %v", found, err)
	}
}
