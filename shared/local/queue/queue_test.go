package queue

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The helpers of this package's tests: a server with one account, queues whose
// creation must work, and calls that must.

func newServer() *Server {
	return New(Config{BaseURL: "http://127.0.0.1:4566"})
}

func create(t *testing.T, s *Server, name string, attributes map[string]string) *Queue {
	t.Helper()
	q, err := s.Create(name, attributes)
	if err != nil {
		t.Fatalf("creating %s: %v", name, err)
	}
	return q
}

// pair makes RequestQueue and its DeadLetterQueue.
func pair(t *testing.T, s *Server, maxReceiveCount string) (source, dlq *Queue) {
	t.Helper()
	dlq = create(t, s, "DeadLetterQueue", map[string]string{"MessageRetentionPeriod": "1209600"})
	source = create(t, s, "RequestQueue", map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + dlq.ARN() + `","maxReceiveCount":` + maxReceiveCount + `}`,
	})
	return source, dlq
}

func send(t *testing.T, q *Queue, in Input) Sent {
	t.Helper()
	sent, err := q.Send(t.Context(), in)
	if err != nil {
		t.Fatalf("sending to %s: %v", q.Name(), err)
	}
	return sent
}

// receive takes up to ten messages and waits for none.
func receive(t *testing.T, q *Queue) []Message {
	t.Helper()
	return receiveWithin(t, q, 0)
}

func receiveWithin(t *testing.T, q *Queue, wait time.Duration) []Message {
	t.Helper()
	messages, err := q.Receive(t.Context(), ReceiveOptions{MaxMessages: 10, Wait: &wait})
	if err != nil {
		t.Fatalf("receiving from %s: %v", q.Name(), err)
	}
	return messages
}

// receiveOne takes one message that must be there.
func receiveOne(t *testing.T, q *Queue) Message {
	t.Helper()
	messages := receive(t, q)
	if len(messages) != 1 {
		t.Fatalf("%s delivered %d messages, want 1", q.Name(), len(messages))
	}
	return messages[0]
}

func bodies(messages []Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	failure, ok := errors.AsType[*Error](err)
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (!ok || failure.Code != want):
		t.Errorf("answered %v, want %s", err, want)
	}
}

func TestQueueNames(t *testing.T) {
	long := "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh"
	for _, c := range []struct {
		reason, name string
		attributes   map[string]string
		code         string
	}{
		{"every allowed character", "aZ_-9", nil, ""},
		{"80 characters", long, nil, ""},
		{"81 characters", long + "i", nil, invalidParameterValue.Code},
		{"empty", "", nil, invalidParameterValue.Code},
		{"a period", "a.b", nil, invalidParameterValue.Code},
		{"the suffix of a FIFO queue", "a.fifo", nil, invalidParameterValue.Code},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, err := newServer().Create(c.name, c.attributes)
			wantCode(t, err, c.code)
		})
	}
}

func TestCreateAgain(t *testing.T) {
	s := newServer()
	made := create(t, s, "Q", map[string]string{"VisibilityTimeout": "60"})
	if q := create(t, s, "Q", map[string]string{"VisibilityTimeout": "61"}); q != made || q.VisibilityTimeout() != time.Minute {
		t.Errorf("another queue was made: %v", q.VisibilityTimeout())
	}
}

func TestLookup(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	if got, found := s.LookupARN("arn:aws:sqs:us-east-1:123456789012:Q"); !found || got != q {
		t.Error("not found by ARN")
	}
	if _, found := s.LookupARN("arn:aws:sqs:eu-west-1:123456789012:Q"); found {
		t.Error("found by the ARN of another Region")
	}
	if want := "http://127.0.0.1:4566/123456789012/Q"; q.URL() != want {
		t.Errorf("URL %s, want %s", q.URL(), want)
	}
}

func TestSnapshotShowsEverythingAndChangesNothing(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	send(t, q, Input{Body: "in flight"})
	receiveOne(t, q)
	send(t, q, Input{Body: "visible"})
	send(t, q, Input{Body: "delayed", Delay: new(time.Minute)})
	for range 2 {
		var states []State
		for _, m := range q.Snapshot() {
			states = append(states, m.State)
			if m.ReceiptHandle != "" {
				t.Error("a snapshot gave a receipt handle away")
			}
		}
		if len(states) != 3 || states[0] != InFlight || states[1] != Visible || states[2] != Delayed {
			t.Fatalf("states %v", states)
		}
	}
	if got, want := q.Counts(), (Counts{Visible: 1, Delayed: 1, InFlight: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestEndedContext(t *testing.T) {
	q := create(t, newServer(), "Q", nil)
	send(t, q, Input{Body: "stays"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Receive(ctx, ReceiveOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v, want the context's error", err)
	}
	if got := q.Counts(); got.Visible != 1 {
		t.Errorf("a receive that had ended took the message: %+v", got)
	}
}
