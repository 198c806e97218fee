package producer

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SendMessageBatchAPIClient is the operation of SQS that a Queue needs.
type SendMessageBatchAPIClient interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// PublishBatchAPIClient is the operation of SNS that a Topic needs.
type PublishBatchAPIClient interface {
	PublishBatch(context.Context, *sns.PublishBatchInput, ...func(*sns.Options)) (*sns.PublishBatchOutput, error)
}

// Queue is a request queue.
type Queue struct {
	Client SendMessageBatchAPIClient
	URL    string
}

// maxBytes is 1 MiB.
func (Queue) maxBytes() int { return 1 << 20 }

func (q Queue) send(ctx context.Context, entries []entry) (result, error) {
	input := &sqs.SendMessageBatchInput{QueueUrl: aws.String(q.URL)}
	for _, e := range entries {
		input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(e.id), MessageBody: aws.String(e.Body), MessageAttributes: e.Attributes,
		})
	}
	out, err := q.Client.SendMessageBatch(ctx, input)
	if err != nil {
		return result{}, err
	}
	r := result{sent: map[int]string{}}
	for _, sent := range out.Successful {
		r.sent[position(sent.Id)] = aws.ToString(sent.MessageId)
	}
	for _, failed := range out.Failed {
		r.failed = append(r.failed, RefusedError{position(failed.Id), aws.ToString(failed.Code), aws.ToString(failed.Message), failed.SenderFault})
	}
	return r, nil
}

// Topic is a request topic. The message ids are SNS's: on the queue each message has another.
type Topic struct {
	Client PublishBatchAPIClient
	ARN    string
}

// maxBytes is 256 KiB.
func (Topic) maxBytes() int { return 256 << 10 }

func (t Topic) send(ctx context.Context, entries []entry) (result, error) {
	input := &sns.PublishBatchInput{TopicArn: aws.String(t.ARN)}
	for _, e := range entries {
		attributes := make(map[string]snstypes.MessageAttributeValue, len(e.Attributes))
		for name, value := range e.Attributes {
			attributes[name] = snstypes.MessageAttributeValue{DataType: value.DataType, StringValue: value.StringValue, BinaryValue: value.BinaryValue}
		}
		input.PublishBatchRequestEntries = append(input.PublishBatchRequestEntries, snstypes.PublishBatchRequestEntry{
			Id: aws.String(e.id), Message: aws.String(e.Body), MessageAttributes: attributes,
		})
	}
	out, err := t.Client.PublishBatch(ctx, input)
	if err != nil {
		return result{}, err
	}
	r := result{sent: map[int]string{}}
	for _, sent := range out.Successful {
		r.sent[position(sent.Id)] = aws.ToString(sent.MessageId)
	}
	for _, failed := range out.Failed {
		r.failed = append(r.failed, RefusedError{position(failed.Id), aws.ToString(failed.Code), aws.ToString(failed.Message), failed.SenderFault})
	}
	return r, nil
}

func position(id *string) int {
	i, _ := strconv.Atoi(aws.ToString(id)) // the service answers with the ids it was given
	return i
}
