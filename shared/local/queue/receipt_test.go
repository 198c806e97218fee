package queue

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOldHandleDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		send(t, q, Input{Body: "x"})
		first := receiveOne(t, q)
		time.Sleep(30 * time.Second)
		second := receiveOne(t, q)
		if second.ReceiveCount != 2 || !second.FirstReceived.Equal(first.FirstReceived) {
			t.Errorf("receive count %d, first received %v; want 2 and %v", second.ReceiveCount, second.FirstReceived, first.FirstReceived)
		}
		wantCode(t, q.Delete(t.Context(), first.ReceiptHandle), "")
		if q.Counts().InFlight != 1 {
			t.Error("the old handle deleted the message")
		}
		wantCode(t, q.Delete(t.Context(), second.ReceiptHandle), "")
		if q.Counts() != (Counts{}) {
			t.Error("the newest handle did not delete the message")
		}
		wantCode(t, q.Delete(t.Context(), second.ReceiptHandle), "")
	})
}

func TestDeleteAfterVisibilityTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		q := create(t, s, "Q", nil)
		send(t, q, Input{Body: "x"})
		m := receiveOne(t, q)
		time.Sleep(30 * time.Second)
		wantCode(t, q.Delete(t.Context(), m.ReceiptHandle), "")
		if got := receive(t, q); len(got) != 0 {
			t.Error("deleted while visible, it was delivered all the same")
		}
	})
}

func TestHandlesOfOthersAreRefused(t *testing.T) {
	s := newServer()
	q, other := create(t, s, "Q", nil), create(t, s, "Other", nil)
	send(t, q, Input{Body: "x"})
	m := receiveOne(t, q)
	for reason, c := range map[string]struct {
		queue        *Queue
		handle, code string
	}{
		"of another queue": {other, m.ReceiptHandle, receiptHandleIsInvalid.Code},
		"not one at all":   {q, "hello", receiptHandleIsInvalid.Code},
		"empty":            {q, "", receiptHandleIsInvalid.Code},
	} {
		t.Run(reason, func(t *testing.T) {
			wantCode(t, c.queue.Delete(t.Context(), c.handle), c.code)
			wantCode(t, c.queue.ChangeVisibility(t.Context(), c.handle, 0), c.code)
		})
	}
}

func TestHandleOfAnEarlierQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		earlier := create(t, s, "Q", nil)
		send(t, earlier, Input{Body: "x"})
		m := receiveOne(t, earlier)
		s.mu.Lock()
		earlier.remove()
		s.mu.Unlock()
		again := create(t, s, "Q", nil)
		send(t, again, Input{Body: "x"})
		receiveOne(t, again)
		wantCode(t, again.Delete(t.Context(), m.ReceiptHandle), "")
		if again.Counts().InFlight != 1 {
			t.Error("the handle of the earlier queue deleted a message of the later one")
		}
	})
}

func TestChangeVisibility(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		reason string
		before time.Duration // from the receive to the change
		change time.Duration
		code   string
	}{
		{"shorter", 0, time.Second, ""},
		{"longer", 29 * time.Second, hour, ""},
		{"twelve hours at once", 0, 12 * hour, ""},
		{"over twelve hours", 0, 12*hour + time.Second, invalidParameterValue.Code},
		{"below 0", 0, -time.Second, invalidParameterValue.Code},
		{"over twelve hours from the receive", time.Second, 12 * hour, invalidParameterValue.Code},
		{"visible again: hidden once more", 30 * time.Second, hour, ""},
	} {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := create(t, newServer(), "Q", nil)
				send(t, q, Input{Body: "x"})
				m := receiveOne(t, q)
				time.Sleep(c.before)
				wantCode(t, q.ChangeVisibility(t.Context(), m.ReceiptHandle, c.change), c.code)
				if c.code != "" {
					return
				}
				time.Sleep(c.change - 1)
				if got := receive(t, q); len(got) != 0 {
					t.Error("visible before its time")
				}
				time.Sleep(time.Nanosecond)
				receiveOne(t, q)
			})
		})
	}
}

func TestVisibilityTimeoutOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		send(t, q, Input{Body: "x"})
		for want := 1; want <= 3; want++ {
			got, err := q.Receive(t.Context(), ReceiveOptions{MaxMessages: 10, VisibilityTimeout: new(time.Duration(0))})
			if err != nil || len(got) != 1 || got[0].ReceiveCount != want {
				t.Fatalf("receive %d: %v, %v", want, got, err)
			}
		}
	})
}

func TestPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		send(t, q, Input{Body: "in flight"})
		m := receiveOne(t, q)
		send(t, q, Input{Body: "visible"})
		wantCode(t, q.purge(), "")
		if q.Counts() != (Counts{}) || len(q.Snapshot()) != 0 {
			t.Errorf("left: %+v", q.Counts())
		}
		wantCode(t, q.Delete(t.Context(), m.ReceiptHandle), "")
		time.Sleep(60*time.Second - 1)
		wantCode(t, q.purge(), purgeQueueInProgress.Code)
		time.Sleep(time.Nanosecond)
		wantCode(t, q.purge(), "")
	})
}

// A late change for one delivery acts on the next, as recorded from SQS.
func TestSupersededHandleChangesVisibility(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", nil)
		send(t, q, Input{Body: "x"})
		first := receiveOne(t, q)
		time.Sleep(30 * time.Second)
		second := receiveOne(t, q)
		wantCode(t, q.ChangeVisibility(t.Context(), first.ReceiptHandle, time.Minute), "")
		time.Sleep(59 * time.Second)
		if q.Counts().InFlight != 1 {
			t.Error("visible before the time that the older handle set")
		}
		wantCode(t, q.ChangeVisibility(t.Context(), first.ReceiptHandle, 0), "")
		third := receiveOne(t, q)
		wantCode(t, q.Delete(t.Context(), second.ReceiptHandle), "")
		wantCode(t, q.ChangeVisibility(t.Context(), second.ReceiptHandle, 0), "")
		wantCode(t, q.ChangeVisibility(t.Context(), second.ReceiptHandle, 0), "") // visible already
		if got := receive(t, q); len(got) != 1 || got[0].ReceiveCount != third.ReceiveCount+1 {
			t.Errorf("received %+v, want the one message once", got)
		}
	})
}
