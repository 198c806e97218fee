package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/apply"
	"sespolicy/shared/check"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/notification"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

const (
	// responseReserve is kept at the end of an invocation, after the last request:
	// a second for the events, two for the delays of retried messages, then the
	// metrics and the response. Without a response the whole batch comes back.
	responseReserve = 4 * time.Second
	eventsReserve   = 3 * time.Second
	// minTimeout is the shortest time in which a call of SES may begin.
	minTimeout = responseReserve + settleReserve + apply.AttemptTimeout
)

// handler handles batches. An instance has one, and Lambda calls it for one
// batch at a time. What belongs to one batch is in batch.
type handler struct {
	rules              check.Rules
	verifier           func() *notification.Verifier // the instance's, made when it is asked for
	applier            *apply.Applier
	deadLetters        *deadletter.Queue
	deadLetterQueueURL string
	maxReceives        int
	replies            *reply.Replier
	visibility         ChangeMessageVisibilityBatchAPIClient
	ledger             *ledger.Ledger
	log                *slog.Logger
	metrics            *metrics
}

// handle brings every message of the batch to an outcome and returns those that
// must be retried.
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	h.logShortTimeout(ctx)
	work, cancel := withReserve(ctx, responseReserve)
	defer cancel()
	b := batch{handler: h, requests: h.open(work, event.Records), lease: time.Now().Add(defaultLease)}
	if deadline, ok := ctx.Deadline(); ok {
		b.lease = deadline
	}
	b.settle(work)
	b.announce(ctx)
	h.logFailure(ctx, "setting delays", setDelays(ctx, h.visibility, h.deadLetterQueueURL, b.requests))
	h.logFailure(ctx, "writing metrics", h.metrics.write(b.requests, b.calls))
	return failures(b.requests), nil
}

// withReserve is ctx ending early by reserve; unchanged if it has no deadline.
func withReserve(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// failures is the partial batch response: the messages that must be retried. The
// list is never null, which some runtimes misread.
func failures(requests []*request) events.SQSEventResponse {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, r := range requests {
		if r.outcome.Kind == outcome.Retry {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.Record.MessageId})
		}
	}
	return response
}
