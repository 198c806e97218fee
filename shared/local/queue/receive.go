package queue

import (
	"context"
	"slices"
	"time"
)

// ReceiveOptions are the parameters of a receive. The zero value takes one
// message under the queue's own visibility timeout and waiting time.
type ReceiveOptions struct {
	MaxMessages       int            // 1 to 10; 0 means 1
	Wait              *time.Duration // nil: the queue's; 0 to 20 s
	VisibilityTimeout *time.Duration // nil: the queue's; 0 to 12 h
}

// maxInFlight is the quota of messages in flight. Beyond it a receive gets
// OverLimit.
const maxInFlight = 120_000

// waiter is a receive that found nothing and waits.
type waiter struct {
	limit      int
	visibility *time.Duration
	done       chan received // holds one, so that handing over never blocks
}

type received struct {
	messages []Message
	err      error
}

// Receive returns messages and hides them for the visibility timeout. If there
// are none it waits, at most for the waiting time, until one is sent or becomes
// visible. The receive that has waited longest is served first. When ctx ends it
// returns ctx.Err(), unless messages were just handed to it.
func (q *Queue) Receive(ctx context.Context, options ReceiveOptions) ([]Message, error) {
	return under(ctx, q.server, Call{"ReceiveMessage", q.name}, func() ([]Message, error) {
		return q.receive(ctx, options)
	})
}

func (q *Queue) receive(ctx context.Context, options ReceiveOptions) ([]Message, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, wait, err := q.enter(options)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case r := <-w.done:
		return r.messages, r.err
	case <-timer.C:
		return q.giveUp(w, nil)
	case <-ctx.Done():
		return q.giveUp(w, ctx.Err())
	}
}

func (o ReceiveOptions) check() error {
	if err := checkRange(o.MaxMessages, "MaxNumberOfMessages", 0, 10); err != nil {
		return err
	}
	if w := o.Wait; w != nil && (*w < 0 || *w > 20*time.Second) {
		return invalidValue(seconds(*w), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	}
	if v := o.VisibilityTimeout; v != nil {
		return checkRange(seconds(*v), "VisibilityTimeout", 0, seconds(maxVisibility))
	}
	return nil
}

// enter queues a receiver and serves it at once if there is something.
func (q *Queue) enter(options ReceiveOptions) (*waiter, time.Duration, error) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	if err := q.exists(); err != nil {
		return nil, 0, err
	}
	now := time.Now()
	q.advance(now)
	if q.counts[InFlight] >= maxInFlight {
		return nil, 0, failf(codeOverLimit, "The queue has %d messages in flight, the most there may be: %s.", maxInFlight, q.name)
	}
	w := &waiter{limit: max(options.MaxMessages, 1), visibility: options.VisibilityTimeout, done: make(chan received, 1)}
	q.waiters = append(q.waiters, w)
	wait := q.settings.wait
	if options.Wait != nil {
		wait = *options.Wait
	}
	q.settle(now)
	if wait == 0 && len(w.done) == 0 {
		q.forget(w)
		w.done <- received{}
	}
	return w, wait, nil
}

// giveUp ends a wait. What becomes visible in the very same moment is still
// delivered, and what was handed over is never dropped.
func (q *Queue) giveUp(w *waiter, err error) ([]Message, error) {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	if err == nil {
		q.settle(time.Now())
	}
	q.forget(w)
	select {
	case r := <-w.done:
		return r.messages, r.err
	default:
		return nil, err
	}
}

func (q *Queue) forget(w *waiter) {
	q.waiters = slices.DeleteFunc(q.waiters, func(other *waiter) bool { return other == w })
	if len(q.waiters) == 0 {
		q.disarm()
	}
}

// settle brings the queue up to now, serves the receives that wait, and sets the
// alarm for the next change. Every change of a queue ends with it.
func (q *Queue) settle(now time.Time) {
	q.advance(now)
	for len(q.waiters) > 0 {
		w := q.waiters[0]
		visibility := q.settings.visibilityTimeout
		if w.visibility != nil {
			visibility = *w.visibility
		}
		messages := q.deliver(w.limit, visibility, now)
		if len(messages) == 0 {
			break
		}
		q.waiters = q.waiters[1:]
		w.done <- received{messages: messages}
		q.advance(now) // under a visibility timeout of 0 they are visible again
	}
	q.disarm()
	if len(q.waiters) > 0 && len(q.hidden) > 0 {
		q.arm(q.hidden[0].VisibleAt.Sub(now))
	}
}

// ring settles the queue a moment later, for callers at work on another queue.
func (q *Queue) ring() {
	if len(q.waiters) > 0 {
		q.disarm()
		q.arm(0)
	}
}

func (q *Queue) arm(after time.Duration) {
	q.alarm = time.AfterFunc(after, func() {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		q.settle(time.Now())
	})
}

func (q *Queue) disarm() {
	if q.alarm != nil {
		q.alarm.Stop()
		q.alarm = nil
	}
}

// deliver hands out up to limit visible messages and hides them.
func (q *Queue) deliver(limit int, visibility time.Duration, now time.Time) []Message {
	limit = min(limit, maxInFlight-q.counts[InFlight])
	var messages []Message
	for _, e := range q.pick(limit, now) {
		e.receives++
		e.ReceiveCount++
		if e.FirstReceived.IsZero() {
			e.FirstReceived = now
		}
		e.receivedAt = now
		e.receipt = q.server.next()
		q.hide(e, now.Add(visibility))
		m := e.Message
		m.ReceiptHandle = q.handle(e)
		messages = append(messages, m)
		q.duplicate(e, now)
	}
	return messages
}

// pick takes up to limit entries for delivery. The caller hides them.
func (q *Queue) pick(limit int, now time.Time) []*entry {
	var picked []*entry
	for len(picked) < limit {
		e := q.nextReady()
		if e == nil {
			break
		}
		if q.exhausted(e) {
			q.deadLetter(e, now)
			continue
		}
		picked = append(picked, e)
	}
	return picked
}

// nextReady takes the entry that has been visible longest, or the one that the
// fault hook picks; nil if there is none.
func (q *Queue) nextReady() *entry {
	for len(q.ready) > 0 {
		if pick := q.server.faults.Pick; pick != nil {
			at := pick(len(q.ready))
			q.ready[0], q.ready[at] = q.ready[at], q.ready[0]
		}
		e := q.ready[0]
		q.ready[0] = nil
		q.ready = q.ready[1:]
		if e.State == Visible {
			return e
		}
	}
	return nil
}

// duplicate leaves a copy of a delivered message behind, if the hook says so.
func (q *Queue) duplicate(e *entry, now time.Time) {
	hook := q.server.faults.Duplicate
	if hook == nil {
		return
	}
	if after, again := hook(e.Message); again {
		q.put(e.Message, now.Add(after)).receives = e.receives
	}
}
