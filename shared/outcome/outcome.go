// Package outcome is how a request can end, and the one place that decides it.
//
// Every step before it answers with an error or with none: a *Rejection when
// asking again could not help, anything else when it could. Of turns that
// answer into an Outcome. Retry is the default; a rejection is opt-in and
// carries a stable code.
//
// It sends nothing and waits for nothing: what follows from an outcome is the
// function's business.
package outcome

import (
	"errors"

	"sespolicy/shared/finding"
)

// Kind is what becomes of the message on the queue.
type Kind int

const (
	// Retry leaves the message on the queue: it comes back later.
	Retry Kind = iota
	// Applied means SES has taken the change: reply, delete.
	Applied
	// Rejected means it can never be applied: dead-letter queue, reply, delete.
	Rejected
	// Superseded means a newer request for the same identity and policy name
	// was applied: reply, delete.
	Superseded
)

// String is the kind's name as logs and events write it.
func (k Kind) String() string {
	return [...]string{"Retry", "Applied", "Rejected", "Superseded"}[k]
}

// Outcome is how one delivery of a request ended.
type Outcome struct {
	Kind       Kind
	Code       string            // a rejection's code, or a retry's cause; empty otherwise
	Message    string            // what was wrong and what to do, for whoever asked
	Violations []finding.Finding // all of them, in the order of the text; only when rejected
}

// Of decides the outcome of a request from the error its way ended with and
// from how often it was received. No error means SES has taken the change.
func Of(err error, receives int) Outcome {
	if err == nil {
		return Outcome{Kind: Applied}
	}
	if refused, ok := errors.AsType[*Rejection](err); ok {
		if receives > refused.Patience {
			return Outcome{Kind: Rejected, Code: refused.Code, Message: refused.Message, Violations: refused.Violations}
		}
		return Outcome{Kind: Retry, Code: CausePrincipal, Message: refused.Message}
	}
	delay, ok := errors.AsType[*Delay](err)
	switch {
	case !ok:
		return Outcome{Kind: Retry, Code: CauseUnknown, Message: err.Error()}
	case delay.Err == nil:
		return Outcome{Kind: Retry, Code: delay.Cause}
	}
	return Outcome{Kind: Retry, Code: delay.Cause, Message: delay.Err.Error()}
}
