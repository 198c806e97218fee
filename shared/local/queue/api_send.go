package queue

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"sespolicy/shared/local/wire"
)

// messageAttribute is a MessageAttributeValue of the API, but for its lists,
// which are reserved.
type messageAttribute struct {
	DataType    string
	StringValue *string `json:",omitzero"`
	BinaryValue []byte  `json:",omitzero"`
}

func (a messageAttribute) value() Attribute {
	value := Attribute{DataType: a.DataType, BinaryValue: a.BinaryValue}
	if a.StringValue != nil {
		value.StringValue = *a.StringValue
	}
	return value
}

// sendRequest is what SendMessage and an entry of a batch have in common.
type sendRequest struct {
	MessageBody             string
	DelaySeconds            *int64
	MessageAttributes       map[string]messageAttribute
	MessageSystemAttributes map[string]messageAttribute
	MessageGroupID          *string `json:"MessageGroupId"`
	MessageDeduplicationID  string  `json:"MessageDeduplicationId"`
}

// input checks what cannot be said in an Input, and makes one of the rest.
func (r sendRequest) input(ctx context.Context) (Input, error) {
	in := Input{Body: r.MessageBody, Delay: duration(r.DelaySeconds)}
	in.TraceHeader, _ = ctx.Value(traceKey{}).(string)
	for name, given := range r.MessageAttributes {
		if in.Attributes == nil {
			in.Attributes = make(map[string]Attribute, len(r.MessageAttributes))
		}
		in.Attributes[name] = given.value()
	}
	for name, given := range r.MessageSystemAttributes {
		if name != traceAttribute || given.DataType != "String" || given.StringValue == nil {
			return Input{}, failf(codeInvalidParameterValue, "The message system attribute %q is invalid: AWSTraceHeader, of type String, is the only one.", name)
		}
		in.TraceHeader = *given.StringValue
	}
	if r.MessageDeduplicationID != "" {
		return Input{}, invalidValue(r.MessageDeduplicationID, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type")
	}
	if r.MessageGroupID != nil {
		if *r.MessageGroupID == "" {
			return Input{}, invalidGroup("")
		}
		in.GroupID = *r.MessageGroupID
	}
	return in, nil
}

const traceAttribute = "AWSTraceHeader"

type sentAnswer struct {
	MessageID                    string `json:"MessageId" xml:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitzero" xml:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitzero" xml:",omitempty"`
}

// send sends one message. The digest of the system attributes is that of those
// in the request; a trace header of HTTP is not among them.
func (r sendRequest) send(ctx context.Context, q *Queue) (sentAnswer, error) {
	in, err := r.input(ctx)
	if err != nil {
		return sentAnswer{}, err
	}
	sent, err := q.send(in)
	answer := sentAnswer{sent.MessageID, sent.MD5OfBody, sent.MD5OfAttributes, ""}
	if trace, given := r.MessageSystemAttributes[traceAttribute]; given {
		answer.MD5OfMessageSystemAttributes = md5OfAttributes(map[string]Attribute{traceAttribute: trace.value()})
	}
	return answer, err
}

type sendMessageRequest struct {
	onQueue
	sendRequest
}

func sendMessage(ctx context.Context, q *Queue, r sendMessageRequest) (sentAnswer, error) {
	return r.send(ctx, q)
}

type sendEntry struct {
	batchID
	sendRequest
}

type sentEntry struct {
	batchID
	sentAnswer
}

func sendMessageBatch(ctx context.Context, q *Queue, r batchRequest[sendEntry]) (batchAnswer, error) {
	total := 0
	for _, e := range r.Entries {
		in, _ := e.input(ctx) // what is wrong with it is answered for the entry alone
		total += in.size()
	}
	if total > maxPayload {
		return batchAnswer{}, failf(codeBatchRequestTooLong, "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxPayload, total)
	}
	return batch(r.Entries, func(e sendEntry) (sentEntry, error) {
		sent, err := e.send(ctx, q)
		return sentEntry{e.batchID, sent}, err
	})
}

// answerQuery answers a call of the Query protocol, of which SendMessage is
// served: POST to the queue's own path, or with the parameter QueueUrl.
func (s *Server) answerQuery(w http.ResponseWriter, r *http.Request) (action string, answer any, err error) {
	form, err := wire.ReadForm(w, r)
	action = form.Get("Action")
	if err != nil {
		return action, nil, err
	}
	if action != "SendMessage" {
		return action, nil, failf(codeUnknownOperation, "Of the Query protocol SendMessage is served, not %q: use a client of 2023 or later.", action)
	}
	queueURL := form.Get("QueueUrl")
	if queueURL == "" {
		queueURL = s.config.BaseURL + r.URL.Path
	}
	in := Input{Body: form.Get("MessageBody"), TraceHeader: r.Header.Get("X-Amzn-Trace-Id"), GroupID: form.Get("MessageGroupId")}
	if in.Attributes, err = form.Attributes("MessageAttribute"); err != nil {
		return action, nil, err
	}
	if text := form.Get("DelaySeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return action, nil, invalidValue(text, "DelaySeconds", "It must be an integer.")
		}
		in.Delay = new(time.Duration(n) * time.Second)
	}
	if form.Has("MessageGroupId") && in.GroupID == "" {
		return action, nil, invalidGroup("")
	}
	answer, err = under(r.Context(), s, Call{action, onQueue{queueURL}.queueName()}, func() (sentAnswer, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		q, err := s.at(queueURL)
		if err != nil {
			return sentAnswer{}, err
		}
		sent, err := q.send(in)
		return sentAnswer{sent.MessageID, sent.MD5OfBody, sent.MD5OfAttributes, ""}, err
	})
	return action, answer, err
}
