package queue

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// Queue is one standard queue. Make one with [Server.Create]. All methods are
// safe for concurrent use.
type Queue struct {
	server   *Server
	name     string
	id       uint64 // tells a queue from an earlier one of the same name
	created  time.Time
	modified time.Time
	settings settings

	entries map[uint64]*entry // every message, by key
	counts  [gone]int         // by state
	hidden  timeline
	oldest  time.Time // no message was sent before this; zero without any
	ready   []*entry  // visible entries, longest first; those in another state are skipped

	waiters []*waiter
	alarm   *time.Timer // set while a receive waits and something will become visible
	purged  time.Time
	tasks   []*moveTask // newest last
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN returns the queue's ARN.
func (q *Queue) ARN() string { return q.server.arn(q.name) }

// URL returns the queue's URL.
func (q *Queue) URL() string { return q.server.url(q.name) }

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

const purgeInterval = 60 * time.Second

// purge deletes every message, also those in flight. SQS refuses a second purge
// within 60 seconds.
func (q *Queue) purge() error {
	now := time.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeInterval {
		return failf(codePurgeQueueInProgress, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = now
	q.discard()
	return nil
}

func (q *Queue) discard() {
	for _, e := range q.entries {
		q.take(e)
	}
	q.ready = nil
}

// exists fails for a queue that was deleted while a caller still held it.
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
	if q.oldest.IsZero() || e.Sent.Before(q.oldest) {
		q.oldest = e.Sent
	}
	heap.Push(&q.hidden, e)
	return e
}

// take removes an entry from the queue: deleted, expired, purged or moved.
func (q *Queue) take(e *entry) {
	q.counts[e.State]--
	delete(q.entries, e.key)
	q.hidden.remove(e)
	e.State = gone
}

// show makes an entry visible.
func (q *Queue) show(e *entry) {
	q.counts[e.State]--
	q.counts[Visible]++
	q.hidden.remove(e)
	e.State, e.VisibleAt = Visible, time.Time{}
	q.ready = append(q.ready, e)
}

// hide makes an entry invisible until a time.
func (q *Queue) hide(e *entry, until time.Time) {
	q.counts[e.State]--
	q.counts[InFlight]++
	q.hidden.remove(e)
	e.State, e.VisibleAt = InFlight, until
	heap.Push(&q.hidden, e)
}

// advance brings the queue up to now: messages past their retention go, those
// whose delay or visibility timeout is over become visible.
func (q *Queue) advance(now time.Time) {
	if !q.oldest.IsZero() && !q.oldest.Add(q.settings.retention).After(now) {
		q.expire(now)
	}
	for len(q.hidden) > 0 && !q.hidden[0].VisibleAt.After(now) {
		q.show(q.hidden[0])
	}
}

// expire takes what is past its retention, and finds the oldest of the rest.
func (q *Queue) expire(now time.Time) {
	q.oldest = time.Time{}
	for _, e := range q.entries {
		switch {
		case !e.Sent.Add(q.settings.retention).After(now):
			q.take(e)
		case q.oldest.IsZero() || e.Sent.Before(q.oldest):
			q.oldest = e.Sent
		}
	}
}
