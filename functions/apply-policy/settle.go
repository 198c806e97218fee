package main

import (
	"context"
	"errors"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// settle does what follows from the outcome, in the order in which a crash
// between any two steps loses nothing: first the dead letter, then the answer,
// and only then may the message be deleted. A step that fails makes it a retry,
// and so does a step for which there is no time left.
func (h *handler) settle(ctx context.Context, r *request, o outcome.Outcome) {
	r.outcome = o
	switch {
	case o.Kind != outcome.Rejected:
	case ctx.Err() != nil:
		r.outcome, r.untried = outcome.Of(&outcome.Delay{Cause: outcome.CauseNoTime}, r.Receives), true
	default:
		if err := h.deadLetters.Send(ctx, h.letter(r)); err != nil {
			r.outcome = outcome.Of(&outcome.Delay{Cause: outcome.CauseDeadLetter, Err: err}, r.Receives)
		}
	}
	if r.outcome.Kind != outcome.Retry {
		err := h.replies.Answer(ctx, r.Message, r.outcome, r.warnings)
		switch {
		case errors.Is(err, reply.ErrNobodyWaits):
			h.logFailure(ctx, "answering", err)
		case err != nil:
			r.outcome = outcome.Of(&outcome.Delay{Cause: outcome.CauseReply, Err: err}, r.Receives)
		}
	}
	h.logRequest(ctx, r)
}

// letter is the dead letter of a request with that outcome. Whoever was told of
// the failure once stays told: the request must never take effect behind it.
func (h *handler) letter(r *request) deadletter.Letter {
	told := h.replies.Asker(r.Message, r.outcome)
	if told == "" {
		told = r.AnsweredTo
	}
	return deadletter.Letter{Record: r.Record, Code: r.outcome.Code, Message: r.outcome.Message, Violations: r.outcome.Violations, AnsweredTo: told}
}

// results are the requests as those who are told of them need them.
func results(requests []*request) []reply.Result {
	list := make([]reply.Result, len(requests))
	for i, r := range requests {
		list[i] = reply.Result{Message: r.Message, Outcome: r.outcome, Warnings: r.warnings}
	}
	return list
}

// announce sends the events, which nothing hangs on.
func (h *handler) announce(ctx context.Context, requests []*request) {
	ctx, cancel := withReserve(ctx, eventsReserve)
	defer cancel()
	h.logFailure(ctx, "announcing outcomes", h.replies.Announce(ctx, results(requests)))
}
