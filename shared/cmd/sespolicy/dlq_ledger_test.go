package main

import (
	"testing"
	"time"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/redrive"
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
		want    verdict
		told    bool // of a letter with AnsweredTo
	}{
		{"nothing is known", unknown, none, put, asUsual, true},
		{"rejected, not told", entry(ledger.Rejected, ledger.Pending, ""), none, put, asUsual, false},
		{"rejected, cannot be told", entry(ledger.Rejected, ledger.Undeliverable, ""), none, put, asUsual, false},
		{"rejected and told", entry(ledger.Rejected, ledger.Told, ""), policy(9, "{}"), put, wasTold, true},
		{"applied, not told", entry(ledger.Applied, ledger.Pending, ""), policy(1, "{}"), put, appliedOnce, false},
		{"superseded", entry(ledger.Superseded, ledger.Pending, ""), policy(9, "1"), put, overtaken, false},
		{"no outcome", entry("", ledger.Pending, ""), none, put, asUsual, false},
		{"a newer version", entry(ledger.Rejected, ledger.Pending, ""), policy(2, "1"), put, newerThere, false},
		{"an older version", entry(ledger.Rejected, ledger.Pending, ""), policy(0, "1"), put, asUsual, false},
		{"a verified notification keeps its time", entry(ledger.Rejected, ledger.Pending, "orders"), policy(2, "1"), put, overtaken, false},
		{"the same text", entry(ledger.Rejected, ledger.Pending, ""), policy(2, "{}"), put, sameText, false},
		{"the same text, older", entry(ledger.Rejected, ledger.Pending, ""), policy(0, "{}"), put, sameText, false},
		{"deleted already", unknown, policy(0, ""), remove, sameText, true},
		{"a deletion of what is there", unknown, policy(0, "{}"), remove, asUsual, true},
		{"newer than the letter", unknown, policy(6, "1"), put, newerThere, true},
		{"older than the letter", unknown, policy(4, "1"), put, asUsual, true},
	} {
		letter := &redrive.Letter{Request: test.request, Received: deadletter.Received{Sent: begin.Add(5 * time.Second), Letter: deadletter.Letter{AnsweredTo: "CloudFormation"}}}
		own := known{entry: test.entry, policy: test.policy}
		own.verdict = own.judge(letter, func(a, b string) bool { return a == b })
		if told := (knowledge{letter: own}).told(letter); own.verdict != test.want || told != test.told {
			t.Errorf("%s: got %q, told %v, want %q, told %v", test.name, own.verdict, told, test.want, test.told)
		}
	}
}
