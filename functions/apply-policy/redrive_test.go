package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/redrive"
)

// redrive puts all dead letters back as sespolicy dlq redrive does, and handles
// what came back in one batch.
func (w *world) redrive(t *testing.T) {
	t.Helper()
	run := redrive.Redrive{Client: sqs.NewFromConfig(w.config), Rate: redrive.MaxRate,
		From: redrive.Queue{URL: w.letters.URL(), ARN: w.letters.ARN()}, To: redrive.Queue{URL: w.requests.URL(), ARN: w.requests.ARN()},
		Told: func(context.Context, []*redrive.Letter) func(*redrive.Letter) bool {
			return func(*redrive.Letter) bool { return false }
		}}
	if _, err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if back := w.receive(t); len(back) > 0 {
		t.Fatal(back)
	}
}

// A stack's request that failed, and whose stack was not told, is decided again.
func TestARedrivenRequestIsDecidedAgain(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.maxReceives = 1
		w.ses.SetFault(failing("InternalFailure", http.StatusInternalServerError))
		w.bucket.SetFault(refuse(http.StatusServiceUnavailable))
		w.deliver(t, stackBody("Create", "", "P"), putBody("b.com", "Q", ""))
		w.ses.SetFault(nil)
		w.bucket.SetFault(nil)
		w.redrive(t)
		expect(t, "outcomes", w.outcomes(t), "[Rejected RetriesExhausted Rejected RetriesExhausted Applied Applied]")
		expect(t, "told", w.told(), "SUCCESS")
		expect(t, "letters", w.codes(), "[]")
	})
}

// SQS moves a request that was applied, because the function was killed before the
// message was deleted. A redrive does not bring back what was revoked since.
func TestARedriveOfWhatSQSMovedChangesNothing(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		for name, value := range map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + w.letters.ARN() + `","maxReceiveCount":"1"}`, "VisibilityTimeout": "30"} {
			if err := w.requests.SetAttributes(t.Context(), map[string]string{name: value}); err != nil {
				t.Fatal(err)
			}
		}
		w.send(t, putBody("a.com", "P", "revoked"))
		messages, err := w.requests.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 1})
		if err != nil || len(messages) != 1 {
			t.Fatal(messages, err)
		}
		m := messages[0]
		record := events.SQSMessage{MessageId: m.ID, Body: m.Body, Attributes: m.SystemAttributes(), EventSourceARN: w.requests.ARN()}
		if _, err := w.handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Second)
		if more, err := w.requests.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 1}); err != nil || len(more) != 0 {
			t.Fatal(more, err)
		}
		expect(t, "letters", len(w.letters.Snapshot()), 1)
		w.deliver(t, deleteBody("a.com", "P"))
		w.redrive(t)
		expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
		expect(t, "outcomes", w.outcomes(t), "[Applied Deleted Applied]")
	})
}

// SQS may move two copies of one message. Both letters are the same request, though
// nothing was decided about the message itself.
func TestTwoLettersOfOneMessageAreOneRequest(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		letter := queue.Input{Body: putBody("a.com", "P", "revoked"), Attributes: map[string]queue.Attribute{}}
		for name, value := range map[string]string{"ErrorCode": "RanOutOfReceives", "ErrorMessage": "moved", "SourceMessageId": "first", "SourceQueueArn": w.requests.ARN()} {
			letter.Attributes[name] = queue.Attribute{DataType: "String", StringValue: value}
		}
		for _, revoke := range []bool{true, false} {
			if _, err := w.requests.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			w.receive(t)
			if revoke {
				time.Sleep(time.Millisecond)
				w.deliver(t, deleteBody("a.com", "P"))
			}
		}
		expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
		expect(t, "outcomes", w.outcomes(t), "[Applied Deleted Applied]")
		letter.Body = putBody("a.com", "P", "another") // the id is a claim: it counts for the same body only
		if _, err := w.requests.Send(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
		w.receive(t)
		expect(t, "another body", len(w.ses.Policies()["a.com"]), 1)
	})
}
