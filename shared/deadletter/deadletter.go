// Package deadletter sends what cannot be done to the dead-letter queue: the
// message as it came, byte for byte, with the reason as message attributes.
//
// A letter without ErrorCode on that queue was moved by SQS itself: it ran out
// of receives.
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
	"strings"
	"time"

	"sespolicy/shared/finding"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// sendTimeout is the longest that sending one letter may take, so that a queue
// that does not answer costs its letter's turn and not the batch.
const sendTimeout = 5 * time.Second

// maxSize is the largest message that any queue takes, in bytes, body and
// attributes together. A queue may be set to take less.
const maxSize = 1 << 20

// Letter is a message that cannot be done, and why.
type Letter struct {
	Record     events.SQSMessage // as it came
	Code       string            // a stable code of this project, or SES's own
	Message    string            // for people; cut to 1 KB
	Violations []finding.Finding
	AnsweredTo string // CloudFormation or StepFunctions when an asker is told; empty otherwise
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

// Send puts the letter on the queue. A letter too large with its whole reason
// goes without Violations, then with ErrorCode alone. An error means that
// nothing was sent and that the message must stay where it is.
func (q *Queue) Send(ctx context.Context, letter Letter) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var err error
	rungs := reasons(letter)
	for i, attributes := range rungs {
		if i < len(rungs)-1 && size(letter.Record.Body, attributes) > maxSize {
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
	input := &sqs.SendMessageInput{
		QueueUrl:          aws.String(q.url),
		MessageBody:       aws.String(record.Body),
		MessageAttributes: attributes,
	}
	if strings.HasSuffix(q.url, ".fifo") {
		input.MessageGroupId = aws.String(record.Attributes["MessageGroupId"])
		// The same message dead-lettered twice within five minutes is one letter.
		input.MessageDeduplicationId = aws.String(record.MessageId)
	}
	_, err := q.client.SendMessage(ctx, input)
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

// isTooLarge reports whether SQS refused the letter for what it holds, so that
// a smaller one may pass. SQS says InvalidParameterValue for its size limit.
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
