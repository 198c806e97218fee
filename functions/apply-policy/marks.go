package main

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// marksKept bounds the memory of what was applied: about 2 MB. An identity has
// at most 20 policies, so it is 500 identities with all of theirs.
const marksKept = 10_000

// marks remembers, for the policies applied last, when the request that SES
// took was sent. A delayed older request is known by it across batches.
//
// It is one instance's memory and it forgets: on a standard queue the order
// across batches is best effort. On a FIFO queue whose groups are the
// identities no older request can come after a newer one, and nothing hangs on
// it.
type marks struct {
	sent *lru.Cache[string, time.Time]
}

func newMarks() *marks {
	cache, err := lru.New[string, time.Time](marksKept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &marks{sent: cache}
}

// overtaken reports whether something newer was applied for the request's key.
func (m *marks) overtaken(r *request) bool {
	applied, ok := m.sent.Get(r.Request.Key())
	return ok && applied.After(r.Sent)
}

// applied notes that SES has taken r.
func (m *marks) applied(r *request) {
	m.sent.Add(r.Request.Key(), r.Sent)
}
