package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// open opens the records and checks what each requests. The parsed documents do
// not outlive it: ten messages of a megabyte must fit beside each other. Only
// verifying a notification's signature makes a call, for SNS's certificate.
func (h *handler) open(ctx context.Context, records []events.SQSMessage) []*request {
	requests := make([]*request, len(records))
	for i, record := range records {
		m, source, malformed := message.Open(record)
		r := &request{Message: m, Verdict: check.Request(m, source, h.rules, h.topic(ctx, m))}
		r.Refused = outcome.Join(malformed, r.Refused)
		if late := expired(m); late != nil {
			r.Refused, r.Undecided = late, nil
		}
		if r.Undecided != nil {
			r.Refused = nil // all violations are reported together
			if ctx.Err() != nil {
				r.Undecided = &outcome.Transient{Cause: outcome.CauseNoTime}
			}
		}
		r.asked = r.forLedger()
		requests[i] = r
	}
	return requests
}

// expired refuses a request whose stack no longer waits: it would not learn that
// it took effect. The ledger looks up first whether it took effect in time.
func expired(m message.Message) *outcome.Rejection {
	c := m.CloudFormation
	if c == nil || m.RequestedAt.IsZero() || time.Since(m.RequestedAt) <= c.Timeout {
		return nil
	}
	return &outcome.Rejection{Code: outcome.Expired, Message: fmt.Sprintf(
		"the stack sent its %s at %s and waited at most %v: it had no effect, because the stack would not know of it\ndeploy or delete the stack again",
		c.RequestType, m.RequestedAt.UTC().Format(time.RFC3339), c.Timeout)}
}
