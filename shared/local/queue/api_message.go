package queue

import (
	"context"
	"maps"
	"slices"
	"strings"

	"sespolicy/shared/local/wire"
)

// done is the answer to an operation on one message. A batch's has the entry's id.
type done struct {
	ID string `json:"Id,omitzero"`
}

const traceAttribute = "AWSTraceHeader"

// sendMessage sends one message. The digest of the system attributes is that of
// those in the request; a trace header of HTTP is not among them.
func sendMessage(ctx context.Context, q *Queue, p parameters) (any, error) {
	in := Input{Body: p.MessageBody, Attributes: p.MessageAttributes, Delay: duration(p.DelaySeconds), TraceHeader: wire.TraceHeader(ctx)}
	if given, ok := p.MessageSystemAttributes[traceAttribute]; ok {
		in.TraceHeader = given.StringValue
	}
	if p.MessageDeduplicationID != "" {
		return nil, invalidValue(p.MessageDeduplicationID, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type")
	}
	if p.MessageGroupID != nil {
		if in.GroupID = *p.MessageGroupID; in.GroupID == "" {
			return nil, invalidGroup("")
		}
	}
	sent, err := q.send(in)
	sent.ID, sent.MD5OfSystemAttributes = p.ID, md5OfAttributes(p.MessageSystemAttributes)
	return sent, err
}

func sendMessageBatch(ctx context.Context, q *Queue, in request) (any, error) {
	total := 0
	for _, e := range in.Entries {
		total += wire.Size(e.MessageBody, e.MessageAttributes)
	}
	if total > maxPayload {
		return nil, fail(batchRequestTooLong, "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxPayload, total)
	}
	return in.each(ctx, q, sendMessage)
}

func deleteMessage(_ context.Context, q *Queue, p parameters) (any, error) {
	return done{ID: p.ID}, q.delete(p.ReceiptHandle)
}

func changeMessageVisibility(_ context.Context, q *Queue, p parameters) (any, error) {
	if p.VisibilityTimeout == nil {
		return nil, missingParameter("VisibilityTimeout")
	}
	return done{ID: p.ID}, q.changeVisibility(p.ReceiptHandle, *duration(p.VisibilityTimeout))
}

type receivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitzero"`
	MessageAttributes      map[string]Attribute `json:",omitempty"`
}

func receiveMessage(ctx context.Context, q *Queue, in request) (any, error) {
	wanted := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for _, name := range wanted {
		if name != "All" && !slices.Contains(systemAttributeNames, name) {
			return nil, fail(invalidAttributeName, "Unknown Attribute %s.", name)
		}
	}
	options := ReceiveOptions{Wait: duration(in.WaitTimeSeconds), VisibilityTimeout: duration(in.VisibilityTimeout)}
	if err := checkRange(in.MaxNumberOfMessages, "MaxNumberOfMessages", 1, maxReceived); err != nil {
		return nil, err
	}
	if in.MaxNumberOfMessages != nil {
		options.MaxMessages = *in.MaxNumberOfMessages
	}
	messages, err := q.receive(ctx, options)
	var answer struct {
		Messages []receivedMessage `json:",omitempty"`
	}
	for _, m := range messages {
		answer.Messages = append(answer.Messages, show(m, wanted, in.MessageAttributeNames))
	}
	return answer, err
}

// show returns as much of a message as was asked for. The digest covers the
// attributes that are shown, so that a client can check it.
func show(m Message, system, attributes []string) receivedMessage {
	shown := receivedMessage{
		MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, MD5OfBody: m.MD5OfBody, Body: m.Body,
		Attributes: m.SystemAttributes(), MessageAttributes: maps.Clone(m.Attributes),
	}
	maps.DeleteFunc(shown.Attributes, func(name, _ string) bool { return !wants(system, name) })
	maps.DeleteFunc(shown.MessageAttributes, func(name string, _ Attribute) bool { return !wantsAttribute(attributes, name) })
	shown.MD5OfMessageAttributes = md5OfAttributes(shown.MessageAttributes)
	return shown
}

// wantsAttribute: names are matched whole, "All" and ".*" match every one,
// "prefix.*" (or "prefix*") those that start so.
func wantsAttribute(names []string, name string) bool {
	return wants(names, name) || slices.ContainsFunc(names, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return wild && strings.HasPrefix(name, strings.TrimSuffix(prefix, "."))
	})
}
