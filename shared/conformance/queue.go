package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"
)

// made is a queue of this run.
type made struct{ name, url, arn string }

// makeQueue makes a queue, which is removed at the end.
func (w *world) makeQueue(ctx context.Context, name string, attributes map[string]string) (made, error) {
	q := made{name: w.prefix + name}
	w.cleanup.add("queue "+q.name, func(ctx context.Context) error {
		url := q.url
		if url == "" { // the answer of its creation never came
			found, err := w.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &q.name})
			if code(err) == "QueueDoesNotExist" || code(err) == "NonExistentQueue" {
				return nil
			}
			if err != nil {
				return err
			}
			url = *found.QueueUrl
		}
		_, err := w.queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url})
		return err
	})
	out, err := w.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.name, Attributes: attributes})
	if err != nil {
		return q, err
	}
	q.url = aws.ToString(out.QueueUrl)
	if w.kind == onAccount { // a new queue can be used after a second
		if err := w.pause(ctx, time.Second); err != nil {
			return q, err
		}
	}
	got, err := w.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return q, err
	}
	q.arn = got.Attributes["QueueArn"]
	return q, nil
}

// queue makes the queue of a check, with names and values of attributes.
func (c *check) queue(attributes ...string) made { return c.queueNamed(c.name, attributes...) }

func (c *check) queueNamed(name string, attributes ...string) made {
	given := map[string]string{}
	for i := 0; i < len(attributes); i += 2 {
		given[attributes[i]] = attributes[i+1]
	}
	q, err := c.makeQueue(c.ctx, name, given)
	c.must(err)
	return q
}

// pair makes a queue whose messages go to a dead-letter queue after one receive
// of a second.
func (c *check) pair() (source, dead made) {
	dead = c.queueNamed(c.name + "-dead")
	return c.queue("VisibilityTimeout", "1", "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"1"}`, dead.arn)), dead
}

// message is one to send.
func message(body string) *sqs.SendMessageInput { return &sqs.SendMessageInput{MessageBody: &body} }

// withAttribute is a message with an attribute.
func withAttribute(name, value string) *sqs.SendMessageInput {
	in := message("x")
	in.MessageAttributes = map[string]types.MessageAttributeValue{name: {DataType: aws.String("String"), StringValue: &value}}
	return in
}

// trySend sends what the SDK must not check first.
func (c *check) trySend(q made, in *sqs.SendMessageInput) error {
	in.QueueUrl = &q.url
	return failure(c, c.queues.SendMessage, in, func(o *sqs.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			_, err := s.Initialize.Remove("OperationInputValidation")
			return err
		})
	})
}

func (c *check) send(q made, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (id string) {
	in.QueueUrl = &q.url
	return aws.ToString(call(c, c.queues.SendMessage, in, options...).MessageId)
}

// receive takes one message, or none within the time.
func (c *check) receive(q made, within time.Duration) []types.Message {
	return call(c, c.queues.ReceiveMessage, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, WaitTimeSeconds: int32(within / time.Second), MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	}).Messages
}

// one receives a message within ten seconds.
func (c *check) one(q made) types.Message { return c.oneWithin(q, 10*time.Second) }

func (c *check) oneWithin(q made, within time.Duration) types.Message {
	found := c.receive(q, within)
	c.want(len(found) == 1 && found[0].MessageId != nil && found[0].ReceiptHandle != nil, fmt.Sprintf("one message within %v", within), "%d", len(found))
	return found[0]
}

// nothing ends the check if a message is there within the time.
func (c *check) nothing(q made, within time.Duration) {
	for _, m := range c.receive(q, within) {
		c.differs("no message", "message %s after %s receives", aws.ToString(m.MessageId), m.Attributes["ApproximateReceiveCount"])
	}
}

func (c *check) tryHide(q made, m types.Message, seconds int32) error {
	return failure(c, c.queues.ChangeMessageVisibility, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
}

func (c *check) hide(q made, m types.Message, seconds int32) { c.must(c.tryHide(q, m, seconds)) }

func (c *check) remove(q made, m types.Message) {
	call(c, c.queues.DeleteMessage, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle})
}

// received makes a queue with a visibility timeout in seconds, sends a message
// and receives it.
func (c *check) received(visibility string) (made, types.Message) {
	q := c.queue("VisibilityTimeout", visibility)
	c.send(q, message("conformance"))
	return q, c.one(q)
}

// receivedTwice receives a message a second time, for a minute, and returns the
// first receive.
func (c *check) receivedTwice() (made, types.Message) {
	q, first := c.received("60")
	c.hide(q, first, 0)
	c.one(q)
	return q, first
}

// valueOf is the value of a message's attribute.
func valueOf(m types.Message, name string) string {
	return aws.ToString(m.MessageAttributes[name].StringValue)
}
