package redrive

import (
	"testing"
	"time"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
)

func TestVerdicts(t *testing.T) {
	begin := time.Now().Truncate(time.Millisecond)
	order := func(second int) ledger.Order {
		return ledger.Order{Millis: begin.Add(time.Duration(second) * time.Second).UnixMilli()}
	}
	entry := func(kind ledger.Kind, answer ledger.Answer, topic string) ledger.Entry {
		return ledger.Entry{MessageID: "m", Order: order(1), Outcome: ledger.Outcome{Kind: kind}, Answer: answer, By: ledger.Requester{Topic: topic}}
	}
	policy := func(second int, text string) ledger.Policy {
		return ledger.Policy{Record: ledger.Record{Number: 1, Present: text != "", Text: text, Order: order(second)}}
	}
	put, remove := message.Request{Action: message.Put, Policy: "{}"}, message.Request{Action: message.Delete}
	unknown, none := ledger.Entry{}, ledger.Policy{}
	for _, test := range []struct {
		name    string
		entry   ledger.Entry
		policy  ledger.Policy
		request message.Request
		want    Verdict
		told    bool // of a letter with AnsweredTo
	}{
		{"nothing is known", unknown, none, put, AsUsual, true},
		{"rejected, not told", entry(ledger.Rejected, ledger.Pending, ""), none, put, AsUsual, false},
		{"rejected, cannot be told", entry(ledger.Rejected, ledger.Undeliverable, ""), none, put, AsUsual, false},
		{"rejected and told", entry(ledger.Rejected, ledger.Told, ""), policy(9, "{}"), put, WasTold, true},
		{"applied, not told", entry(ledger.Applied, ledger.Pending, ""), policy(1, "{}"), put, AppliedOnce, false},
		{"superseded", entry(ledger.Superseded, ledger.Pending, ""), policy(9, "1"), put, Overtaken, false},
		{"no outcome", entry("", ledger.Pending, ""), none, put, AsUsual, false},
		{"a newer version", entry(ledger.Rejected, ledger.Pending, ""), policy(2, "1"), put, NewerThere, false},
		{"an older version", entry(ledger.Rejected, ledger.Pending, ""), policy(0, "1"), put, AsUsual, false},
		{"a verified notification keeps its time", entry(ledger.Rejected, ledger.Pending, "orders"), policy(2, "1"), put, Overtaken, false},
		{"a stack's request keeps its time", func() ledger.Entry {
			e := entry(ledger.Rejected, ledger.Pending, "")
			e.By.StackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/1"
			return e
		}(), policy(2, "1"), put, Overtaken, false},
		{"the same text", entry(ledger.Rejected, ledger.Pending, ""), policy(2, "{}"), put, SameText, false},
		{"the same text, older", entry(ledger.Rejected, ledger.Pending, ""), policy(0, "{}"), put, SameText, false},
		{"deleted already", unknown, policy(0, ""), remove, SameText, true},
		{"a deletion of what is there", unknown, policy(0, "{}"), remove, AsUsual, true},
		{"newer than the letter", unknown, policy(6, "1"), put, NewerThere, true},
		{"older than the letter", unknown, policy(4, "1"), put, AsUsual, true},
	} {
		letter := &Letter{Request: test.request, Received: deadletter.Received{Sent: begin.Add(5 * time.Second), Letter: deadletter.Letter{AnsweredTo: "CloudFormation"}}}
		own := Known{Entry: test.entry, Policy: test.policy}
		own.Verdict = own.judge(letter, func(a, b string) bool { return a == b })
		if told := (Knowledge{letter: own}).Told(letter); own.Verdict != test.want || told != test.told {
			t.Errorf("%s: got %q, told %v, want %q, told %v", test.name, own.Verdict, told, test.want, test.told)
		}
	}
}
