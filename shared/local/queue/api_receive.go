package queue

import (
	"context"
	"slices"
	"strings"
)

type receiveRequest struct {
	onQueue
	AttributeNames              []string // the older name of the next one
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int64
	WaitTimeSeconds             *int64
}

type receivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string           `json:",omitempty"`
	MD5OfMessageAttributes string                      `json:",omitzero"`
	MessageAttributes      map[string]messageAttribute `json:",omitempty"`
}

type receiveAnswer struct {
	Messages []receivedMessage `json:",omitempty"`
}

func (s *Server) apiReceiveMessage(ctx context.Context, r receiveRequest) (receiveAnswer, error) {
	wanted := slices.Concat(r.AttributeNames, r.MessageSystemAttributeNames)
	for _, name := range wanted {
		if name != "All" && !slices.Contains(systemAttributeNames, name) {
			return receiveAnswer{}, failf(codeInvalidAttributeName, "Unknown Attribute %s.", name)
		}
	}
	options := ReceiveOptions{Wait: duration(r.WaitTimeSeconds), VisibilityTimeout: duration(r.VisibilityTimeout)}
	if r.MaxNumberOfMessages != nil {
		options.MaxMessages = *r.MaxNumberOfMessages
		if options.MaxMessages == 0 {
			return receiveAnswer{}, invalidValue(0, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
	}
	q, err := locked(s, r.onQueue, func(q *Queue) (*Queue, error) { return q, nil })
	if err != nil {
		return receiveAnswer{}, err
	}
	messages, err := q.receive(ctx, options)
	var answer receiveAnswer
	for _, m := range messages {
		answer.Messages = append(answer.Messages, r.show(m, wanted))
	}
	return answer, err
}

// show returns as much of a message as was asked for. The digest covers the
// attributes that are shown, so that a client can check it.
func (r receiveRequest) show(m Message, wanted []string) receivedMessage {
	shown := receivedMessage{MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, MD5OfBody: m.MD5OfBody, Body: m.Body}
	shown.Attributes = m.SystemAttributes()
	for name := range shown.Attributes {
		if !slices.Contains(wanted, "All") && !slices.Contains(wanted, name) {
			delete(shown.Attributes, name)
		}
	}
	chosen := map[string]Attribute{}
	shown.MessageAttributes = map[string]messageAttribute{}
	for name, a := range m.Attributes {
		if !r.wantsAttribute(name) {
			continue
		}
		chosen[name] = a
		given := messageAttribute{DataType: a.DataType, BinaryValue: a.BinaryValue}
		if !a.Binary() {
			given.StringValue = new(a.StringValue)
		}
		shown.MessageAttributes[name] = given
	}
	shown.MD5OfMessageAttributes = md5OfAttributes(chosen)
	return shown
}

// wantsAttribute: names are matched whole, "All" and ".*" match every one,
// "prefix.*" (or "prefix*") those that start so.
func (r receiveRequest) wantsAttribute(name string) bool {
	return slices.ContainsFunc(r.MessageAttributeNames, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		if wild {
			return strings.HasPrefix(name, strings.TrimSuffix(prefix, "."))
		}
		return pattern == "All" || pattern == name
	})
}

type deleteRequest struct {
	onQueue
	ReceiptHandle string
}

func (s *Server) apiDeleteMessage(_ context.Context, r deleteRequest) (nothing, error) {
	return locked(s, r.onQueue, func(q *Queue) (nothing, error) { return nothing{}, q.delete(r.ReceiptHandle) })
}

type deleteEntry struct {
	batchID
	ReceiptHandle string
}

type deleteBatchRequest struct {
	onQueue
	Entries []deleteEntry
}

func (s *Server) apiDeleteMessageBatch(_ context.Context, r deleteBatchRequest) (batchAnswer[batchID], error) {
	return locked(s, r.onQueue, func(q *Queue) (batchAnswer[batchID], error) {
		return batch(r.Entries, func(e deleteEntry) (batchID, error) { return e.batchID, q.delete(e.ReceiptHandle) })
	})
}

// visibility is what ChangeMessageVisibility and an entry of its batch share.
type visibility struct {
	ReceiptHandle     string
	VisibilityTimeout *int64
}

func (v visibility) apply(q *Queue) error {
	if v.VisibilityTimeout == nil {
		return missingParameter("VisibilityTimeout")
	}
	return q.changeVisibility(v.ReceiptHandle, *duration(v.VisibilityTimeout))
}

type changeVisibilityRequest struct {
	onQueue
	visibility
}

func (s *Server) apiChangeMessageVisibility(_ context.Context, r changeVisibilityRequest) (nothing, error) {
	return locked(s, r.onQueue, func(q *Queue) (nothing, error) { return nothing{}, r.apply(q) })
}

type visibilityEntry struct {
	batchID
	visibility
}

type changeVisibilityBatchRequest struct {
	onQueue
	Entries []visibilityEntry
}

func (s *Server) apiChangeMessageVisibilityBatch(_ context.Context, r changeVisibilityBatchRequest) (batchAnswer[batchID], error) {
	return locked(s, r.onQueue, func(q *Queue) (batchAnswer[batchID], error) {
		return batch(r.Entries, func(e visibilityEntry) (batchID, error) { return e.batchID, e.apply(q) })
	})
}
