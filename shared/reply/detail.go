package reply

import (
	"encoding/json"
	"fmt"
	"time"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// Detail is what became of one request, in the words of the function's log: the detail of an event,
// and the output of a Step Functions task.
type Detail struct {
	MessageID    string            `json:"messageId"`          // the queue's
	Source       string            `json:"source"`             // the envelopes, outermost first: SQS for none, SNS, EventBridge, SNS/CloudFormation, …
	SourceID     string            `json:"sourceId,omitempty"` // the sender's own id, where the envelope has one
	SenderID     string            `json:"senderId,omitempty"` // who sent the message, as SQS recorded it
	Action       string            `json:"action"`             // PutIdentityPolicy or DeleteIdentityPolicy; empty if it could not be read
	Identity     string            `json:"identity"`
	PolicyName   string            `json:"policyName"`
	Outcome      string            `json:"outcome"`        // Applied, Deleted, Rejected or Superseded
	Code         string            `json:"code,omitempty"` // of a rejection
	Reason       string            `json:"reason,omitempty"`
	Violations   []finding.Finding `json:"violations,omitempty"`
	Warnings     []finding.Finding `json:"warnings,omitempty"`
	Omitted      int               `json:"omitted,omitempty"` // violations and warnings that did not fit
	ReceiveCount int               `json:"receiveCount"`
	QueuedMs     int64             `json:"queuedMs"` // ms from the queue to the outcome
}

// What has no bound of its own gets one, in bytes.
const (
	maxReason   = 4096
	maxSourceID = 256
)

func newDetail(r Result) Detail {
	m := r.Message
	d := Detail{
		MessageID:    m.Record.MessageId,
		Source:       m.Origin,
		SourceID:     cut(m.OriginID, maxSourceID),
		SenderID:     m.SenderID,
		Action:       string(m.Request.Action),
		Identity:     m.Request.Identity.Name,
		PolicyName:   m.Request.PolicyName,
		Outcome:      Word(m, r.Outcome),
		Code:         r.Outcome.Code,
		Reason:       cut(r.Outcome.Message, maxReason),
		Violations:   r.Outcome.Violations,
		Warnings:     r.Warnings,
		ReceiveCount: m.Receives,
	}
	if !m.Sent.IsZero() {
		d.QueuedMs = max(0, time.Since(m.Sent).Milliseconds())
	}
	return d
}

// Word is what an outcome is called, here and in logs and metrics: the kind's own name, and Deleted
// for a delete that was applied.
func Word(m message.Message, o outcome.Outcome) string {
	if o.Kind == outcome.Applied && m.Request.Action == message.Delete {
		return "Deleted"
	}
	return o.Kind.String()
}

// encode writes the detail in at most limit bytes: the first violations and warnings stay, as many
// as fit.
func (d Detail) encode(limit int) ([]byte, error) {
	all := len(d.Violations) + len(d.Warnings)
	for {
		left := len(d.Violations) + len(d.Warnings)
		d.Omitted = all - left
		text, err := json.Marshal(d)
		switch {
		case err != nil || len(text) <= limit:
			return text, err
		case left == 0:
			return nil, fmt.Errorf("%d bytes without violations and warnings, at most %d", len(text), limit)
		}
		d.Violations = d.Violations[:len(d.Violations)/2]
		d.Warnings = d.Warnings[:len(d.Warnings)/2]
	}
}
