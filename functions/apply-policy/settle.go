package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// isLast reports whether the message does not come again after this delivery.
func (b *batch) isLast(r *request) bool { return r.Receives >= b.maxReceives }

// end ends the delivery of a request. At its last receive what would be retried is
// rejected, except without the ledger, and while another instance applies the same
// request: nothing may be decided then, and SQS moves the message.
func (b *batch) end(ctx context.Context, r *request, v verdict) {
	switch last := v.Last(r.Receives); {
	case b.isLast(r) && last.Kind != v.Kind && !v.pending:
		v.Outcome = last
		v.inDoubt = v.inDoubt || !v.called
		v = b.conclude(ctx, r, v)
	case v.Kind == outcome.Retry && v.called:
		b.logFailure(ctx, "recording a retry", b.withdraw(ctx, r, v))
	}
	r.outcome = v.Outcome
	if v.recorded {
		r.outcome = b.tell(ctx, r, v)
	}
	r.ended = true
	b.logRequest(ctx, r)
}

// conclude records a rejection that the ledger did not decide.
func (b *batch) conclude(ctx context.Context, r *request, v verdict) verdict {
	o := ledger.Outcome{Kind: ledger.Rejected, Code: v.Code, Message: v.Message}
	if err := b.record(ctx, func(ctx context.Context) error { return b.view.Record(ctx, r.asked, o, v.inDoubt, time.Now()) }); err != nil {
		failed := retried(r, outcome.CauseLedger, err)
		failed.inDoubt = v.inDoubt
		return failed
	}
	v.letter, v.answer, v.recorded = true, true, true
	return v
}

// tell acts on a recorded outcome, in an order in which a crash between two steps
// loses nothing: first the dead letter, then the answer, and only then may the
// message be deleted. Each is noted in the ledger. If a step fails, or no time is
// left for it, the message comes again for that step alone.
func (b *batch) tell(ctx context.Context, r *request, v verdict) outcome.Outcome {
	if v.letter {
		if failed := b.send(ctx, r, v.Outcome); failed != nil {
			return outcome.Of(failed, r.Receives)
		}
	}
	if !v.answer || r.result(v.Outcome).AnswerTo == "" {
		return v.Outcome
	}
	return b.answer(ctx, r, v.Outcome)
}

// send sends the dead letter.
func (b *batch) send(ctx context.Context, r *request, o outcome.Outcome) error {
	sending, cancel := withReserve(ctx, settleReserve)
	defer cancel()
	if sending.Err() != nil {
		return &outcome.Transient{Cause: outcome.CauseNoTime}
	}
	if err := b.deadLetters.Send(sending, r.letter(o)); err != nil {
		return &outcome.Transient{Cause: outcome.CauseDeadLetter, Err: err}
	}
	if err := b.record(ctx, func(ctx context.Context) error { return b.view.NoteLetter(ctx, r.asked, time.Now()) }); err != nil {
		return &outcome.Transient{Cause: outcome.CauseLedger, Err: err}
	}
	return nil
}

// answer tells the requester. An answer that can never be delivered is final at
// once; one that was not delivered at the last receive is on a dead letter, unless
// the request has one.
func (b *batch) answer(ctx context.Context, r *request, o outcome.Outcome) outcome.Outcome {
	answering, cancel := withReserve(ctx, settleReserve)
	defer cancel()
	delivered := ledger.Told
	err := b.replies.Answer(answering, r.result(o))
	r.replyFailed = err != nil
	switch {
	case err == nil:
	case errors.Is(err, reply.ErrNobodyWaits):
		delivered = ledger.Undeliverable
		b.logReply(ctx, r, err)
	case b.isLast(r) && o.Kind == outcome.Rejected:
		b.logReply(ctx, r, err)
		return o
	case b.isLast(r):
		b.logReply(ctx, r, err)
		return b.undelivered(ctx, r, o, err)
	default:
		return outcome.Of(&outcome.Transient{Cause: outcome.CauseReply, Err: err}, r.Receives)
	}
	if err := b.record(ctx, func(ctx context.Context) error { return b.view.NoteAnswer(ctx, r.asked, delivered, time.Now()) }); err != nil {
		return outcome.Of(&outcome.Transient{Cause: outcome.CauseLedger, Err: err}, r.Receives)
	}
	if o.Code == outcome.AnswerUndelivered && delivered == ledger.Told {
		o.Code, o.Message = "", ""
	}
	return o
}

// undelivered puts a request that has its effect, but not its answer, on the
// dead-letter queue. A redrive of that letter only answers.
func (b *batch) undelivered(ctx context.Context, r *request, o outcome.Outcome, why error) outcome.Outcome {
	recorded := ledger.Outcome{Kind: ledger.Applied, Code: ledger.AnswerUndelivered, Message: why.Error(), Own: o.Own}
	if o.Kind == outcome.Superseded {
		recorded.Kind = ledger.Superseded
	}
	if err := b.record(ctx, func(ctx context.Context) error { return b.view.Record(ctx, r.asked, recorded, false, time.Now()) }); err != nil {
		return outcome.Of(&outcome.Transient{Cause: outcome.CauseLedger, Err: err}, r.Receives)
	}
	o = r.ending(recorded)
	if failed := b.send(ctx, r, o); failed != nil {
		return outcome.Of(failed, r.Receives)
	}
	return o
}

// logReply logs an answer that is given up, as an error: somebody waits for it.
func (b *batch) logReply(ctx context.Context, r *request, err error) {
	b.log.LogAttrs(ctx, slog.LevelError, "the reply was not delivered", slog.String("messageId", r.Record.MessageId), slog.String("error", err.Error()))
}

// letter is the dead letter of a request. A letter says who is to be told, now or
// when it was written before; the ledger says who was.
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
