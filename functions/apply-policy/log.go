package main

import (
	"context"
	"log/slog"
	"os"

	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// logRequest writes the one line that each delivery of a request gets: never
// the policy, a token or a URL. Values that a requester chose stand quoted by
// the log's format, so that they cannot forge a line.
func (h *handler) logRequest(ctx context.Context, r *request) {
	attributes := []slog.Attr{
		slog.String("messageId", r.Record.MessageId),
		slog.String("source", r.Origin),
		slog.String("action", string(r.Request.Action)),
		slog.String("identity", r.Request.Identity.Name),
		slog.String("policyName", r.Request.PolicyName),
		slog.String("outcome", reply.Word(r.Message, r.outcome)),
		slog.Int("receiveCount", r.Receives),
		slog.Int64("queuedMs", r.queued().Milliseconds()),
		slog.Int64("callMs", r.call.Milliseconds()),
	}
	if r.outcome.Code != "" {
		attributes = append(attributes, slog.String("code", r.outcome.Code), slog.String("reason", r.outcome.Message))
	}
	if r.OriginID != "" {
		attributes = append(attributes, slog.String("sourceId", r.OriginID))
	}
	if trace := traceID(r); trace != "" {
		attributes = append(attributes, slog.String("traceId", trace))
	}
	if len(r.warnings) > 0 {
		attributes = append(attributes, slog.Any("warnings", r.warnings))
	}
	h.log.LogAttrs(ctx, level(r.outcome), "request", attributes...)
}

// traceID is the requester's own trace where it sent one, else the invocation's.
func traceID(r *request) string {
	if trace := r.Record.Attributes["AWSTraceHeader"]; trace != "" {
		return trace
	}
	return os.Getenv("_X_AMZN_TRACE_ID")
}

// level is how loud an outcome is: an error where the deployment is at fault
// and somebody has to act, a warning where the requester or the moment is.
func level(o outcome.Outcome) slog.Level {
	switch o.Kind {
	case outcome.Applied, outcome.Superseded:
		return slog.LevelInfo
	case outcome.Rejected:
		return slog.LevelWarn
	case outcome.Retry:
	}
	switch o.Code {
	case outcome.CauseAccessDenied, outcome.CauseDeadLetter, outcome.CauseUnknown:
		return slog.LevelError
	case outcome.CauseNoTime, outcome.CauseOrder:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// logFailure logs what failed without changing any outcome.
func (h *handler) logFailure(ctx context.Context, what string, err error) {
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelWarn, what+" failed", slog.String("error", err.Error()))
	}
}
