package main

import (
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"sespolicy/shared/check"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// request is one message of a batch.
type request struct {
	message.Message
	check.Verdict                 // of what opening the message refused too
	asked         ledger.Request  // the same, for the ledger
	outcome       outcome.Outcome // how it ended
	ended         bool
	replyFailed   bool          // the answer was not delivered
	call          time.Duration // how long its attempts took, without waiting for their turn
}

// forLedger is the request in the ledger's words. The identity is canonical, as
// in a physical id.
func (r *request) forLedger() ledger.Request {
	asked := ledger.Request{
		MessageID:       r.Record.MessageId,
		SourceMessageID: deadletter.Source(r.Record.MessageAttributes),
		BodyDigest:      ledger.Digest(r.Record.Body),
		Sent:            r.Sent,
		SenderID:        r.SenderID,
		TaskToken:       r.TaskToken,
		Action:          ledger.Action(r.Request.Action),
		Identity:        r.Request.Identity.Key(),
		PolicyName:      r.Request.PolicyName,
		Text:            r.Request.Policy,
	}
	asked.NotificationID = r.EventID
	if r.Topic != nil {
		asked.NotificationID = r.Topic.MessageID
	}
	// A verified notification counts as sent at its signed Timestamp, so that a
	// replayed one is as old as it was.
	if v := r.Verified; v != nil {
		asked.Topic, asked.Sent, asked.NotificationID = v.TopicName, v.Timestamp, v.MessageID
	}
	if c := r.CloudFormation; c != nil {
		asked.Stack = &ledger.Stack{
			RequestType: string(c.RequestType), StackID: c.StackID, RequestID: c.RequestID,
			LogicalID: c.LogicalResourceID, PhysicalID: c.PhysicalResourceID, AdoptExisting: c.AdoptExisting,
		}
		if c.RequestType == cfn.RequestCreate {
			asked.Stack.PhysicalID = ""
		}
		if c.ResponseURL != nil {
			asked.ResponseURL = c.ResponseURL.String()
		}
	}
	if r.Refused != nil {
		asked.Refusal = &ledger.Outcome{Kind: ledger.Rejected, Code: r.Refused.Code, Message: r.Refused.Message}
	}
	return asked
}

// order is the request's place among those for the same policy.
func (r *request) order() ledger.Order {
	return ledger.Order{Millis: r.asked.Sent.UnixMilli(), MessageID: r.asked.MessageID}
}

// mayBelongTo reports whether an older request may make its stack's resource the
// owner of the policy, so that r is somebody else's: it names another resource, or
// came through another topic than the verified one.
func (r *request) mayBelongTo(older *request) bool {
	mine, theirs := r.asked.Stack, older.asked.Stack
	if older.ended || theirs == nil {
		return false
	}
	forged := older.asked.Topic != "" && older.asked.Topic != r.asked.Topic
	return forged || mine == nil || mine.StackID != theirs.StackID || mine.LogicalID != theirs.LogicalID
}

// queued is how long the request has been in the queue.
func (r *request) queued() time.Duration {
	if r.Sent.IsZero() {
		return 0
	}
	return max(0, time.Since(r.Sent))
}

// result is how the request ended with o, and who is told.
func (r *request) result(o outcome.Outcome) reply.Result {
	result := reply.Result{Message: r.Message, Outcome: o, Warnings: r.Warnings}
	if o.IsTold() {
		result.AnswerTo = r.AnswerTo
	}
	return result
}
