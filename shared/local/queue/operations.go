package queue

import (
	"context"
	"maps"
	"slices"

	"sespolicy/shared/local/wire"
)

type oneURL struct {
	URL string `json:"QueueUrl"`
}

func createQueue(_ context.Context, s *Server, in request) (any, error) {
	q, err := s.create(in.QueueName, in.Attributes)
	if err != nil {
		return nil, err
	}
	return oneURL{q.URL()}, nil
}

func getQueueURL(_ context.Context, s *Server, in request) (any, error) {
	q, found := s.queues[in.QueueName]
	if !found {
		return nil, missingQueue(in.QueueName)
	}
	return oneURL{q.URL()}, nil
}

// listQueues answers all queues in one page.
func listQueues(_ context.Context, s *Server, _ request) (any, error) {
	return struct {
		URLs []string `json:"QueueUrls,omitempty"`
	}{s.urls(func(*Queue) bool { return true })}, nil
}

func listDeadLetterSourceQueues(_ context.Context, q *Queue, _ request) (any, error) {
	return struct {
		URLs []string `json:"queueUrls"` // an empty list, never absent
	}{q.server.urls(q.isTargetOf)}, nil
}

// urls are those of the queues of which a condition holds, by name.
func (s *Server) urls(holds func(*Queue) bool) []string {
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if q := s.queues[name]; holds(q) {
			urls = append(urls, q.URL())
		}
	}
	return urls
}

func deleteQueue(_ context.Context, q *Queue, _ request) (any, error) {
	q.remove()
	return wire.Nothing{}, nil
}

func purgeQueue(_ context.Context, q *Queue, _ request) (any, error) {
	return wire.Nothing{}, q.purge()
}

func setQueueAttributes(_ context.Context, q *Queue, in request) (any, error) {
	return wire.Nothing{}, q.configure(in.Attributes)
}

func getQueueAttributes(_ context.Context, q *Queue, in request) (any, error) {
	attributes := q.report()
	maps.DeleteFunc(attributes, func(name, _ string) bool { return !wants(in.AttributeNames, name) })
	return struct {
		Attributes map[string]string `json:",omitempty"`
	}{attributes}, nil
}

// done is the answer to an operation on one message. A batch's has the entry's id.
type done struct {
	ID string `json:"Id,omitzero"`
}

func sendMessage(ctx context.Context, q *Queue, p parameters) (any, error) {
	in := Input{Body: p.MessageBody, Attributes: p.MessageAttributes, Delay: duration(p.DelaySeconds), TraceHeader: wire.TraceHeader(ctx)}
	if in.Attributes == nil {
		in.Attributes = p.MessageAttribute
	}
	if p.MessageGroupID != nil {
		if in.GroupID = *p.MessageGroupID; in.GroupID == "" {
			return nil, invalidValue("", "MessageGroupId", "It must have 1 to 128 characters.")
		}
	}
	sent, err := q.send(in)
	sent.ID = p.ID
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

// receivedMessage is as much of a message as was asked for.
type receivedMessage struct {
	Message
	System map[string]string `json:"Attributes,omitempty"`
}

func receiveMessage(ctx context.Context, q *Queue, in request) (any, error) {
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
		answer.Messages = append(answer.Messages, show(m, slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames), in.MessageAttributeNames))
	}
	return answer, err
}

// show leaves out what was not asked for. The digest covers the attributes that are
// shown, so that a client can check it.
func show(m Message, system, attributes []string) receivedMessage {
	shown := receivedMessage{m, m.SystemAttributes()}
	maps.DeleteFunc(shown.System, func(name, _ string) bool { return !wants(system, name) })
	shown.Attributes = maps.Clone(m.Attributes)
	maps.DeleteFunc(shown.Attributes, func(name string, _ Attribute) bool { return !wants(attributes, name) })
	shown.MD5OfAttributes = md5OfAttributes(shown.Attributes)
	return shown
}
