package queue

import (
	"context"
	"maps"
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

func receiveMessage(ctx context.Context, s *Server, r receiveRequest) (receiveAnswer, error) {
	wanted := slices.Concat(r.AttributeNames, r.MessageSystemAttributeNames)
	for _, name := range wanted {
		if name != "All" && !slices.Contains(systemAttributeNames, name) {
			return receiveAnswer{}, failf(codeInvalidAttributeName, "Unknown Attribute %s.", name)
		}
	}
	options := ReceiveOptions{Wait: duration(r.WaitTimeSeconds), VisibilityTimeout: duration(r.VisibilityTimeout)}
	if r.MaxNumberOfMessages != nil {
		options.MaxMessages = *r.MaxNumberOfMessages
		if err := checkRange(options.MaxMessages, "MaxNumberOfMessages", 1, 10); err != nil {
			return receiveAnswer{}, err
		}
	}
	s.mu.Lock()
	q, err := s.at(r.QueueURL)
	s.mu.Unlock()
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
	shown := receivedMessage{
		MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, MD5OfBody: m.MD5OfBody, Body: m.Body,
		Attributes: m.SystemAttributes(), MessageAttributes: map[string]messageAttribute{},
	}
	maps.DeleteFunc(shown.Attributes, func(name, _ string) bool {
		return !slices.Contains(wanted, "All") && !slices.Contains(wanted, name)
	})
	chosen := maps.Clone(m.Attributes)
	maps.DeleteFunc(chosen, func(name string, _ Attribute) bool { return !r.wantsAttribute(name) })
	for name, a := range chosen {
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
