package queue

import (
	"context"
	"time"
)

// Input is a message to send. On a FIFO queue GroupID is required, Delay is
// not allowed, and DeduplicationID is required unless the queue has
// ContentBasedDeduplication.
type Input struct {
	Body            string
	Attributes      map[string]Attribute
	Delay           *time.Duration // nil: the queue's; 0 to 15 min
	GroupID         string
	DeduplicationID string
	TraceHeader     string // the system attribute AWSTraceHeader
	SenderID        string // the account id if empty
}

// Sent is what SQS answers to a message it took.
type Sent struct {
	MessageID             string
	MD5OfBody             string
	MD5OfAttributes       string
	MD5OfSystemAttributes string
	SequenceNumber        string // FIFO queues only
}

// Send puts a message on the queue, or answers why SQS would not take it.
func (q *Queue) Send(ctx context.Context, in Input) (Sent, error) {
	return act(ctx, q.server, Call{"SendMessage", q.name}, func() (Sent, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return q.send(in)
	})
}

func (q *Queue) send(in Input) (Sent, error) {
	if err := q.exists(); err != nil {
		return Sent{}, err
	}
	if err := q.check(in); err != nil {
		return Sent{}, err
	}
	now := time.Now()
	if q.fifo {
		if in.DeduplicationID == "" {
			in.DeduplicationID = contentID(in.Body)
		}
		if sent, found := q.duplicateOf(in, now); found {
			return sent, nil
		}
	}
	sent := Sent{
		MessageID:             q.server.config.NewID(),
		MD5OfBody:             md5OfBody(in.Body),
		MD5OfAttributes:       md5OfAttributes(in.Attributes),
		MD5OfSystemAttributes: md5OfAttributes(systemAttributes(in)),
	}
	if q.fifo {
		sent.SequenceNumber = q.server.sequenceNumber()
		q.remember(in, sent, now)
	}
	delay := q.settings.delay
	if in.Delay != nil && !q.fifo {
		delay = *in.Delay
	}
	q.put(q.message(in, sent, now), now.Add(delay))
	q.settle(now)
	return sent, nil
}

func (q *Queue) message(in Input, sent Sent, now time.Time) Message {
	sender := in.SenderID
	if sender == "" {
		sender = q.server.config.Account
	}
	return Message{
		ID: sent.MessageID, Body: in.Body, MD5OfBody: sent.MD5OfBody,
		Attributes: in.Attributes, MD5OfAttributes: sent.MD5OfAttributes,
		SenderID: sender, GroupID: in.GroupID, DeduplicationID: in.DeduplicationID,
		SequenceNumber: sent.SequenceNumber, TraceHeader: in.TraceHeader, Sent: now,
	}
}

// systemAttributes are those that a sender may set: there is one.
func systemAttributes(in Input) map[string]Attribute {
	if in.TraceHeader == "" {
		return nil
	}
	return map[string]Attribute{"AWSTraceHeader": {DataType: "String", StringValue: in.TraceHeader}}
}
