package main

import (
	"context"

	"sespolicy/shared/check"
	"sespolicy/shared/message"
	"sespolicy/shared/notification"
)

// topic verifies through which SNS topic a message came. Nothing is read or
// called before a guardrail asks.
func (h *handler) topic(ctx context.Context, m message.Message) check.Topic {
	if m.Topic == nil {
		return nil
	}
	return func() (notification.Verified, error) {
		return h.verifier().Verify(ctx, m.Owner, notification.Parse(m.Record.Body))
	}
}
