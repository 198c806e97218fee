package queue

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"sespolicy/shared/local/wire"
)

// Queue is one standard queue. Make one with [Server.Create]. All methods are
// safe for concurrent use.
type Queue struct {
	server     *Server
	name       string
	attributes map[string]string // all that can be set, defaults included; "" if absent
	redrive    redrivePolicy

	entries map[uint64]*entry // every message, by key
	line    []*entry          // every message, by the time when it becomes or became visible, then by key

	waiters []*waiter
	alarm   *time.Timer // settles the queue when something becomes visible for a waiter
	purged  time.Time
	tasks   []*moveTask // newest last
}

// entry is a message in one queue. It is a different entry after a move.
type entry struct {
	Message
	key        uint64 // in the order the messages came; a receipt handle names it
	receipt    uint64 // of the newest receive; older handles delete nothing
	receivedAt time.Time
	receives   int // from this queue, which is what a redrive policy counts
}

// inLine orders entries so that equal times give the same order in every run.
func inLine(a, b *entry) int {
	return cmp.Or(a.VisibleAt.Compare(b.VisibleAt), cmp.Compare(a.key, b.key))
}

func (e *entry) state(now time.Time) State {
	switch {
	case !e.VisibleAt.After(now):
		return Visible
	case e.receivedAt.IsZero():
		return Delayed
	}
	return InFlight
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN returns the queue's ARN.
func (q *Queue) ARN() string { return wire.ARN("sqs", q.name) }

// URL returns the queue's URL.
func (q *Queue) URL() string {
	return q.server.config.BaseURL + "/" + wire.Account + "/" + q.name
}

// VisibilityTimeout returns the queue's own visibility timeout.
func (q *Queue) VisibilityTimeout() time.Duration {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	return q.seconds("VisibilityTimeout")
}

// Counts are the numbers of messages by state.
type Counts struct{ Visible, Delayed, InFlight int }

// Counts returns how many messages the queue holds.
func (q *Queue) Counts() Counts {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	return q.count(time.Now())
}

func (q *Queue) count(now time.Time) Counts {
	var by [3]int
	for _, e := range q.line {
		by[e.state(now)]++
	}
	return Counts{Visible: by[Visible], Delayed: by[Delayed], InFlight: by[InFlight]}
}

// Snapshot returns every message, also those in flight, the oldest first. It
// receives nothing and changes nothing.
func (q *Queue) Snapshot() []Message {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	now := time.Now()
	messages := make([]Message, 0, len(q.entries))
	oldest := func(a, b *entry) int { return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.key, b.key)) }
	for _, e := range slices.SortedFunc(maps.Values(q.entries), oldest) {
		m := e.Message
		m.State = e.state(now)
		messages = append(messages, m)
	}
	return messages
}

const purgeInterval = 60 * time.Second

// purge deletes every message, also those in flight. SQS refuses a second purge
// within 60 seconds.
func (q *Queue) purge() error {
	now := time.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeInterval {
		return fail(purgeQueueInProgress, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged, q.line = now, nil
	clear(q.entries)
	return nil
}

// remove deletes the queue with all it holds. Receives that wait on it fail.
func (q *Queue) remove() {
	delete(q.server.queues, q.name)
	clear(q.entries)
	q.line = nil
	for _, w := range q.waiters {
		w.end(nil, missingQueue(q.name))
	}
	q.waiters = nil
	for _, task := range q.tasks {
		task.end(taskFailed, queueDoesNotExist.Query)
	}
}

// put adds a message that becomes visible at a time, which may be now. The
// caller settles the queue or rings it.
func (q *Queue) put(m Message, visibleAt time.Time) *entry {
	e := &entry{Message: m, key: q.server.next()}
	q.entries[e.key] = e
	q.queueUp(e, visibleAt)
	return e
}

// queueUp gives an entry that is not in line its place.
func (q *Queue) queueUp(e *entry, visibleAt time.Time) {
	e.VisibleAt = visibleAt
	at, _ := slices.BinarySearchFunc(q.line, e, inLine)
	q.line = slices.Insert(q.line, at, e)
}

// leave takes an entry out of the line.
func (q *Queue) leave(e *entry) {
	at, _ := slices.BinarySearchFunc(q.line, e, inLine)
	if at == 0 {
		q.line = q.line[1:] // the usual case is cheap however long the line is
		return
	}
	q.line = slices.Delete(q.line, at, at+1)
}

// take removes an entry from the queue: deleted or moved.
func (q *Queue) take(e *entry) {
	q.leave(e)
	delete(q.entries, e.key)
}

// visible is how many messages, from the head of the line, are visible.
func (q *Queue) visible(now time.Time) int {
	n, _ := slices.BinarySearchFunc(q.line, now, func(e *entry, now time.Time) int {
		if e.VisibleAt.After(now) {
			return 1
		}
		return -1
	})
	return n
}
