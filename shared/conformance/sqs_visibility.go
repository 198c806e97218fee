package main

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueVisibility are the assumptions about when a message is there.
func queueVisibility() []Assumption {
	return []Assumption{
		{
			Name: "sqs/hidden-after-receive", Sure: Documented, Source: guideSQS + "sqs-visibility-timeout.html",
			Statement: "A received message is hidden for the visibility timeout, and then comes again with the same id and a receive count one higher.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "hidden", "2")
				if err != nil {
					return "", err
				}
				if err := w.nothing(ctx, q, time.Second); err != nil {
					return "", err
				}
				again, err := w.one(ctx, q, 10*time.Second)
				if err != nil {
					return "", err
				}
				if *again.MessageId != *first.MessageId || again.Attributes["ApproximateReceiveCount"] != "2" {
					return "", differs("the same id and receive count 2", "%s (was %s) and receive count %s", *again.MessageId, *first.MessageId, again.Attributes["ApproximateReceiveCount"])
				}
				return "", nil
			},
		},
		{
			Name: "sqs/visibility-zero-shows-at-once", Sure: Documented, Source: pageSQS + "API_ChangeMessageVisibility.html",
			Statement: "ChangeMessageVisibility to 0 makes a message visible at once.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "zero", "60")
				if err != nil {
					return "", err
				}
				if err := w.hide(ctx, q, first, 0); err != nil {
					return "", err
				}
				_, err = w.one(ctx, q, 5*time.Second)
				return "", err
			},
		},
		{
			Name: "sqs/expired-receive-changes-visibility", Sure: Recorded, Source: recorded("2024"),
			Statement: "ChangeMessageVisibility is accepted, and takes effect, on a message whose visibility timeout has run out and that nobody has received again.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "expired", "1")
				if err != nil {
					return "", err
				}
				if err := w.pause(ctx, 1500*time.Millisecond); err != nil {
					return "", err
				}
				if err := w.hide(ctx, q, first, 60); err != nil {
					return "", err
				}
				return "", w.nothing(ctx, q, time.Second)
			},
		},
		{
			Name: "sqs/superseded-handle-changes-visibility", Sure: Recorded, Source: recorded("2024"),
			Statement: "On a standard queue the receipt handle of an earlier receive changes the visibility of the current one: 0 shows a message that another consumer has in hand.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.receivedTwice(ctx, "superseded")
				if err != nil {
					return "", err
				}
				if err := w.hide(ctx, q, first, 0); err != nil {
					return "", err
				}
				_, err = w.one(ctx, q, 5*time.Second)
				return "", err
			},
		},
		{
			Name: "sqs/superseded-handle-deletes-without-an-error", Sure: Documented, Source: pageSQS + "API_DeleteMessage.html",
			Statement: "DeleteMessage with the receipt handle of an earlier receive answers success, and may delete nothing.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.receivedTwice(ctx, "deleted")
				if err != nil {
					return "", err
				}
				if err := w.remove(ctx, q, first); err != nil {
					return "", err
				}
				all := []types.QueueAttributeName{"All"}
				out, err := w.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: all})
				if err != nil {
					return "", err
				}
				if out.Attributes["ApproximateNumberOfMessagesNotVisible"] == "" {
					return "", differs("the number of messages in flight", "no such attribute")
				}
				return "messages in flight afterwards, approximately: " + out.Attributes["ApproximateNumberOfMessagesNotVisible"], nil
			},
		},
		{
			Name: "sqs/deleted-stays-deleted", Sure: Documented, Source: pageSQS + "API_DeleteMessage.html",
			Statement: "A deleted message does not come again, and deleting it once more answers success.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "gone", "1")
				if err != nil {
					return "", err
				}
				for range 2 {
					if err := w.remove(ctx, q, first); err != nil {
						return "", err
					}
				}
				if err := w.nothing(ctx, q, 2*time.Second); err != nil {
					return "", err
				}
				if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String("next")}); err != nil {
					return "", err
				}
				_, err = w.one(ctx, q, 5*time.Second) // the queue still works
				return "", err
			},
		},
		{
			Name: "sqs/batch-change-fails-by-entry", Sure: Documented, Source: pageSQS + "API_ChangeMessageVisibilityBatch.html",
			Statement: "In ChangeMessageVisibilityBatch an entry with a bad receipt handle fails alone, and the other entries take effect.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "batch", "60")
				if err != nil {
					return "", err
				}
				out, err := w.queues.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
					{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
					{Id: aws.String("good"), ReceiptHandle: first.ReceiptHandle},
				}})
				if err != nil {
					return "", err
				}
				if len(out.Failed) != 1 || aws.ToString(out.Failed[0].Id) != "bad" || len(out.Successful) != 1 {
					return "", differs("the entry bad fails, good succeeds", "%d failed, %d successful", len(out.Failed), len(out.Successful))
				}
				_, err = w.one(ctx, q, 5*time.Second)
				return "code of the entry: " + aws.ToString(out.Failed[0].Code), err
			},
		},
		{
			Name: "sqs/visibility-up-to-12-hours", Sure: Documented, Source: pageSQS + "API_ChangeMessageVisibility.html",
			Statement: "A visibility timeout of more than 12 hours is refused with InvalidParameterValue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "twelve", "60")
				if err != nil {
					return "", err
				}
				return "", refusedWith(w.hide(ctx, q, first, 43201), "InvalidParameterValue", "InvalidParameterValueException")
			},
		},
	}
}

// received makes a queue with a visibility timeout in seconds, sends a message
// and receives it.
func (w *world) received(ctx context.Context, name, visibility string) (madeQueue, types.Message, error) {
	q, err := w.makeQueue(ctx, name, map[string]string{"VisibilityTimeout": visibility})
	if err != nil {
		return q, types.Message{}, err
	}
	if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String("conformance")}); err != nil {
		return q, types.Message{}, err
	}
	m, err := w.one(ctx, q, 10*time.Second)
	return q, m, err
}

// receivedTwice receives a message a second time, for a minute, and returns the
// first receive.
func (w *world) receivedTwice(ctx context.Context, name string) (madeQueue, types.Message, error) {
	q, first, err := w.received(ctx, name, "60")
	if err == nil {
		err = w.hide(ctx, q, first, 0)
	}
	if err == nil {
		_, err = w.one(ctx, q, 5*time.Second)
	}
	return q, first, err
}

func (w *world) hide(ctx context.Context, q madeQueue, m types.Message, seconds int32) error {
	_, err := w.queues.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
	return err
}

func (w *world) remove(ctx context.Context, q madeQueue, m types.Message) error {
	_, err := w.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle})
	return err
}

func (w *world) send(ctx context.Context, q madeQueue, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (string, error) {
	in.QueueUrl = &q.url
	out, err := w.queues.SendMessage(ctx, in, options...)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.MessageId), nil
}

// receive takes one message, or none within the time.
func (w *world) receive(ctx context.Context, q madeQueue, within time.Duration) ([]types.Message, error) {
	seconds := int32(within / time.Second)
	out, err := w.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, WaitTimeSeconds: seconds, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// one receives a message within the time.
func (w *world) one(ctx context.Context, q madeQueue, within time.Duration) (types.Message, error) {
	messages, err := w.receive(ctx, q, within)
	if err != nil {
		return types.Message{}, err
	}
	if len(messages) != 1 || messages[0].MessageId == nil || messages[0].ReceiptHandle == nil {
		return types.Message{}, differs("one message within "+strconv.Itoa(int(within/time.Second))+" s", "%d", len(messages))
	}
	return messages[0], nil
}

// nothing is an error if a message is there within the time.
func (w *world) nothing(ctx context.Context, q madeQueue, within time.Duration) error {
	messages, err := w.receive(ctx, q, within)
	if err == nil && len(messages) > 0 {
		return differs("no message", "message %s after %s receives", aws.ToString(messages[0].MessageId), messages[0].Attributes["ApproximateReceiveCount"])
	}
	return err
}
