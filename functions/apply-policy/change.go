package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sespolicy/shared/check"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// settleReserve is kept after a call of SES, for the write that settles it.
const settleReserve = time.Second

// apply makes the change of a decision, between the intent and the write that
// settles it; true: decide again.
func (b *batch) apply(ctx context.Context, r *request, d ledger.Decision) (verdict, bool) {
	if (d.Restore || d.Repair) && d.Change.Action == ledger.Put {
		id := r.Owner.Of(identity.Identity{Name: d.Change.Identity})
		if refused := check.Text(b.rules, id, d.Change.PolicyName, d.Change.Text, d.Topic); refused != nil {
			return b.giveUp(ctx, r, d, refused)
		}
	}
	calls, cancel := withReserve(ctx, settleReserve)
	defer cancel()
	if err := b.mayCall(calls); err != nil {
		return verdict{Outcome: outcome.Of(err, r.Receives)}, false
	}
	err := b.record(ctx, func(ctx context.Context) error { return b.view.Intend(ctx, r.asked, d, b.lease, time.Now()) })
	switch {
	case errors.Is(err, ledger.ErrChanged):
		return verdict{}, true
	case err != nil:
		return retried(r, outcome.CauseLedger, err), false
	}
	inDoubt, err := b.timed(r, func() error { return b.applier.Apply(calls, callOf(d.Change)) })
	if err != nil {
		return b.failed(ctx, r, d, err, inDoubt)
	}
	return b.taken(ctx, r, d)
}

// taken settles a change that SES has taken.
func (b *batch) taken(ctx context.Context, r *request, d ledger.Decision) (verdict, bool) {
	err := b.record(ctx, func(ctx context.Context) error { return b.view.Settle(ctx, r.asked, d, time.Now()) })
	switch {
	case errors.Is(err, ledger.ErrLost):
		return retried(r, outcome.CauseOrder, err), false
	case err != nil:
		v := retried(r, outcome.CauseLedger, err)
		v.inDoubt = true
		return v, false
	case d.More:
		return verdict{}, true
	case d.Repair:
		return r.decided(d.Outcome), false
	}
	return r.decided(ledger.Outcome{Kind: ledger.Applied}), false
}

// failed decides about a change that SES has not taken, as far as that is known.
// end records it.
func (b *batch) failed(ctx context.Context, r *request, d ledger.Decision, failure error, inDoubt bool) (verdict, bool) {
	v := verdict{Outcome: outcome.Of(failure, r.Receives), inDoubt: inDoubt, called: true}
	switch {
	case v.Kind == outcome.Rejected && (d.Restore || d.Repair):
		if err := b.withdraw(ctx, r, v); err != nil {
			return retried(r, outcome.CauseLedger, err), false
		}
		return b.giveUp(ctx, r, d, failure)
	case v.Kind == outcome.Rejected:
		return b.conclude(ctx, r, v), false
	}
	return v, false
}

// withdraw ends the lease of a request that must come again, and records why.
func (b *batch) withdraw(ctx context.Context, r *request, v verdict) error {
	cause := ledger.Outcome{Code: v.Code, Message: v.Message}
	return b.record(ctx, func(ctx context.Context) error { return b.view.Withdraw(ctx, r.asked, cause, v.inDoubt, time.Now()) })
}

// giveUp goes on without a text that may not, or cannot, be put again: a takeover
// is undone by a deletion, and what a late attempt left stays, for a person to
// look at.
func (b *batch) giveUp(ctx context.Context, r *request, d ledger.Decision, why error) (verdict, bool) {
	if d.Restore {
		d.Change.Action, d.Change.Text = ledger.Delete, ""
		d.Restore = false
		return b.apply(ctx, r, d)
	}
	b.log.LogAttrs(ctx, slog.LevelError, "SES has an older policy than was applied last, and the newer one cannot be put again",
		slog.String("identity", d.Change.Identity), slog.String("policyName", d.Change.PolicyName),
		slog.String("messageId", r.Record.MessageId), slog.String("error", why.Error()))
	return b.finish(ctx, r, d)
}

// mayCall says why no call of SES may begin: no time is left, or SES throttles.
func (b *batch) mayCall(ctx context.Context) error {
	switch {
	case b.throttled:
		return &outcome.Transient{Cause: outcome.CauseThrottled}
	case !b.applier.Fits(ctx):
		return &outcome.Transient{Cause: outcome.CauseNoTime}
	}
	return nil
}

// timed makes a call of SES and counts it. inDoubt says that an attempt of it may
// take effect though it failed.
func (b *batch) timed(r *request, call func() error) (inDoubt bool, err error) {
	begun := time.Now()
	err = call()
	stats := b.applier.TakeStats()
	r.call += time.Since(begun) - stats.Waited
	b.calls.Waited += stats.Waited
	b.calls.Throttled += stats.Throttled
	if transient, ok := errors.AsType[*outcome.Transient](err); ok && transient.Cause == outcome.CauseThrottled {
		b.throttled = true
	}
	return stats.InDoubt > 0, err
}

// callOf is the call that a change asks for.
func callOf(c ledger.Change) message.Request {
	return message.Request{Action: message.Action(c.Action), Identity: identity.Identity{Name: c.Identity}, PolicyName: c.PolicyName, Policy: c.Text}
}
