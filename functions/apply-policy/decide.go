package main

import (
	"context"
	"errors"
	"time"

	"sespolicy/shared/ledger"
	"sespolicy/shared/outcome"
)

// maxDecisions bounds how often one delivery is decided: with what SES has, after
// a cleanup, and when another instance changed the ledger meanwhile.
const maxDecisions = 8

// verdict is what was decided about one delivery of a request.
type verdict struct {
	outcome.Outcome
	// letter and answer are the steps that are missing after a recorded outcome.
	letter, answer bool
	// recorded says that the ledger has the outcome.
	recorded bool
	// inDoubt says that a call of this delivery, or of an earlier one that this
	// one did not repeat, may still take effect.
	inDoubt bool
	// pending says that another delivery of this request is being applied.
	pending bool
	// called says that SES was called and is the cause of a retry.
	called bool
}

// retried is the verdict on a message that must come again.
func retried(r *request, cause string, err error) verdict {
	return verdict{Outcome: outcome.Of(&outcome.Transient{Cause: cause, Err: err}, r.Receives)}
}

// decide decides about one delivery, and makes the calls of SES that this takes.
// An outcome is recorded before decide returns it.
func (b *batch) decide(ctx context.Context, r *request) verdict {
	var seen *ledger.Seen
	for range maxDecisions {
		d := b.view.Decide(r.asked, seen, time.Now())
		seen = nil
		if r.Undecided != nil && d.Do != ledger.Repeat {
			return verdict{Outcome: outcome.Of(r.Undecided, r.Receives), pending: d.Same}
		}
		switch d.Do {
		case ledger.Wait:
			v := retried(r, outcome.CauseOrder, errors.New("another instance applies a request for this policy"))
			v.pending = d.Same
			return v
		case ledger.Unread:
			return retried(r, outcome.CauseLedger, errors.New("DynamoDB did not process all keys"))
		case ledger.Repeat:
			return verdict{Outcome: r.ending(d.Outcome), letter: d.Letter, answer: d.Answer, recorded: true}
		case ledger.AskExists, ledger.Look:
			found, err := b.look(ctx, r, d.Change.Name)
			if err != nil {
				failed := outcome.Of(err, r.Receives)
				return verdict{Outcome: failed, called: failed.Code != outcome.CauseNoTime, inDoubt: true}
			}
			seen = found
		case ledger.Finish:
			if v, again := b.finish(ctx, r, d); !again {
				return v
			}
		case ledger.Apply:
			if v, again := b.apply(ctx, r, d); !again {
				return v
			}
		}
	}
	return retried(r, outcome.CauseLedger, ledger.ErrChanged)
}

// look asks SES what it has.
func (b *batch) look(ctx context.Context, r *request, name ledger.Name) (*ledger.Seen, error) {
	calls, cancel := withReserve(ctx, settleReserve)
	defer cancel()
	if err := b.mayCall(calls); err != nil {
		return nil, err
	}
	var seen *ledger.Seen
	_, err := b.timed(r, func() error {
		text, exists, err := b.applier.Lookup(calls, name.Identity, name.PolicyName)
		seen = &ledger.Seen{Name: name, Exists: exists, Text: text}
		return err
	})
	return seen, err
}

// finish records an outcome that takes no call; true: decide again.
func (b *batch) finish(ctx context.Context, r *request, d ledger.Decision) (verdict, bool) {
	err := b.record(ctx, func(ctx context.Context) error { return b.view.Finish(ctx, r.asked, d, time.Now()) })
	switch {
	case errors.Is(err, ledger.ErrChanged):
		return verdict{}, true
	case err != nil:
		return retried(r, outcome.CauseLedger, err), false
	}
	return r.decided(d.Outcome), false
}

// record does one step of the ledger.
func (b *batch) record(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	return step(ctx)
}

// decided is the verdict after an outcome was recorded for the first time.
func (r *request) decided(o ledger.Outcome) verdict {
	return verdict{Outcome: r.ending(o), letter: o.Kind == ledger.Rejected, answer: true, recorded: true}
}

// ending is the outcome that the ledger has. Its message is clipped, and it keeps
// no violations; what this delivery was refused for has both.
func (r *request) ending(o ledger.Outcome) outcome.Outcome {
	if r.Refused != nil && o.Kind == ledger.Rejected && o.Code == r.Refused.Code {
		return outcome.Of(&outcome.Rejection{Code: o.Code, Message: r.Refused.Message, Violations: r.Refused.Violations}, r.Receives)
	}
	ended := outcome.Outcome{Code: o.Code, Message: o.Message, Own: o.Own}
	switch o.Kind {
	case ledger.Applied:
		ended.Kind = outcome.Applied
	case ledger.Superseded:
		ended.Kind = outcome.Superseded
	case ledger.Rejected:
		ended.Kind = outcome.Rejected
	}
	return ended
}
