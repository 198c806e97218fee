package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// logRequest writes the one log line of each delivery of a request, without the
// policy, the token or the response URL. The JSON format escapes what a requester
// wrote, so it cannot forge a line.
func (h *handler) logRequest(ctx context.Context, r *request) {
	attributes := []slog.Attr{
		slog.String("messageId", r.Record.MessageId),
		slog.String("source", r.Origin),
		slog.String("senderId", r.SenderID),
		slog.String("action", string(r.Request.Action)),
		slog.String("identity", r.Request.Identity.Name),
		slog.String("policyName", r.Request.PolicyName),
		slog.String("outcome", reply.Word(r.Message, r.outcome)),
		slog.Int("receiveCount", r.Receives),
		slog.Int64("queuedMs", r.queued().Milliseconds()),
		slog.Int64("callMs", r.call.Milliseconds()),
	}
	if r.outcome.Code != "" {
		attributes = append(attributes, slog.String("code", r.outcome.Code))
	}
	if r.outcome.Code != "" || r.outcome.Message != "" {
		attributes = append(attributes, slog.String("reason", r.outcome.Message))
	}
	if r.OriginID != "" {
		attributes = append(attributes, slog.String("sourceId", r.OriginID))
	}
	if trace := traceID(r); trace != "" {
		attributes = append(attributes, slog.String("traceId", trace))
	}
	if r.Verified != nil {
		attributes = append(attributes, slog.String("topic", r.Verified.TopicARN))
	}
	if r.Unsigned != nil {
		attributes = append(attributes, slog.String("unsigned", r.Unsigned.Error()))
	}
	if len(r.Warnings) > 0 {
		attributes = append(attributes, slog.Any("warnings", r.Warnings))
	}
	h.log.LogAttrs(ctx, level(r.outcome), "request", attributes...)
}

// traceID is the requester's trace if it sent one, else the invocation's.
func traceID(r *request) string {
	if trace := r.Record.Attributes["AWSTraceHeader"]; trace != "" {
		return trace
	}
	return os.Getenv("_X_AMZN_TRACE_ID")
}

// level is an error if the deployment is at fault and somebody has to act, and a
// warning if the requester or a temporary condition is.
func level(o outcome.Outcome) slog.Level {
	switch o.Kind {
	case outcome.Applied, outcome.Superseded:
		return slog.LevelInfo
	case outcome.Rejected:
		return slog.LevelWarn
	case outcome.Retry:
	}
	switch o.Code {
	case outcome.CauseAccessDenied, outcome.CauseDeadLetter, outcome.CauseLedger, outcome.CauseUnknown:
		return slog.LevelError
	case outcome.CauseNoTime, outcome.CauseOrder:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// logShortTimeout logs, as an error, that the function's timeout is too short for
// any call of SES: every message would be retried until it runs out of receives.
func (h *handler) logShortTimeout(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < minTimeout {
		h.log.LogAttrs(ctx, slog.LevelError, "the function's timeout is too short for a call of SES: set it to at least 10 seconds",
			slog.Int64("remainingMs", time.Until(deadline).Milliseconds()))
	}
}

// logFailure logs a failure that changes no outcome.
func (h *handler) logFailure(ctx context.Context, what string, err error) {
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelWarn, what+" failed", slog.String("error", err.Error()))
	}
}
