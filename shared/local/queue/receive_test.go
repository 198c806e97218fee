package queue

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// polled is what a poll got, and after how long.
type polled struct {
	messages []Message
	err      error
	after    time.Duration
}

// poll receives in the background; when it returns, the receive waits.
func poll(ctx context.Context, q *Queue, wait time.Duration) <-chan polled {
	done := make(chan polled, 1)
	began := time.Now()
	go func() {
		messages, err := q.Receive(ctx, ReceiveOptions{MaxMessages: 10, Wait: &wait})
		done <- polled{messages, err, time.Since(began)}
	}()
	synctest.Wait()
	return done
}

func TestLongPollWakes(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		reason  string
		prepare func(t *testing.T, q *Queue)
		after   time.Duration
		count   int
	}{
		{"nothing comes", func(*testing.T, *Queue) {}, 20 * second, 0},
		{"a message is sent", func(t *testing.T, q *Queue) {
			time.AfterFunc(3*second, func() { send(t, q, Input{Body: "x"}) })
		}, 3 * second, 1},
		{"a delay ends", func(t *testing.T, q *Queue) {
			send(t, q, Input{Body: "x", Delay: new(7 * second)})
		}, 7 * second, 1},
		{"a visibility timeout ends", func(t *testing.T, q *Queue) {
			send(t, q, Input{Body: "x"})
			receiveOne(t, q)
		}, 10 * second, 1},
		{"it ends in the last moment of the wait", func(t *testing.T, q *Queue) {
			send(t, q, Input{Body: "x", Delay: new(20 * second)})
		}, 20 * second, 1},
		{"a visibility timeout is cut short", func(t *testing.T, q *Queue) {
			send(t, q, Input{Body: "x"})
			m := receiveOne(t, q)
			time.AfterFunc(2*second, func() {
				if err := q.ChangeVisibility(t.Context(), m.ReceiptHandle, 3*second); err != nil {
					t.Error(err)
				}
			})
		}, 5 * second, 1},
		{"a message is given back at once", func(t *testing.T, q *Queue) {
			send(t, q, Input{Body: "x"})
			m := receiveOne(t, q)
			time.AfterFunc(2*second, func() {
				if err := q.ChangeVisibility(t.Context(), m.ReceiptHandle, 0); err != nil {
					t.Error(err)
				}
			})
		}, 2 * second, 1},
	} {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := create(t, newServer(), "Q", map[string]string{"VisibilityTimeout": "10"})
				c.prepare(t, q)
				got := <-poll(t.Context(), q, 20*second)
				if got.err != nil || len(got.messages) != c.count || got.after != c.after {
					t.Errorf("%d messages after %v (%v), want %d after %v", len(got.messages), got.after, got.err, c.count, c.after)
				}
			})
		})
	}
}

func TestWaitersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		first := poll(t.Context(), q, 20*time.Second)
		second := poll(t.Context(), q, 20*time.Second)
		time.Sleep(time.Second)
		send(t, q, Input{Body: "one"})
		time.Sleep(time.Second)
		send(t, q, Input{Body: "two"})
		if got := <-first; got.after != time.Second || !slices.Equal(bodies(got.messages), []string{"one"}) {
			t.Errorf("the first waiter got %v after %v", bodies(got.messages), got.after)
		}
		if got := <-second; got.after != 2*time.Second || !slices.Equal(bodies(got.messages), []string{"two"}) {
			t.Errorf("the second waiter got %v after %v", bodies(got.messages), got.after)
		}
	})
}

func TestCancelledPollTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		got := <-poll(ctx, q, 20*time.Second)
		if !errors.Is(got.err, context.DeadlineExceeded) || got.after != 4*time.Second {
			t.Errorf("%v after %v, want the deadline after 4s", got.err, got.after)
		}
		send(t, q, Input{Body: "x"})
		if counts := q.Counts(); counts.Visible != 1 {
			t.Errorf("the message went to a poll that was over: %+v", counts)
		}
	})
}

func TestDeletingAQueueEndsItsPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		q := create(t, s, "Q", nil)
		waiting := poll(t.Context(), q, 20*time.Second)
		s.mu.Lock()
		q.remove()
		s.mu.Unlock()
		got := <-waiting
		wantCode(t, got.err, queueDoesNotExist.Code)

		create(t, s, "Q", nil)
		_, err := q.Send(t.Context(), Input{Body: "to the old one"})
		wantCode(t, err, queueDoesNotExist.Code)
	})
}

func TestQueueDelayAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", map[string]string{"DelaySeconds": "9", "ReceiveMessageWaitTimeSeconds": "20"})
		send(t, q, Input{Body: "as the queue says"})
		send(t, q, Input{Body: "as the message says", Delay: new(time.Duration(0))})
		began := time.Now()
		for _, want := range []struct {
			body  string
			after time.Duration
		}{{"as the message says", 0}, {"as the queue says", 9 * time.Second}} {
			messages, err := q.Receive(t.Context(), ReceiveOptions{})
			if err != nil || len(messages) != 1 || messages[0].Body != want.body || time.Since(began) != want.after {
				t.Errorf("%v after %v (%v), want %q after %v", bodies(messages), time.Since(began), err, want.body, want.after)
			}
		}
	})
}

func TestReceiveRanges(t *testing.T) {
	q := create(t, newServer(), "Q", nil)
	for reason, c := range map[string]struct {
		options ReceiveOptions
		code    string
	}{
		"all at most":          {ReceiveOptions{MaxMessages: 10, Wait: new(time.Duration(0)), VisibilityTimeout: new(12 * time.Hour)}, ""},
		"eleven messages":      {ReceiveOptions{MaxMessages: 11}, invalidParameterValue.Code},
		"fewer than none":      {ReceiveOptions{MaxMessages: -1}, invalidParameterValue.Code},
		"a wait over 20 s":     {ReceiveOptions{Wait: new(21 * time.Second)}, invalidParameterValue.Code},
		"a wait below 0":       {ReceiveOptions{Wait: new(-time.Second)}, invalidParameterValue.Code},
		"visibility over 12 h": {ReceiveOptions{VisibilityTimeout: new(12*time.Hour + time.Second)}, invalidParameterValue.Code},
		"visibility below 0":   {ReceiveOptions{VisibilityTimeout: new(-time.Second)}, invalidParameterValue.Code},
	} {
		t.Run(reason, func(t *testing.T) {
			_, err := q.Receive(t.Context(), c.options)
			wantCode(t, err, c.code)
		})
	}
}
