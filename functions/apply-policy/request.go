package main

import (
	"time"

	"sespolicy/shared/check"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// request is one message of a batch.
type request struct {
	message.Message
	check.Verdict                 // of what opening the message refused too
	index         int             // its place in the batch
	outcome       outcome.Outcome // how it ended
	call          time.Duration   // how long its attempts took, without waiting for their turn
}

// newer reports whether r was sent after other: by the queue's SentTimestamp, and
// within one millisecond by the order of delivery.
func (r *request) newer(other *request) bool {
	if !r.Sent.Equal(other.Sent) {
		return r.Sent.After(other.Sent)
	}
	return r.index > other.index
}

// queued is how long the request has been in the queue.
func (r *request) queued() time.Duration {
	if r.Sent.IsZero() {
		return 0
	}
	return max(0, time.Since(r.Sent))
}

// result is how the request ended with o, and who is told.
func (r *request) result(o outcome.Outcome) reply.Result {
	result := reply.Result{Message: r.Message, Outcome: o, Warnings: r.Warnings}
	if o.IsTold() {
		result.AnswerTo = r.AnswerTo
	}
	return result
}
