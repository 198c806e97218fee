package producers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/wire"
)

// notification is what SNS puts on a queue of a message published at a time.
func notification(t *testing.T, message string, published time.Time) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{
		"Type": "Notification", "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b", "Message": message,
		"TopicArn":  "arn:aws:sns:us-east-1:123456789012:RequestTopic",
		"Timestamp": published.UTC().Format("2006-01-02T15:04:05.000Z"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A stack waits an hour at most, less with a ServiceTimeout. What it asked for longer ago must have no
// effect: the stack has rolled back, and owns nothing of it.
func TestRequestsOfStacksThatWaitNoMore(t *testing.T) {
	w := start(t, local.Config{})
	for i, test := range []struct {
		reason      string
		requestType string
		age         time.Duration
		timeout     string
		outcome     string
		code        string
	}{
		{"just in time", "Create", 59 * time.Minute, "3600", "Applied", ""},
		{"a create after the template's own time", "Create", 6 * time.Minute, "300", "Rejected", "Expired"},
		{"a create within that", "Create", 4 * time.Minute, "300", "Applied", ""},
		{"a create too late", "Create", 61 * time.Minute, "3600", "Rejected", "Expired"},
		{"an update too late", "Update", 3 * time.Hour, "3600", "Rejected", "Expired"},
		{"a delete too late", "Delete", 61 * time.Minute, "3600", "Rejected", "Expired"},
	} {
		r := newResource(w)
		name := fmt.Sprintf("P%d", i)
		r.physicalID = "example.com/" + name
		calls, letters := len(w.Email.Calls()), len(w.letters())
		message, requestID := r.request(test.requestType, with(with(properties(policy("One")), "ServiceTimeout", test.timeout), "PolicyName", name))
		got := w.sendAndAwait(notification(t, message, time.Now().Add(-test.age)))
		if got.Outcome != test.outcome || got.Code != test.code {
			t.Errorf("%s: %+v", test.reason, got)
		}
		if test.code == "" {
			continue
		}
		if len(w.Email.Calls()) != calls {
			t.Errorf("%s: SES was called", test.reason)
		}
		if answer, ok := w.Responses.Answer(r.stackID, requestID); ok {
			t.Errorf("%s: a stack that waits no more was told %+v", test.reason, answer)
		}
		left := w.DeadLetters().Snapshot()[letters:]
		if len(left) != 1 || left[0].Attributes["ErrorCode"].StringValue != test.code || left[0].Attributes["AnsweredTo"].StringValue != "" {
			t.Errorf("%s: dead letters %+v", test.reason, left)
		}
	}
	expectPolicies(t, w, map[string]string{"P0": policy("One"), "P2": policy("One")})
}

// An answer that the bucket does not take is given again when the message comes
// back; the stack hears of what became of its request in the end.
func TestResponseBucketDown(t *testing.T) {
	for _, test := range []struct {
		reason, policy, status string
	}{
		{"of an applied request", policy("One"), "SUCCESS"},
		{"of a refused one", publicPolicy(), "FAILED"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			w := start(t, local.Config{})
			w.Responses.SetFault(func(*http.Request) response.Fault { return response.Fault{Status: 503} })
			r := newResource(w)
			message, requestID := r.request("Create", properties(test.policy))
			w.publish(message)
			failed := w.handedBack(requestID)
			if got := w.request(failed.ID); got.Outcome != "Retry" || got.Code != "ReplyFailed" {
				t.Errorf("while the bucket is down: %+v", got)
			}
			w.Responses.SetFault(nil)
			// Half a minute would pass before it comes back by itself.
			if err := w.Source().ChangeVisibility(t.Context(), failed.ReceiptHandle, 0); err != nil {
				t.Fatal(err)
			}
			answer := r.answer(requestID)
			r.expect(answer, test.status, answer.PhysicalResourceID)
			if left := w.Source().Snapshot(); len(left) > 0 {
				t.Errorf("still on the queue: %+v", left)
			}
		})
	}
}

// endless answers 200 and never ends: 4 KiB each millisecond.
func endless(w http.ResponseWriter, r *http.Request) {
	for wire.Wait(r.Context(), time.Millisecond) {
		_, _ = io.WriteString(w, strings.Repeat("x", 4096)) // the context ends when the client is gone
		_ = http.NewResponseController(w).Flush()
	}
}

// What follows the answer of a bucket is the bucket's affair: an answer without
// an end costs nothing.
func TestResponseBucketWithoutEnd(t *testing.T) {
	w := start(t, local.Config{})
	w.Responses.SetFault(func(*http.Request) response.Fault { return response.Fault{Answer: endless} })
	r := newResource(w)
	message, requestID := r.request("Create", properties(policy("One")))
	begun := time.Now()
	w.publish(message)
	if got := w.settled(requestID); got.Outcome != "Applied" || time.Since(begun) > 5*time.Second {
		t.Errorf("after %v: %+v", time.Since(begun), got)
	}
}
