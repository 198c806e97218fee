package queue

import (
	"container/heap"
	"time"
)

// entry is a message in one queue. It is a different entry after a move.
type entry struct {
	Message
	key        uint64 // in the order the messages came; a receipt handle names it
	receipt    uint64 // of the newest receive; older handles delete nothing
	receivedAt time.Time
	receives   int // from this queue, which is what a redrive policy counts
	place      int // one more than the index in the timeline, 0 when absent
}

// timeline is a heap of Delayed and InFlight entries by the time when they
// become visible, then by key, so that equal times give the same order in every
// run.
type timeline []*entry

func (t *timeline) remove(e *entry) {
	if e.place > 0 {
		heap.Remove(t, e.place-1)
	}
}

// Len is part of heap.Interface, as are the four below.
func (t timeline) Len() int { return len(t) }

func (t timeline) Less(i, j int) bool {
	if order := t[i].VisibleAt.Compare(t[j].VisibleAt); order != 0 {
		return order < 0
	}
	return t[i].key < t[j].key
}

func (t timeline) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i+1, j+1
}

// Push appends x, an *entry.
func (t *timeline) Push(x any) {
	e := x.(*entry)
	*t = append(*t, e)
	e.place = len(*t)
}

// Pop removes the last entry.
func (t *timeline) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	e.place = 0
	return e
}
