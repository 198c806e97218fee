// Package outcome decides how a request ends.
//
// Every step before it returns no error, a *Rejection if a retry cannot help,
// or any other error if it can. Of turns that into an Outcome. Retry is the
// default; a rejection is opt-in and carries a stable code.
//
// It sends nothing and waits for nothing: the function acts on the outcome.
package outcome

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"sespolicy/shared/finding"
)

// Kind is what happens to the message on the queue.
type Kind int

const (
	// Retry leaves the message on the queue: it comes back later.
	Retry Kind = iota
	// Applied means SES has taken the change: reply, delete.
	Applied
	// Rejected means it cannot be applied: dead-letter queue, reply, delete.
	Rejected
	// Superseded means a newer request for the same identity and policy name
	// was applied: reply, delete. A stack's request has failed with that, unless
	// the newer one is its own.
	Superseded
)

// String is the kind's name as logs and events write it.
func (k Kind) String() string {
	return [...]string{"Retry", "Applied", "Rejected", "Superseded"}[k]
}

// Outcome is how one delivery of a request ended.
type Outcome struct {
	Kind       Kind
	Code       string            // a rejection's code, a retry's cause, or AnswerUndelivered beside an effect; empty otherwise
	Message    string            // what was wrong and what to do, for the requester
	Violations []finding.Finding // all of them, in the order of the text; only if rejected
	Delay      time.Duration     // how long the message stays hidden; only for a retry
	Own        bool              // superseded by a request of the same stack
}

// Of decides the outcome of a request from the error that its last step
// returned and from its receive count. No error means SES has taken the change.
func Of(err error, receives int) Outcome {
	if err == nil {
		return Outcome{Kind: Applied}
	}
	if refused, ok := errors.AsType[*Rejection](err); ok {
		if receives > refused.Retries {
			return Outcome{Kind: Rejected, Code: refused.Code, Message: refused.Message, Violations: refused.Violations}
		}
		return retry(CausePrincipal, refused.Message, receives)
	}
	transient, ok := errors.AsType[*Transient](err)
	switch {
	case !ok:
		return retry(CauseUnknown, err.Error(), receives)
	case transient.Err == nil:
		return retry(transient.Cause, "", receives)
	}
	return retry(transient.Cause, transient.Err.Error(), receives)
}

func retry(cause, message string, receives int) Outcome {
	return Outcome{Kind: Retry, Code: cause, Message: message, Delay: backoff(cause, receives)}
}

// Last is the outcome if the delivery was the message's last: a retry becomes a
// rejection with the code RetriesExhausted, because the message would not come
// again. Without the ledger nothing may be decided: SQS moves the message.
func (o Outcome) Last(receives int) Outcome {
	if o.Kind != Retry || o.Code == CauseLedger {
		return o
	}
	return Outcome{Kind: Rejected, Code: RetriesExhausted,
		Message: fmt.Sprintf("received %d times, the last attempt ended in %s: %s", receives, o.Code, cmp.Or(o.Message, "no call was made"))}
}

// IsTold reports whether the requester is told of the outcome. A retry is no
// outcome yet, the stack of an Expired request no longer waits, and the
// requester of an AlreadyAnswered one was told before.
func (o Outcome) IsTold() bool {
	return o.Kind != Retry && o.Code != Expired && o.Code != AlreadyAnswered
}
