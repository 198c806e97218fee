package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/table"
	"sespolicy/shared/outcome"
)

// logged are the values of one field in all log lines, in their order.
func (w *world) logged(t *testing.T, field string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(w.out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if value, ok := fields[field].(string); ok {
			list = append(list, value)
		}
	}
	return list
}

func failing(code string, status int) func(email.Call) email.Fault {
	return func(email.Call) email.Fault { return email.Fault{Status: status, Code: code} }
}

func TestTheLastReceiveIsADeadLetter(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.maxReceives = 2
		w.ses.SetFault(failing("InternalFailure", http.StatusInternalServerError))
		expect(t, "retried", len(w.deliver(t, putBody("a.com", "P", "old"), putBody("a.com", "P", "new"))), 2)
		time.Sleep(outcome.FirstDelay)
		expect(t, "retried", len(w.receive(t)), 0)
		expect(t, "outcomes", w.outcomes(t), "[Retry Unavailable Retry OrderKept Rejected RetriesExhausted Rejected RetriesExhausted]")
		expect(t, "dead letters", w.codes(), "[RetriesExhausted RetriesExhausted]")
		if reason := w.letters.Snapshot()[0].Attributes["ErrorMessage"].StringValue; !strings.Contains(reason, "Unavailable") {
			t.Errorf("the last cause is not in %q", reason)
		}
	})
}

// The older request was not tried, and SES may yet take the newer one.
func TestAnExhaustedRequestHoldsTheOlderOnes(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(failing("InternalFailure", http.StatusInternalServerError))
		w.deliver(t, putBody("a.com", "P", "new"))
		w.maxReceives = 2
		time.Sleep(outcome.FirstDelay)
		messages := w.open(t.Context(), []events.SQSMessage{
			{MessageId: "old", Body: putBody("a.com", "P", "old"), Attributes: map[string]string{"SentTimestamp": "1", "ApproximateReceiveCount": "1"}},
			{MessageId: "new", Body: putBody("a.com", "P", "new"), Attributes: map[string]string{"SentTimestamp": "2", "ApproximateReceiveCount": "2"}},
		})
		b := batch{handler: w.handler, requests: messages, lease: time.Now().Add(time.Minute)}
		b.settle(t.Context())
		expect(t, "the newer", messages[1].outcome.Code, outcome.RetriesExhausted)
		expect(t, "the older", messages[0].outcome.Code, outcome.CauseOrder)
	})
}

// A request that has ended keeps its outcome though it is received a last time
// beside a newer one that must wait.
func TestWhatHasEndedIsNotHeld(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		sent := func(later int64) string { return strconv.FormatInt(time.Now().UnixMilli()+later, 10) }
		old := events.SQSMessage{MessageId: "old", Body: stackBody("Create", "", "P"), Attributes: map[string]string{"SentTimestamp": sent(0), "ApproximateReceiveCount": "1"}}
		_, err := w.handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{old}})
		if err != nil {
			t.Fatal(err)
		}
		w.ses.SetFault(failing("InternalFailure", http.StatusInternalServerError))
		w.maxReceives = 2
		old.Attributes["ApproximateReceiveCount"] = "2"
		messages := w.open(t.Context(), []events.SQSMessage{old,
			{MessageId: "new", Body: stackBody("Update", "a.com/P", "P"), Attributes: map[string]string{"SentTimestamp": sent(1), "ApproximateReceiveCount": "1"}}})
		b := batch{handler: w.handler, requests: messages, lease: time.Now().Add(time.Minute)}
		b.settle(t.Context())
		expect(t, "the newer", messages[1].outcome.Code, outcome.CauseUnavailable)
		expect(t, "the older", messages[0].outcome.Kind, outcome.Applied)
		expect(t, "told", w.told(), "SUCCESS")
		expect(t, "letters", w.codes(), "[]")
	})
}

func TestALetterSaysWhoSentTheRequestAndWhoIsTold(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		record := events.SQSMessage{MessageId: "1", Attributes: map[string]string{"SenderId": "AIDAEXAMPLE"}, Body: stackBody("Create", "", "a b")}
		batch := events.SQSEvent{Records: []events.SQSMessage{record}}
		if _, err := w.handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		attributes := w.letters.Snapshot()[0].Attributes
		expect(t, "told", attributes["AnsweredTo"].StringValue, "CloudFormation")
		expect(t, "sender", attributes["SenderId"].StringValue, "AIDAEXAMPLE")
		expect(t, "logged sender", w.logged(t, "senderId"), "[AIDAEXAMPLE]")

		// Redriven, it is not applied, and the next letter still says who was told.
		redriven := record
		redriven.MessageId, redriven.MessageAttributes = "2", map[string]events.SQSMessageAttribute{}
		for name, value := range attributes {
			redriven.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: new(value.StringValue)}
		}
		batch.Records[0] = redriven
		if _, err := w.handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		expect(t, "dead letters", w.codes(), "[InvalidPolicyName AlreadyAnswered]")
		expect(t, "told", w.letters.Snapshot()[1].Attributes["AnsweredTo"].StringValue, "CloudFormation")
	})
}

func TestATaskThatNobodyWouldAnswerIsRefused(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, strings.Replace(putBody("a.com", "P", ""), `{`, `{"TaskToken":"AAAAKgAAAAIAAAAAAAAAAQ",`, 1))
		expect(t, "outcomes", w.outcomes(t), "[Rejected MalformedRequest]")
		expect(t, "told", w.letters.Snapshot()[0].Attributes["AnsweredTo"].StringValue, "")
	})
}

func TestLogLevels(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(email.Call) email.Fault
		body  string
		level string
	}{
		"applied":             {nil, putBody("a.com", "P", ""), "INFO"},
		"the requester's":     {nil, "{", "WARN"},
		"a short outage":      {failing("ServiceUnavailable", http.StatusServiceUnavailable), putBody("a.com", "P", ""), "WARN"},
		"the deployment's":    {failing("AccessDenied", http.StatusForbidden), putBody("a.com", "P", ""), "ERROR"},
		"expired credentials": {failing("ExpiredToken", http.StatusForbidden), putBody("a.com", "P", ""), "ERROR"},
	} {
		inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
			w.ses.SetFault(test.fault)
			w.deliver(t, test.body)
			expect(t, name, w.logged(t, "level"), "["+test.level+"]")
		})
	}
}

func TestATimeoutTooShortForAnyCallIsLogged(t *testing.T) {
	for timeout, want := range map[time.Duration]int{3 * time.Second: 1, 8 * time.Second: 1, 10 * time.Second: 0, time.Minute: 0} {
		inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			batch := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: putBody("a.com", "P", "")}, {MessageId: "2", Body: putBody("b.com", "P", "")}}}
			if _, err := w.handle(ctx, batch); err != nil {
				t.Fatal(err)
			}
			errors := slices.DeleteFunc(w.logged(t, "level"), func(level string) bool { return level != "ERROR" })
			expect(t, timeout.String(), len(errors), want)
		})
	}
}

// The last delivery makes no call, for SES throttles the batch, after one of which
// nobody knows what it did: the stack's undoing removes what that may have put.
func TestADoubtOutlivesALastReceiveWithoutACall(t *testing.T) {
	for name, lose := range map[string]func(*world){
		"the answer of SES is lost": func(w *world) {
			w.ses.SetFault(func(c email.Call) email.Fault {
				return email.Fault{Act: true, Break: c.Action == "PutIdentityPolicy"}
			})
		},
		"the write after it fails": func(w *world) {
			w.table.SetFault(func(table.Call) table.Fault {
				if w.puts() == 0 {
					return table.Fault{}
				}
				return table.Fault{Break: true}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
				lose(w)
				expect(t, "handed back", len(w.deliver(t, stackBody("Create", "", "P"))), 1)
				w.table.SetFault(nil)
				w.ses.SetFault(failing("Throttling", http.StatusBadRequest))
				w.send(t, putBody("b.com", "Q", "")) // visible before the Create is again
				time.Sleep(outcome.FirstDelay)
				w.maxReceives = 2
				w.receive(t)
				expect(t, "outcomes", w.outcomes(t)[1:], "[Retry Throttled Rejected RetriesExhausted]")
				w.ses.SetFault(nil)
				time.Sleep(outcome.MaxDelay)
				w.deliver(t, stackBody("Delete", "nothing-made-for-L", "P"))
				expect(t, "told", w.told(), "FAILED SUCCESS")
				expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
			})
		})
	}
}

// Two instances have the same request, one of them for the last time: only the one
// that applies it decides.
func TestALastReceiveBesideTheCallDecidesNothing(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		other := w.instance(t, guardrail.Config{})
		other.maxReceives = 1
		var second events.SQSEventResponse
		record := events.SQSMessage{MessageId: "1", Body: stackBody("Create", "", "P"), EventSourceARN: w.requests.ARN()}
		batch := events.SQSEvent{Records: []events.SQSMessage{record}}
		w.ses.SetFault(func(c email.Call) email.Fault {
			if c.Action == "PutIdentityPolicy" {
				second, _ = other.handle(t.Context(), batch)
			}
			return email.Fault{}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := w.handle(ctx, batch); err != nil {
			t.Fatal(err)
		}
		expect(t, "told", w.told(), "SUCCESS")
		expect(t, "letters", w.codes(), "[]")
		expect(t, "handed back", len(second.BatchItemFailures), 1)
	})
}
