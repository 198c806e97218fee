package mapping

import (
	"context"
	"errors"
	"slices"
	"time"

	"sespolicy/shared/local/function"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
)

// The wait before a throttled batch is retried doubles from the first to the last.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// process is one invocation, to the deletion of what the function succeeded in.
func (m *Mapping) process(ctx context.Context, part part) {
	result, ran, err := m.invoke(ctx, part)
	if !ran {
		return
	}
	m.count(func() { m.stats.Invocations++ })
	event := Event{Kind: Completed, Messages: part.messages, Result: result, Err: err}
	if err != nil || result.FunctionError != "" {
		m.count(func() { m.stats.FunctionErrors++ })
		event.Kind = FunctionError
		m.observe(event)
		return
	}
	failed := map[string]bool{}
	if m.config.ReportBatchItemFailures {
		if failed, err = failures(result.Payload, part.messages); err != nil {
			event.Kind, event.Err = BadResponse, err
			m.observe(event)
			return
		}
	}
	done := slices.DeleteFunc(slices.Clone(part.messages), func(message queue.Message) bool {
		if failed[message.ID] {
			event.Failed = append(event.Failed, message)
		}
		return failed[message.ID]
	})
	m.remove(context.WithoutCancel(ctx), done)
	m.observe(event)
}

// invoke retries a throttled invocation until the first message of the batch is
// visible again. It reports whether the function ran.
func (m *Mapping) invoke(ctx context.Context, part part) (result function.Result, ran bool, err error) {
	visible := slices.MinFunc(part.messages, func(a, b queue.Message) int { return a.VisibleAt.Compare(b.VisibleAt) }).VisibleAt
	for wait := firstRetry; ctx.Err() == nil && time.Now().Before(visible); wait = min(2*wait, lastRetry) {
		// An invocation in progress is not cut short when polling ends.
		result, err := m.config.Function.Invoke(context.WithoutCancel(ctx), part.payload)
		if !errors.Is(err, function.ErrTooManyRequests) {
			return result, true, err
		}
		m.count(func() { m.stats.Throttles++; m.throttled++ })
		m.observe(Event{Kind: Throttled, Messages: part.messages, Err: err})
		wire.Wait(ctx, min(wait, time.Until(visible)))
		m.count(func() { m.throttled-- })
	}
	// When polling ends, nothing was dropped: the messages come back.
	if ctx.Err() == nil {
		m.count(func() { m.stats.Dropped += len(part.messages) })
		m.observe(Event{Kind: Dropped, Messages: part.messages})
	}
	return function.Result{}, false, nil
}
