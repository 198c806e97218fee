package queue

import (
	"context"
	"slices"
	"time"
)

// maxReceived is how many messages one receive can get.
const maxReceived = 10

// ReceiveOptions are the parameters of a receive. The zero value takes one
// message under the queue's own visibility timeout and waiting time.
type ReceiveOptions struct {
	MaxMessages       int            // 1 to 10; 0 means 1
	Wait              *time.Duration // nil: the queue's; 0 to 20 s
	VisibilityTimeout *time.Duration // nil: the queue's; 0 to 12 h
}

func (o ReceiveOptions) check() error {
	if err := checkRange(&o.MaxMessages, "MaxNumberOfMessages", 0, maxReceived); err != nil {
		return err
	}
	if err := checkRange(seconds(o.Wait), "WaitTimeSeconds", 0, 20); err != nil {
		return err
	}
	return checkRange(seconds(o.VisibilityTimeout), "VisibilityTimeout", 0, maxVisibility)
}

// waiter is a receive that waits for messages.
type waiter struct {
	limit      int
	visibility *time.Duration
	done       chan struct{} // closed when it has messages or err
	messages   []Message
	err        error
}

func (w *waiter) end(messages []Message, err error) {
	w.messages, w.err = messages, err
	close(w.done)
}

// Receive returns messages and hides them for the visibility timeout. If there
// are none it waits, at most for the waiting time, until one is sent or becomes
// visible. The receive that has waited longest is served first. When ctx ends it
// returns ctx.Err(), unless messages were just handed to it.
func (q *Queue) Receive(ctx context.Context, options ReceiveOptions) ([]Message, error) {
	return called(ctx, q, "ReceiveMessage", func() ([]Message, error) { return q.receive(ctx, options) })
}

// receive gives the lock back while it waits.
func (q *Queue) receive(ctx context.Context, options ReceiveOptions) ([]Message, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{limit: max(options.MaxMessages, 1), visibility: options.VisibilityTimeout, done: make(chan struct{})}
	q.waiters = append(q.waiters, w)
	q.settle(time.Now())
	wait := q.seconds("ReceiveMessageWaitTimeSeconds")
	if options.Wait != nil {
		wait = *options.Wait
	}
	if wait > 0 && w.messages == nil {
		q.await(ctx, w, wait)
	}
	q.waiters = slices.DeleteFunc(q.waiters, func(other *waiter) bool { return other == w })
	if w.messages == nil && w.err == nil {
		return nil, ctx.Err()
	}
	return w.messages, w.err // what was handed over is never dropped
}

// await waits, without the lock, until the waiter is served, its time is over or
// ctx ends. What becomes visible in the very moment when the time is over is
// still delivered.
func (q *Queue) await(ctx context.Context, w *waiter, wait time.Duration) {
	q.server.mu.Unlock()
	defer q.server.mu.Lock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-ctx.Done():
	case <-timer.C:
		q.server.mu.Lock()
		q.settle(time.Now())
		q.server.mu.Unlock()
	}
}

// settle serves the receives that wait, and sets the alarm for what becomes
// visible next. Every change of a queue ends with it.
func (q *Queue) settle(now time.Time) {
	for len(q.waiters) > 0 {
		w := q.waiters[0]
		visibility := q.seconds("VisibilityTimeout")
		if w.visibility != nil {
			visibility = *w.visibility
		}
		messages := q.deliver(w.limit, visibility, now)
		if len(messages) == 0 {
			break
		}
		q.waiters = q.waiters[1:]
		w.end(messages, nil)
	}
	if next := q.visible(now); next < len(q.line) {
		q.ring(q.line[next].VisibleAt.Sub(now))
	}
}

// ring settles the queue later, if a receive waits.
func (q *Queue) ring(after time.Duration) {
	if q.alarm != nil {
		q.alarm.Stop()
	}
	if len(q.waiters) == 0 {
		return
	}
	q.alarm = time.AfterFunc(after, func() {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		q.settle(time.Now())
	})
}

// deliver hands out up to limit visible messages and hides them: those that have
// been visible longest, or as the fault hook picks.
func (q *Queue) deliver(limit int, visibility time.Duration, now time.Time) []Message {
	hooks := q.server.faults
	var picked []*entry
	for n := q.visible(now); n > 0 && len(picked) < limit; n = q.visible(now) {
		at := 0
		if hooks.Pick != nil {
			at = hooks.Pick(n)
		}
		if e := q.line[at]; !q.deadLetter(e, now) {
			q.leave(e)
			picked = append(picked, e)
		}
	}
	var messages []Message
	for _, e := range picked {
		e.receives++
		e.ReceiveCount++
		if e.FirstReceived.IsZero() {
			e.FirstReceived = now
		}
		e.receivedAt, e.receipt = now, q.server.next()
		q.queueUp(e, now.Add(visibility))
		m := e.Message
		m.ReceiptHandle = q.handle(e)
		messages = append(messages, m)
		if hooks.Duplicate != nil {
			if after, again := hooks.Duplicate(e.Message); again {
				q.put(e.Message, now.Add(after)).receives = e.receives
			}
		}
	}
	return messages
}
