package queue

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// failing makes every call of one action on one queue go wrong.
func failing(action, name string, fault Fault) Faults {
	return Faults{Call: func(call Call) Fault {
		if call == (Call{action, name}) {
			return fault
		}
		return Fault{}
	}}
}

func TestFaultyCalls(t *testing.T) {
	for _, c := range []struct {
		reason  string
		fault   Fault
		after   time.Duration
		code    string
		noReply bool
		stored  int
	}{
		{"none", Fault{}, 0, "", false, 1},
		{"an error answer", Fault{Code: "ServiceUnavailable"}, 0, "ServiceUnavailable", false, 0},
		{"latency", Fault{Before: 3 * time.Second}, 3 * time.Second, "", false, 1},
		{"latency, then an error", Fault{Before: 3 * time.Second, Code: "KmsThrottled"}, 3 * time.Second, "KmsThrottled", false, 0},
		{"more latency than the caller waits for", Fault{Before: time.Minute}, 10 * time.Second, "", true, 0},
		{"no answer", Fault{Hang: true}, 10 * time.Second, "", true, 0},
		{"a lost answer", Fault{Hang: true, Act: true}, 10 * time.Second, "", true, 1},
	} {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				q := create(t, s, "Q", nil)
				other := create(t, s, "Other", nil)
				s.SetFaults(failing("SendMessage", "Q", c.fault))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				_, err := q.Send(ctx, Input{Body: "x"})
				if got := time.Since(began); got != c.after {
					t.Errorf("answered after %v, want %v", got, c.after)
				}
				if c.noReply != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("answered %v", err)
				} else if !c.noReply {
					wantCode(t, err, c.code)
				}
				if got := q.Counts().Visible; got != c.stored {
					t.Errorf("%d stored, want %d", got, c.stored)
				}
				send(t, other, Input{Body: "another queue is well"})
			})
		})
	}
}

func TestLostReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		q := create(t, s, "Q", nil)
		send(t, q, Input{Body: "x"})
		s.SetFaults(failing("ReceiveMessage", "Q", Fault{Hang: true, Act: true}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.Receive(ctx, ReceiveOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		s.SetFaults(Faults{})
		if q.Counts().InFlight != 1 {
			t.Fatal("the message is not in flight")
		}
		time.Sleep(29 * time.Second)
		if m := receiveOne(t, q); m.ReceiveCount != 2 {
			t.Errorf("receive count %d, want 2", m.ReceiveCount)
		}
	})
}

func TestDuplicateDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		q := create(t, s, "Q", nil)
		sent := send(t, q, Input{Body: "x"})
		again := true
		s.SetFaults(Faults{Duplicate: func(Message) (time.Duration, bool) {
			defer func() { again = false }()
			return 5 * time.Second, again
		}})
		wantCode(t, q.Delete(t.Context(), receiveOne(t, q).ReceiptHandle), "")
		got := receiveWithin(t, q, 20*time.Second)
		if len(got) != 1 || got[0].ID != sent.MessageID || got[0].ReceiveCount != 2 {
			t.Fatalf("after the delete came %+v", got)
		}
		wantCode(t, q.Delete(t.Context(), got[0].ReceiptHandle), "")
		if q.Counts() != (Counts{}) {
			t.Errorf("left %+v", q.Counts())
		}
	})
}

func TestReordering(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	for _, body := range []string{"1", "2", "3", "4"} {
		send(t, q, Input{Body: body})
	}
	s.SetFaults(Faults{Pick: func(n int) int { return n - 1 }})
	got := bodies(receive(t, q))
	if slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Error("delivered in order")
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Errorf("delivered %v", got)
	}
}

// TestFaultsOverHTTP: no answer is a broken connection, not an empty answer.
func TestFaultsOverHTTP(t *testing.T) {
	for reason, c := range map[string]struct {
		fault  Fault
		stored int
	}{
		"no answer":     {Fault{Hang: true}, 0},
		"a lost answer": {Fault{Hang: true, Act: true}, 1},
	} {
		t.Run(reason, func(t *testing.T) {
			s := newServer()
			q := create(t, s, "Q", nil)
			s.SetFaults(failing("SendMessage", "Q", c.fault))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			defer func() {
				if got, _ := recover().(error); !errors.Is(got, http.ErrAbortHandler) {
					t.Errorf("the handler ended with %v", got)
				}
				if got := q.Counts().Visible; got != c.stored {
					t.Errorf("%d stored, want %d", got, c.stored)
				}
			}()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{"QueueUrl":"http://x/123456789012/Q","MessageBody":"x"}`))
			r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
			s.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}
