package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/apply"
	"sespolicy/shared/check"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

const (
	// responseReserve is kept at the end of an invocation, when no request is
	// under way any more: a second for the events, then two for the delays of
	// what comes back, then the metrics and the response itself. Without a
	// response the whole batch would come back.
	responseReserve = 4 * time.Second
	eventsReserve   = 3 * time.Second
	// stackPatience is how long a CloudFormation stack waits for an answer at most.
	stackPatience = time.Hour
)

// handler settles batches. There is one, and Lambda calls it for one batch at
// a time.
type handler struct {
	guardrail          *guardrail.Guardrail
	applier            *apply.Applier
	deadLetters        *deadletter.Queue
	deadLetterQueueURL string
	replies            *reply.Replier
	visibility         ChangeMessageVisibilityBatchAPIClient
	marks              *marks
	log                *slog.Logger
	metrics            *metrics

	// throttled is set when SES has refused a call of this batch for coming too
	// soon, at every attempt: somebody else uses the allowance, and the rest of
	// the batch would only spend its receives on the same answer.
	throttled bool
	calls     apply.Stats // of this batch
}

// handle brings every message of the batch to an outcome, in the order that
// newest wins needs, and hands back those that must come again.
func (h *handler) handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	work, cancel := withReserve(ctx, responseReserve)
	defer cancel()
	requests := h.open(batch.Records)
	h.throttled, h.calls = false, apply.Stats{}
	for _, sameKey := range byKey(requests) {
		h.settleKey(work, sameKey)
	}
	for _, r := range requests {
		if r.refused != nil {
			h.settle(work, r, outcome.Of(r.refused, r.Receives))
		}
	}
	h.announce(ctx, requests)
	h.logFailure(ctx, "setting delays", setDelays(ctx, h.visibility, h.deadLetterQueueURL, requests))
	h.logFailure(ctx, "writing metrics", h.metrics.write(requests, h.calls))
	return failures(requests), nil
}

// announce sends the events, which nothing hangs on.
func (h *handler) announce(ctx context.Context, requests []*request) {
	ctx, cancel := withReserve(ctx, eventsReserve)
	defer cancel()
	h.logFailure(ctx, "announcing outcomes", h.replies.Announce(ctx, results(requests)))
}

// withReserve is ctx ending early by reserve; as it is where it has no deadline.
func withReserve(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// failures is the partial batch response: the messages that must come again.
// The list is never null, which some runtimes misread.
func failures(requests []*request) events.SQSEventResponse {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, r := range requests {
		if r.outcome.Kind == outcome.Retry {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.Record.MessageId})
		}
	}
	return response
}

// open opens the records and checks what each asks for.
func (h *handler) open(records []events.SQSMessage) []*request {
	requests := make([]*request, len(records))
	for i, record := range records {
		r := &request{index: i}
		r.Message, r.refused = message.Open(record)
		switch {
		case r.AnsweredTo != "":
			r.refused = &outcome.Rejection{Code: outcome.AlreadyAnswered, Message: r.AnsweredTo + " was told that this request failed; it must not take effect behind its back. To ask again, ask anew"}
		case r.CloudFormation != nil && !r.Asked.IsZero() && time.Since(r.Asked) > stackPatience:
			r.refused = &outcome.Rejection{Code: outcome.Expired, Message: "the stack asked at " + r.Asked.UTC().Format(time.RFC3339) + " and waits an hour at most; applying it now would leave a policy that no stack owns. Deploy the stack again"}
		default:
			var found *outcome.Rejection
			r.warnings, found = check.Request(r.Request, h.guardrail)
			r.refused = outcome.Join(r.refused, h.replies.Check(r.Message), found)
		}
		requests[i] = r
	}
	return requests
}

// byKey groups the requests that may be applied by the policy they are about,
// the newest of each group first, the groups in the order they came.
func byKey(requests []*request) [][]*request {
	var groups [][]*request
	place := map[string]int{}
	for _, r := range requests {
		if r.refused != nil {
			continue
		}
		key := r.Request.Key()
		i, ok := place[key]
		if !ok || r.Request.Nothing {
			i = len(groups)
			place[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	for _, group := range groups {
		slices.SortFunc(group, func(a, b *request) int {
			if a.newer(b) {
				return -1
			}
			return 1
		})
	}
	return groups
}

// settleKey settles the requests for one policy, the newest first. The older
// ones are superseded once SES has taken it; when it is refused the next older
// gets its turn; when it must wait they wait with it.
func (h *handler) settleKey(ctx context.Context, newestFirst []*request) {
	var waiting *request
	applied := false
	for _, r := range newestFirst {
		var o outcome.Outcome
		switch {
		case waiting != nil:
			o = outcome.Of(&outcome.Delay{Cause: outcome.CauseOrder}, r.Receives)
			r.untried = waiting.untried
		case applied || h.marks.overtaken(r):
			o = outcome.Outcome{Kind: outcome.Superseded}
		default:
			o = h.try(ctx, r)
		}
		h.settle(ctx, r, o)
		applied = applied || o.Kind == outcome.Applied
		if r.outcome.Kind == outcome.Retry {
			waiting = r
		}
	}
}

// try asks SES, unless there is nothing to ask.
func (h *handler) try(ctx context.Context, r *request) outcome.Outcome {
	switch {
	case r.Request.Nothing:
		return outcome.Of(nil, r.Receives)
	case h.throttled:
		return outcome.Of(&outcome.Delay{Cause: outcome.CauseThrottled}, r.Receives)
	}
	begun := time.Now()
	err := h.applier.Apply(ctx, r.Request)
	calls := h.applier.TakeStats()
	r.call = time.Since(begun) - calls.Waited
	h.calls.Waited += calls.Waited
	h.calls.Throttled += calls.Throttled
	if err == nil {
		h.marks.applied(r)
	}
	o := outcome.Of(err, r.Receives)
	h.throttled = o.Code == outcome.CauseThrottled && o.Kind == outcome.Retry
	r.untried = o.Code == outcome.CauseNoTime && o.Kind == outcome.Retry
	return o
}

// settle does what follows from the outcome, in the order in which a crash
// between any two steps loses nothing: first the dead letter, then the answer,
// and only then may the message be deleted. A step that fails makes it a retry.
func (h *handler) settle(ctx context.Context, r *request, o outcome.Outcome) {
	r.outcome = o
	if o.Kind == outcome.Rejected {
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
