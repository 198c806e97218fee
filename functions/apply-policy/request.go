package main

import (
	"time"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// request is one message of a batch on its way to an outcome.
type request struct {
	message.Message
	index    int                // its place in the batch
	refused  *outcome.Rejection // found before any call; nil when it may be applied
	warnings []finding.Finding
	outcome  outcome.Outcome
	untried  bool          // no call was begun for it: it may come back at once
	call     time.Duration // what its attempts took, without the waiting for their turns
}

// newer reports whether r was asked for after other: by the queue's own time,
// and within one millisecond by the order of delivery, which is all there is
// on a standard queue and exact on a FIFO queue.
func (r *request) newer(other *request) bool {
	if !r.Sent.Equal(other.Sent) {
		return r.Sent.After(other.Sent)
	}
	return r.index > other.index
}

// queued is how long the request was in the queue until now.
func (r *request) queued() time.Duration {
	if r.Sent.IsZero() {
		return 0
	}
	return max(0, time.Since(r.Sent))
}
