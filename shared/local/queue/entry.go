package queue

import (
	"container/heap"
	"time"
)

// entry is a message in one queue. It is a different entry after a move.
type entry struct {
	Message
	key        uint64 // in the order the messages came; a receipt handle names it
	receipt    uint64 // of the newest receive; older handles do nothing
	receivedAt time.Time
	receives   int // from this queue, which is what a redrive policy counts

	at    [2]time.Time // per timeline: when it is due
	place [2]int       // per timeline: one more than the index, 0 when absent
}

// The timelines of a queue.
const (
	hiding = iota // Delayed and InFlight entries, by when they become visible
	aging         // all entries, by when they were sent
)

// timeline is a heap of entries by time, then by key, so that equal times give
// the same order in every run.
type timeline struct {
	slot  int
	items []*entry
}

func (t *timeline) add(e *entry, at time.Time) {
	e.at[t.slot] = at
	heap.Push(t, e)
}

func (t *timeline) remove(e *entry) {
	if e.place[t.slot] > 0 {
		heap.Remove(t, e.place[t.slot]-1)
	}
}

// due returns the first entry if its time is not after now.
func (t *timeline) due(now time.Time) (*entry, bool) {
	if len(t.items) == 0 || t.items[0].at[t.slot].After(now) {
		return nil, false
	}
	return t.items[0], true
}

// Len is part of heap.Interface, as are the four below.
func (t *timeline) Len() int { return len(t.items) }

func (t *timeline) Less(i, j int) bool {
	a, b := t.items[i], t.items[j]
	if order := a.at[t.slot].Compare(b.at[t.slot]); order != 0 {
		return order < 0
	}
	return a.key < b.key
}

func (t *timeline) Swap(i, j int) {
	t.items[i], t.items[j] = t.items[j], t.items[i]
	t.items[i].place[t.slot], t.items[j].place[t.slot] = i+1, j+1
}

// Push appends x, an *entry.
func (t *timeline) Push(x any) {
	e := x.(*entry)
	t.items = append(t.items, e)
	e.place[t.slot] = len(t.items)
}

// Pop removes the last entry.
func (t *timeline) Pop() any {
	last := len(t.items) - 1
	e := t.items[last]
	t.items[last] = nil
	t.items = t.items[:last]
	e.place[t.slot] = 0
	return e
}
