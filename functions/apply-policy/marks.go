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

// overtaken reports whether something newer was applied for the request's key,
// or the resource of its stack was deleted since: a create that waits while
// another resource of the stack fails is cancelled, and its Delete, which
// CloudFormation sends with an id of its own making, may get here first.
func (m *marks) overtaken(r *request) bool {
	return m.newer(r.Request.Key(), r) || m.newer(resource(r), r)
}

func (m *marks) newer(key string, r *request) bool {
	applied, ok := m.sent.Get(key)
	return ok && applied.After(r.Sent)
}

// applied notes that r has taken effect.
func (m *marks) applied(r *request) {
	if !r.Request.Nothing {
		m.sent.Add(r.Request.Key(), r.Sent)
	}
	if r.CloudFormation != nil && r.CloudFormation.RequestType == "Delete" {
		m.sent.Add(resource(r), r.Sent)
	}
}

// resource names the resource of a stack that a request is for; empty for
// requests that are for none. No policy's key has a space.
func resource(r *request) string {
	if r.CloudFormation == nil {
		return ""
	}
	return r.CloudFormation.StackID + " " + r.CloudFormation.LogicalResourceID
}
