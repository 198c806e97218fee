package main

import (
	"context"
	"log/slog"
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
		case r.CloudFormation != nil && !r.Asked.IsZero() && time.Since(r.Asked) > r.CloudFormation.Patience:
			r.refused = &outcome.Rejection{Code: outcome.Expired, Message: "the stack asked at " + r.Asked.UTC().Format(time.RFC3339) + " and waits " + r.CloudFormation.Patience.String() + " at most: its " + r.CloudFormation.RequestType + " had no effect, for the stack would not know of it. Deploy or delete the stack again"}
		default:
			var found *outcome.Rejection
			r.warnings, found = check.Request(r.Request, h.guardrail)
			r.refused = outcome.Join(r.refused, h.replies.Check(r.Message), found)
		}
		r.Release() // ten messages of a megabyte must fit beside each other
		requests[i] = r
	}
	return requests
}
