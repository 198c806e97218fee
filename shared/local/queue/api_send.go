package queue

import (
	"context"
	"time"
)

// messageAttribute is a MessageAttributeValue of the API.
type messageAttribute struct {
	DataType         string
	StringValue      *string  `json:",omitzero"`
	BinaryValue      []byte   `json:",omitzero"`
	StringListValues []string `json:",omitempty"` // reserved by the API
	BinaryListValues [][]byte `json:",omitempty"` // reserved by the API
}

// sendRequest is what SendMessage and an entry of a batch have in common.
type sendRequest struct {
	MessageBody             string
	DelaySeconds            *int64
	MessageAttributes       map[string]messageAttribute
	MessageSystemAttributes map[string]messageAttribute
	MessageGroupID          string `json:"MessageGroupId"`
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
}

// input checks what cannot be said in an Input, and makes one of the rest.
func (r sendRequest) input() (Input, error) {
	in := Input{Body: r.MessageBody, GroupID: r.MessageGroupID, DeduplicationID: r.MessageDeduplicationID, Delay: duration(r.DelaySeconds)}
	for name, given := range r.MessageAttributes {
		if len(given.StringListValues) > 0 || len(given.BinaryListValues) > 0 {
			return Input{}, failf(codeInvalidParameterValue, "Message attribute list values in SendMessage operation are not supported: %q.", name)
		}
		a := Attribute{DataType: given.DataType, BinaryValue: given.BinaryValue}
		if given.StringValue != nil {
			a.StringValue = *given.StringValue
		}
		if a.Binary() && given.StringValue != nil || !a.Binary() && len(given.BinaryValue) > 0 {
			return Input{}, failf(codeInvalidParameterValue, "The message attribute '%s' with type '%s' must use the field of that type.", name, a.DataType)
		}
		if in.Attributes == nil {
			in.Attributes = make(map[string]Attribute, len(r.MessageAttributes))
		}
		in.Attributes[name] = a
	}
	for name, given := range r.MessageSystemAttributes {
		if name != "AWSTraceHeader" || given.DataType != "String" || given.StringValue == nil {
			return Input{}, failf(codeInvalidParameterValue, "The message system attribute %q is invalid: AWSTraceHeader, of type String, is the only one.", name)
		}
		in.TraceHeader = *given.StringValue
	}
	return in, nil
}

// duration turns seconds into a Duration. What would overflow becomes a value
// that is out of every range, for its check to refuse.
func duration(seconds *int64) *time.Duration {
	if seconds == nil {
		return nil
	}
	return new(time.Duration(max(-1, min(*seconds, 1<<31))) * time.Second)
}

type sendMessageRequest struct {
	onQueue
	sendRequest
}

type sentAnswer struct {
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitzero"`
	MD5OfMessageSystemAttributes string `json:",omitzero"`
	SequenceNumber               string `json:",omitzero"`
}

func answerSent(sent Sent) sentAnswer {
	return sentAnswer{sent.MessageID, sent.MD5OfBody, sent.MD5OfAttributes, sent.MD5OfSystemAttributes, sent.SequenceNumber}
}

func (s *Server) apiSendMessage(_ context.Context, r sendMessageRequest) (sentAnswer, error) {
	return locked(s, r.onQueue, func(q *Queue) (sentAnswer, error) {
		in, err := r.input()
		if err != nil {
			return sentAnswer{}, err
		}
		sent, err := q.send(in)
		return answerSent(sent), err
	})
}

type sendEntry struct {
	batchID
	sendRequest
}

func (e sendEntry) payload() int {
	in, _ := e.input() // what is wrong with it is answered for the entry alone
	return in.size()
}

type sendBatchRequest struct {
	onQueue
	Entries []sendEntry
}

type sentEntry struct {
	batchID
	sentAnswer
}

func (s *Server) apiSendMessageBatch(_ context.Context, r sendBatchRequest) (batchAnswer[sentEntry], error) {
	return locked(s, r.onQueue, func(q *Queue) (batchAnswer[sentEntry], error) {
		total := 0
		for _, e := range r.Entries {
			total += e.payload()
		}
		if total > maxPayload {
			return batchAnswer[sentEntry]{}, failf(codeBatchRequestTooLong, "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxPayload, total)
		}
		return batch(r.Entries, func(e sendEntry) (sentEntry, error) {
			in, err := e.input()
			if err != nil {
				return sentEntry{}, err
			}
			sent, err := q.send(in)
			return sentEntry{e.batchID, answerSent(sent)}, err
		})
	})
}
