package redrive_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/identity"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/redrive"
)

func TestLookSeesAllAndGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(500)
		began := time.Now()
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{}, nil)
		if err != nil || look.Seen != 500 || len(look.Letters) != 500 || !look.Complete() || look.Others != 0 {
			t.Fatalf("saw %d of %d, %v", look.Seen, look.Counted, err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want the second that an empty queue is waited for", took)
		}
		if c := o.deadLetters.Counts(); c.InFlight != 500 {
			t.Errorf("%+v", c)
		}
		if err := look.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := o.deadLetters.Counts(); c.InFlight != 0 || c.Visible != 500 {
			t.Errorf("%+v", c)
		}
		ranOut := 0
		for i, l := range look.Letters {
			if l.RanOut {
				ranOut++
			}
			if i > 0 && l.Sent.Before(look.Letters[i-1].Sent) {
				t.Fatal("not the oldest first")
			}
		}
		if ranOut != 100 {
			t.Errorf("%d ran out of receives, want 100", ranOut)
		}
	})
}

func TestLookIsHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(30)
		if _, err := o.deadLetters.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 10}); err != nil {
			t.Fatal(err)
		}
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{}, nil)
		if err != nil || look.Seen != 20 || look.Counted != 30 || look.Others != 10 || look.Complete() {
			t.Errorf("%+v %v", look, err)
		}
	})
}

func TestLookInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(100)
		ctx, cancel := context.WithCancel(t.Context())
		receives := 0
		o.server.SetFaults(queue.Faults{Call: func(c queue.Call) queue.Fault {
			if c.Action == "ReceiveMessage" {
				if receives++; receives == 3 {
					cancel() // while the call is under way
				}
			}
			return queue.Fault{Before: 50 * time.Millisecond}
		}})
		look, err := redrive.Find(ctx, o.client, o.from, redrive.Filter{}, nil)
		if !errors.Is(err, context.Canceled) || look.Seen != 30 {
			t.Errorf("saw %d, %v", look.Seen, err)
		}
		if err := look.Release(ctx); err != nil {
			t.Fatal(err)
		}
		if c := o.deadLetters.Counts(); c.InFlight != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// An answer that is lost on its way hides its letters: the look waits for them.
func TestLookWaitsForLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(36)
		o.loseReceive(2)
		waits, began := 0, time.Now()
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{}, func(letters int, until time.Time) {
			if waits++; letters != 10 || until.Before(began) {
				t.Errorf("waits for %d letters until %v", letters, until)
			}
		})
		if err != nil || look.Seen != 36 || !look.Complete() || waits != 1 {
			t.Errorf("saw %d of %d: %v", look.Seen, look.Counted, err)
		}
		if err := look.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := o.deadLetters.Counts(); c.Visible != 36 {
			t.Errorf("%+v", c)
		}
	})
}

// Calls so slow that the first hold runs out: what was seen is held on to, so
// that nobody gets it and the look comes to an end.
func TestSlowLookHoldsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(300)
		o.server.SetFaults(queue.Faults{Call: func(queue.Call) queue.Fault { return queue.Fault{Before: 5 * time.Second} }})
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{}, nil)
		if err != nil || !look.Complete() || look.Seen != 300 {
			t.Errorf("saw %d of %d: %v", look.Seen, look.Counted, err)
		}
		if c := o.deadLetters.Counts(); c.InFlight != 300 {
			t.Errorf("%+v", c)
		}
		for _, m := range o.deadLetters.Snapshot() {
			if m.ReceiveCount > 2 {
				t.Fatalf("a letter was received %d times", m.ReceiveCount)
			}
		}
		if err := look.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(10)
		time.Sleep(time.Hour)
		o.reject(10, "Expired", "")
		id, err := identity.Parse("arn:aws:ses:us-east-1:123456789012:identity/D3.example.COM")
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			filter redrive.Filter
			want   int
		}{
			"everything":           {redrive.Filter{}, 11},
			"a code":               {redrive.Filter{Codes: []string{"expired"}}, 1},
			"two codes":            {redrive.Filter{Codes: []string{"Expired", "InvalidPolicy"}}, 3},
			"out of receives":      {redrive.Filter{Codes: []string{redrive.RanOutOfReceives}}, 2},
			"an identity":          {redrive.Filter{Identities: []string{id.Key()}}, 2}, // 3 and 10
			"a policy name":        {redrive.Filter{PolicyNames: []string{"P1"}}, 4},    // 1, 4, 7, 10
			"names differ by case": {redrive.Filter{PolicyNames: []string{"p1"}}, 0},
			"old":                  {redrive.Filter{OlderThan: time.Hour}, 10},
			"young":                {redrive.Filter{NewerThan: time.Hour}, 1},
			"both":                 {redrive.Filter{PolicyNames: []string{"P1"}, NewerThan: time.Hour}, 1},
			"no such id":           {redrive.Filter{IDs: []string{"x"}}, 0},
		} {
			look, err := redrive.Find(t.Context(), o.client, o.from, test.filter, nil)
			if err != nil || len(look.Letters) != test.want || look.Seen != 11 {
				t.Errorf("%s: %d of %d, want %d: %v", name, len(look.Letters), look.Seen, test.want, err)
			}
			if err := look.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// loseReceive has the nth receive done and its answer lost: the connection breaks.
func (o *office) loseReceive(nth int) {
	receives := 0
	o.client = sqs.New(o.client.Options(), func(options *sqs.Options) {
		options.HTTPClient = losing(func(r *http.Request) (*http.Response, error) {
			answer, err := wire.Client{Handler: o.server}.Do(r)
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") {
				if receives++; receives == nth {
					return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
				}
			}
			return answer, err
		})
	})
}

type losing func(*http.Request) (*http.Response, error)

func (l losing) Do(r *http.Request) (*http.Response, error) { return l(r) }

// A receipt handle whose hold is over still works, on the delivery that another
// consumer has in hand.
func TestReleaseLeavesWhatOthersHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(5)
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got, err := o.deadLetters.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 10}); err != nil || len(got) != 5 {
			t.Fatalf("%d letters, %v", len(got), err)
		}
		if err := look.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := o.deadLetters.Counts(); c.InFlight != 5 {
			t.Errorf("%+v", c)
		}
	})
}
