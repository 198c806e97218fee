package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/table"
	"sespolicy/shared/outcome"
)

// puts counts the calls that change policies.
func (w *world) puts() int {
	n := 0
	for _, call := range w.ses.Calls() {
		if call.Action != "GetIdentityPolicies" {
			n++
		}
	}
	return n
}

// told are the statuses that stacks were answered, in their order.
func (w *world) told() string {
	var list []string
	for _, answer := range w.bucket.Answers() {
		list = append(list, answer.Status)
	}
	return strings.Join(list, " ")
}

const foreignStack = "arn:aws:cloudformation:us-east-1:123456789012:stack/other/0a1b2c3d-0000-4000-8000-000000000001"

// A Delete that another stack sends, or that claims another resource, changes
// nothing, wherever it stands, against a Create and against an Update.
func TestAForgedDeleteHasNoEffect(t *testing.T) {
	forged := map[string]func() string{
		"another stack":    func() string { return stackRequest(foreignStack, "L", "Delete", "a.com/P", "{}") },
		"another resource": func() string { return stackRequest(stackID, "Other", "Delete", "a.com/P", "{}") },
		"a made-up id":     func() string { return stackRequest(foreignStack, "L", "Delete", "made-up", "{}") },
		"a bare request":   func() string { return deleteBody("a.com", "P") },
		"nothing was made": func() string { return stackRequest(foreignStack, "L", "Delete", "nothing-made-for-L", "{}") },
	}
	victims := map[string]func() string{
		"a Create":  func() string { return stackBody("Create", "", "P") },
		"an Update": func() string { return stackBody("Update", "a.com/P", "P") },
	}
	for name, forge := range forged {
		for victim, body := range victims {
			for place, deliver := range map[string]func(*testing.T, *world){
				"before":       func(t *testing.T, w *world) { w.deliver(t, forge()); w.deliver(t, body()) },
				"in its batch": func(t *testing.T, w *world) { w.deliver(t, body(), forge()) },
				"after":        func(t *testing.T, w *world) { w.deliver(t, body()); w.deliver(t, forge()) },
			} {
				t.Run(fmt.Sprint(name, " ", place, " ", victim), func(t *testing.T) {
					inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
						if victim == "an Update" {
							w.deliver(t, stackBody("Create", "", "P"))
						}
						deliver(t, w)
						expect(t, "policies", len(w.ses.Policies()["a.com"]), 1)
						expect(t, "told of a failure", strings.Contains(w.told(), "FAILED"), false)
					})
				})
			}
		}
	}
}

// refuse is a bucket that answers every PUT with a status.
func refuse(status int) func(*http.Request) response.Fault {
	return func(*http.Request) response.Fault { return response.Fault{Status: status} }
}

// An answer that can never be delivered costs one call of SES; one that cannot be
// delivered yet costs one too, and ends as a dead letter with the effect in place.
func TestAnUndeliverableAnswerCostsOneCall(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.bucket.SetFault(refuse(http.StatusForbidden))
		expect(t, "handed back", len(w.deliver(t, stackBody("Create", "", "P"))), 0)
		expect(t, "outcomes", w.outcomes(t), "[Applied]")
		expect(t, "calls", w.puts(), 1)
		w.bucket.SetFault(refuse(http.StatusServiceUnavailable))
		w.maxReceives = 3
		w.deliver(t, stackBody("Create", "", "Q"))
		for range 2 {
			time.Sleep(outcome.MaxDelay)
			w.receive(t)
		}
		expect(t, "outcomes", w.outcomes(t), "[Applied Retry ReplyFailed Retry ReplyFailed Applied AnswerUndelivered]")
		expect(t, "letters", w.codes(), "[AnswerUndelivered]")
		expect(t, "calls", w.puts(), 2)
		if !strings.Contains(w.out.String(), `"ReplyFailed":1`) {
			t.Error("ReplyFailed was not counted")
		}
	})
}

// A grant whose answer of SES was lost does not come back by redelivery, neither
// after a deletion nor after an operator removed it by hand.
func TestARevokedGrantStaysRevoked(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(email.Call) email.Fault { return email.Fault{Act: true, Break: true} })
		expect(t, "handed back", len(w.deliver(t, putBody("a.com", "P", "old"))), 1)
		w.ses.SetFault(nil)
		w.deliver(t, deleteBody("a.com", "P"))
		before := w.puts()
		time.Sleep(outcome.MaxDelay)
		w.receive(t)
		expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
		expect(t, "calls since", w.puts()-before, 0)
		expect(t, "last outcome", w.outcomes(t)[2], "Superseded")
	})
}

// A stack's create that its own Delete cancels is answered FAILED, in either
// order.
func TestACancelledCreateIsAnsweredFailed(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, stackBody("Create", "", "P"), stackBody("Delete", "nothing-made-for-L", "P"))
		expect(t, "in one batch", w.told(), "SUCCESS FAILED")
		expect(t, "letters", w.codes(), "[Cancelled]")
		expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
	})
}

// Without the ledger nothing is called, at the last receive neither: no letter
// and no answer.
func TestWithoutTheLedgerNothingHappens(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.maxReceives = 1
		w.table.SetFault(func(table.Call) table.Fault { return table.Fault{Break: true} })
		expect(t, "handed back", len(w.deliver(t, stackBody("Create", "", "P"), "bad", putBody("a.com", "Q", ""))), 3)
		expect(t, "outcomes", w.outcomes(t), "[Retry LedgerUnavailable Retry LedgerUnavailable Retry LedgerUnavailable]")
		expect(t, "calls, letters, answers", fmt.Sprint(len(w.ses.Calls()), len(w.codes()), w.told()), "0 0")
	})
}

// The table is lost under a running deployment: the stack's next Update takes the
// policy over, and its Delete removes it; another stack's Delete does not.
func TestALostTable(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, stackBody("Create", "", "P"))
		if err := w.table.Clear(ledgerTable); err != nil {
			t.Fatal(err)
		}
		w.deliver(t, stackBody("Update", "a.com/P", "P"))
		w.deliver(t, stackRequest(foreignStack, "L", "Delete", "a.com/P", "{}"))
		expect(t, "after the Update", len(w.ses.Policies()["a.com"]), 1)
		w.deliver(t, stackBody("Delete", "a.com/P", "P"))
		expect(t, "after the Delete", len(w.ses.Policies()["a.com"]), 0)
		expect(t, "told", w.told(), "SUCCESS SUCCESS SUCCESS SUCCESS")
	})
}
