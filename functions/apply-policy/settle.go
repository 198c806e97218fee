package main

import (
	"cmp"
	"context"
	"errors"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// end ends the delivery of a request with an outcome, and returns the one that
// it really ended with.
func (b *batch) end(ctx context.Context, r *request, o outcome.Outcome) outcome.Outcome {
	if r.Receives >= b.maxReceives {
		o = o.Last(r.Receives)
	}
	r.outcome = b.deliver(ctx, r, o)
	b.logRequest(ctx, r)
	return r.outcome
}

// deliver acts on the outcome, in an order in which a crash between two steps
// loses nothing: first the dead letter, then the answer, and only then may the
// message be deleted. If a step fails, or no time is left for it, the outcome is
// a retry.
func (b *batch) deliver(ctx context.Context, r *request, o outcome.Outcome) outcome.Outcome {
	if o.Kind == outcome.Retry {
		return o
	}
	if o.Kind == outcome.Rejected {
		if ctx.Err() != nil {
			return outcome.Of(&outcome.Transient{Cause: outcome.CauseNoTime}, r.Receives)
		}
		if err := b.deadLetters.Send(ctx, r.letter(o)); err != nil {
			return outcome.Of(&outcome.Transient{Cause: outcome.CauseDeadLetter, Err: err}, r.Receives)
		}
	}
	err := b.replies.Answer(ctx, r.result(o))
	switch {
	case errors.Is(err, reply.ErrNobodyWaits):
		b.logFailure(ctx, "answering", err)
	case err != nil:
		return outcome.Of(&outcome.Transient{Cause: outcome.CauseReply, Err: err}, r.Receives)
	}
	return o
}

// letter is the dead letter of a request that was rejected. Once a requester was
// told of the failure, every later letter says so: the request must not take
// effect after that.
func (r *request) letter(o outcome.Outcome) deadletter.Letter {
	return deadletter.Letter{
		Record: r.Record, Code: o.Code, Message: o.Message, Violations: o.Violations, SenderID: r.SenderID,
		AnsweredTo: cmp.Or(r.result(o).AnswerTo, deadletter.Answered(r.Record.MessageAttributes)),
	}
}

// announce sends the events. They are best effort.
func (b *batch) announce(ctx context.Context) {
	ctx, cancel := withReserve(ctx, eventsReserve)
	defer cancel()
	results := make([]reply.Result, len(b.requests))
	for i, r := range b.requests {
		results[i] = r.result(r.outcome)
	}
	b.logFailure(ctx, "announcing outcomes", b.replies.Announce(ctx, results))
}
