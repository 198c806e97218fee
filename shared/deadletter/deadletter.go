// Package deadletter sends messages that cannot be applied to the dead-letter
// queue, byte for byte, with the reason as message attributes, and reads them
// back. It is the one place that knows these attributes.
//
// A letter without ErrorCode was moved by SQS itself: it ran out of receives.
//
// The limits are SQS's: 10 attributes a message, body and attributes together
// at most the queue's maximum size (1 MiB unless set lower), and only the
// characters XML 1.0 allows.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sespolicy/shared/finding"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// sendTimeout is the longest that sending one letter may take, so that a queue
// that does not answer costs one letter's time and not the batch's.
const sendTimeout = 5 * time.Second

// maxSize is the largest message that SQS accepts, in bytes, body and attributes
// together. A queue may be set to accept less.
const maxSize = 1 << 20

// Letter is a message that cannot be applied, and why.
type Letter struct {
	Record     events.SQSMessage // as received
	Code       string            // a stable code of this project, or SES's own
	Message    string            // for people; cut to 1 KB
	Violations []finding.Finding
	SenderID   string // who sent the message; of a received letter, as its attribute claims
	AnsweredTo string // message.Stack or message.Task if a requester is told; empty otherwise
}

// SendMessageAPIClient is the one operation of SQS that this package needs.
type SendMessageAPIClient interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Queue is the dead-letter queue.
type Queue struct {
	client SendMessageAPIClient
	url    string
}

// New is the dead-letter queue at url.
func New(client SendMessageAPIClient, url string) *Queue {
	return &Queue{client: client, url: url}
}

// Send puts the letter on the queue. A letter that is too large with its whole
// reason goes without Violations, then with ErrorCode alone. After an error the
// message must stay on its queue.
func (q *Queue) Send(ctx context.Context, letter Letter) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var err error
	variants := reasons(letter)
	for i, attributes := range variants {
		if i < len(variants)-1 && size(letter.Record.Body, attributes) > maxSize {
			continue
		}
		err = q.send(ctx, letter.Record, attributes)
		if err == nil {
			return nil
		}
		if !isTooLarge(err) {
			break
		}
	}
	return fmt.Errorf("sending message %s to the dead-letter queue: %w", letter.Record.MessageId, err)
}

func (q *Queue) send(ctx context.Context, record events.SQSMessage, attributes map[string]types.MessageAttributeValue) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:          aws.String(q.url),
		MessageBody:       aws.String(record.Body),
		MessageAttributes: attributes,
	})
	return err
}

// size is what SQS counts of a message: the body, and each attribute's name,
// type and value.
func size(body string, attributes map[string]types.MessageAttributeValue) int {
	total := len(body)
	for name, value := range attributes {
		total += len(name) + len(aws.ToString(value.DataType)) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue)
	}
	return total
}

// isTooLarge reports whether SQS refused the letter for its content, so that a
// smaller one may pass. SQS's size limit is an InvalidParameterValue.
func isTooLarge(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "InvalidParameterValue", "InvalidParameterValueException", "InvalidMessageContents", "MessageTooLong":
		return true
	}
	return false
}
