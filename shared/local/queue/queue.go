package queue

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Queue is one queue, standard or FIFO. Make one with [Server.Create]; all
// methods may be called at the same time, and wake whoever waits in Receive.
type Queue struct {
	server   *Server
	name     string
	fifo     bool
	id       uint64 // tells a queue from an earlier one of the same name
	created  time.Time
	modified time.Time
	settings settings
	tags     map[string]string

	entries map[uint64]*entry // every message, by key
	counts  [gone]int         // by state
	hidden  timeline
	aging   timeline

	ready []*entry // standard: visible entries, longest first; gone ones are skipped

	groups map[string]*group    // FIFO: by MessageGroupId
	turns  []*group             // FIFO: groups that may have something to deliver
	seen   map[string]duplicate // FIFO: by deduplication key
	recent []duplicate          // FIFO: the same, oldest first

	waiters []*waiter
	alarm   *time.Timer // set while somebody waits and something will become visible
	purged  time.Time
	tasks   []*moveTask // newest last
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN returns the queue's ARN.
func (q *Queue) ARN() string { return q.server.arn(q.name) }

// URL returns the queue's URL.
func (q *Queue) URL() string { return q.server.url(q.name) }

// FIFO reports whether it is a FIFO queue.
func (q *Queue) FIFO() bool { return q.fifo }

// VisibilityTimeout returns the queue's own visibility timeout.
func (q *Queue) VisibilityTimeout() time.Duration {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	return q.settings.visibilityTimeout
}

// Counts are the numbers of messages by state.
type Counts struct{ Visible, Delayed, InFlight int }

// Counts returns how many messages the queue holds.
func (q *Queue) Counts() Counts {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	q.advance(time.Now())
	return Counts{Visible: q.counts[Visible], Delayed: q.counts[Delayed], InFlight: q.counts[InFlight]}
}

// Snapshot returns every message, also those in flight, the oldest first. It
// receives nothing and changes nothing.
func (q *Queue) Snapshot() []Message {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	q.advance(time.Now())
	messages := make([]Message, 0, len(q.entries))
	for _, e := range slices.SortedFunc(maps.Values(q.entries), older) {
		m := e.Message
		m.ReceiptHandle = ""
		messages = append(messages, m)
	}
	return messages
}

func older(a, b *entry) int {
	return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.key, b.key))
}

// Purge deletes every message, also those in flight. SQS refuses a second
// purge within 60 seconds.
func (q *Queue) Purge(ctx context.Context) error {
	_, err := act(ctx, q.server, Call{"PurgeQueue", q.name}, func() (struct{}, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return struct{}{}, q.purge()
	})
	return err
}

const purgeInterval = 60 * time.Second

func (q *Queue) purge() error {
	now := time.Now()
	if err := q.exists(); err != nil {
		return err
	}
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeInterval {
		return failf(codePurgeQueueInProgress, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = now
	q.discard()
	return nil
}

func (q *Queue) discard() {
	for _, e := range slices.SortedFunc(maps.Values(q.entries), older) {
		q.take(e)
	}
	q.ready = nil
}

// exists tells a queue that was deleted while somebody still held it.
func (q *Queue) exists() error {
	if q.server.queues[q.name] != q {
		return missingQueue(q.name)
	}
	return nil
}

// put adds a message that becomes visible at a time, which may be now. The
// caller settles the queue or rings it.
func (q *Queue) put(m Message, visibleAt time.Time) *entry {
	e := &entry{Message: m, key: q.server.next()}
	e.State, e.VisibleAt, e.ReceiptHandle = Delayed, visibleAt, ""
	q.entries[e.key] = e
	q.counts[Delayed]++
	q.aging.add(e, e.Sent)
	if q.fifo {
		q.join(e)
	}
	q.hidden.add(e, visibleAt)
	return e
}

// take removes an entry from the queue: deleted, expired, purged or moved.
func (q *Queue) take(e *entry) {
	q.counts[e.State]--
	delete(q.entries, e.key)
	q.hidden.remove(e)
	q.aging.remove(e)
	was := e.State
	e.State = gone
	if q.fifo {
		q.leave(e, was)
	}
}

// show makes an entry visible.
func (q *Queue) show(e *entry) {
	was := e.State
	q.counts[was]--
	q.counts[Visible]++
	q.hidden.remove(e)
	e.State, e.VisibleAt = Visible, time.Time{}
	if q.fifo {
		q.rejoin(e, was)
	} else {
		q.ready = append(q.ready, e)
	}
}

// hide makes a delivered entry invisible until a time.
func (q *Queue) hide(e *entry, until time.Time) {
	q.counts[e.State]--
	q.counts[InFlight]++
	e.State, e.VisibleAt = InFlight, until
	q.hidden.remove(e)
	q.hidden.add(e, until)
}

// advance does what time has brought: messages past their retention go, those
// whose delay or visibility timeout is over become visible.
func (q *Queue) advance(now time.Time) {
	for {
		e, due := q.aging.due(now.Add(-q.settings.retention))
		if !due {
			break
		}
		q.take(e)
	}
	for {
		e, due := q.hidden.due(now)
		if !due {
			break
		}
		q.show(e)
	}
}
