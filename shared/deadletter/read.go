package deadletter

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Received is a letter on the dead-letter queue.
type Received struct {
	// Letter is what was sent. Its record is the source queue's message as far as
	// it is known: its id there, that queue's ARN, the body, and the sender's own
	// attributes, unpacked. The system attributes are the letter's.
	Letter
	ID            string // the letter's own message id
	ReceiptHandle string
	Sent          time.Time // when the queue took it; for a letter moved by SQS, when the request was sent
	// RanOut says that SQS moved it here: it ran out of receives. A code beside
	// that is of an earlier failure, before it was redriven, and the sender's
	// claim.
	RanOut bool
}

// Read reads a message of the dead-letter queue, the opposite of Send. The message
// must have been received with all attributes and system attributes.
//
// Only SQS's own move sets DeadLetterQueueSourceArn. It identifies a letter that
// ran out of receives after a redrive that left its old reason on it.
func Read(m types.Message) Received {
	attributes := make(map[string]events.SQSMessageAttribute, len(m.MessageAttributes))
	for name, value := range m.MessageAttributes {
		attributes[name] = events.SQSMessageAttribute{
			DataType: aws.ToString(value.DataType), StringValue: value.StringValue, BinaryValue: value.BinaryValue,
		}
	}
	movedFrom := m.Attributes[string(types.MessageSystemAttributeNameDeadLetterQueueSourceArn)]
	r := Received{ID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), RanOut: movedFrom != ""}
	if ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		r.Sent = time.UnixMilli(ms)
	}
	r.Record = events.SQSMessage{
		MessageId: r.ID, Body: aws.ToString(m.Body), Attributes: m.Attributes,
		EventSource: "aws:sqs", EventSourceARN: movedFrom, MessageAttributes: attributes,
	}
	r.readReason(attributes)
	return r
}

// readReason splits the reason off the attributes. The smallest letter has no
// SourceMessageId beside its ErrorCode; if SQS moved the message, such an
// ErrorCode is the sender's own.
func (r *Received) readReason(attributes map[string]events.SQSMessageAttribute) {
	value := func(name string) string { return aws.ToString(attributes[name].StringValue) }
	r.AnsweredTo = Answered(attributes)
	_, ours := reasonOf(attributes)
	if value(ErrorCode) == "" || r.RanOut && !ours {
		r.RanOut = true
		return
	}
	r.Code, r.Message = value(ErrorCode), value(ErrorMessage)
	r.Record.MessageAttributes = senderAttributes(attributes)
	if !ours {
		delete(r.Record.MessageAttributes, ErrorCode)
		delete(r.Record.MessageAttributes, AnsweredTo)
		return
	}
	r.SenderID = value(SenderID)
	// A list that does not parse is shown as none; the message has its first entry.
	_ = json.Unmarshal([]byte(value(Violations)), &r.Violations)
	if !r.RanOut && isWhole(attributes) {
		r.Record.MessageId, r.Record.EventSourceARN = value(SourceMessageID), value(SourceQueueARN)
	}
}

// RedriveAttributes are the attributes with which a letter's body goes back to
// its queue: the sender's own and the reason, by which the function recognizes the
// request; without the violations. Of a letter that SQS moved, which kept its
// message id, the reason says just that. A reason that does not fit beside the
// body is left out.
func (r Received) RedriveAttributes() map[string]types.MessageAttributeValue {
	letter := r.Letter
	letter.Violations = nil
	switch {
	case r.RanOut:
		letter.Code, letter.Message = RanOutOfReceives, "SQS moved it to the dead-letter queue"
	case r.Record.MessageId == r.ID: // the smallest reason, without the request's id
		return r.SenderAttributes()
	}
	for _, attributes := range reasons(letter) {
		if size(r.Record.Body, attributes) <= maxSize {
			return attributes
		}
	}
	return r.SenderAttributes()
}

// SenderAttributes are the sender's own attributes as SQS takes them.
func (r Received) SenderAttributes() map[string]types.MessageAttributeValue {
	own := make(map[string]types.MessageAttributeValue, len(r.Record.MessageAttributes))
	for name, value := range r.Record.MessageAttributes {
		own[name] = types.MessageAttributeValue{
			DataType: aws.String(value.DataType), StringValue: value.StringValue, BinaryValue: value.BinaryValue,
		}
	}
	return own
}
