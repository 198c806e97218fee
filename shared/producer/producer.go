// Package producer sends requests to the request queue, many at a time: in
// batches as large as SQS takes them, with what SQS refuses for the moment sent
// again.
//
// It does not check what it sends. On a standard queue a request may arrive
// twice when an answer is lost, which changes nothing: a request says how a
// policy shall be, not what to change.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
package producer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	maxEntries = 10      // of a batch
	maxBytes   = 1 << 20 // of a batch's bodies and attributes together: 1 MiB
	// A request that SQS could not take for the moment is sent this often, after
	// pauses of firstPause, doubled each time: 3 s in all.
	attempts    = 5
	firstPause  = 200 * time.Millisecond
	callTimeout = 30 * time.Second
)

// Request is one message to send. The last two are for FIFO queues alone.
type Request struct {
	Body                     string
	Attributes               map[string]types.MessageAttributeValue
	GroupID, DeduplicationID string
}

// size is what counts against the limit of a batch.
func (r Request) size() int {
	size := len(r.Body)
	for name, value := range r.Attributes {
		size += len(name) + len(aws.ToString(value.DataType)) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue)
	}
	return size
}

// SendMessageBatchAPIClient is the one operation of SQS that this package needs.
type SendMessageBatchAPIClient interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Send sends the requests in their order and tells done of each, by its
// position, that SQS has taken. It stops after the first batch of which
// something could not be sent, and after the batch in hand when the context
// ends: what done was not told of was not sent, unless the error says otherwise.
func Send(ctx context.Context, client SendMessageBatchAPIClient, queueURL string, requests []Request, done func(i int, messageID string)) error {
	for first := 0; first < len(requests); {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := first + batch(requests[first:])
		waiting := make([]int, 0, maxEntries)
		for i := first; i < end; i++ {
			waiting = append(waiting, i)
		}
		if err := sendBatch(ctx, client, queueURL, requests, waiting, done); err != nil {
			return err
		}
		first = end
	}
	return nil
}

// batch is how many of the requests go together. Of one message group it is one
// at a time: what SQS refuses is sent again, and must not come behind its next.
func batch(requests []Request) int {
	groups := map[string]bool{}
	size := 0
	for i, r := range requests {
		size += r.size()
		if i > 0 && (i == maxEntries || size > maxBytes || groups[r.GroupID]) {
			return i
		}
		groups[r.GroupID] = r.GroupID != ""
	}
	return len(requests)
}

// sendBatch sends those waiting until SQS has taken all, or refuses some.
func sendBatch(ctx context.Context, client SendMessageBatchAPIClient, queueURL string, requests []Request, waiting []int, done func(int, string)) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		again, refused, err := sendOnce(ctx, client, queueURL, requests, waiting, done)
		switch {
		case err != nil:
			return fmt.Errorf("sending a batch of %d, of which SQS may have taken some: %w", len(waiting), err)
		case refused != nil:
			return refused
		case len(again) == 0:
			return nil
		case attempt == attempts:
			return fmt.Errorf("SQS did not take %d of a batch, %d times: try again later", len(again), attempts)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
		waiting = again
	}
}

// sendOnce is one call. It gives back what to send again, and what SQS will
// never take.
func sendOnce(ctx context.Context, client SendMessageBatchAPIClient, queueURL string, requests []Request, waiting []int, done func(int, string)) (again []int, refused, err error) {
	// An interruption must not cut off a call: what SQS has taken would not be known.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	input := &sqs.SendMessageBatchInput{QueueUrl: aws.String(queueURL)}
	for _, i := range waiting {
		entry := types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(requests[i].Body), MessageAttributes: requests[i].Attributes,
		}
		if strings.HasSuffix(queueURL, ".fifo") {
			entry.MessageGroupId = aws.String(requests[i].GroupID)
			entry.MessageDeduplicationId = aws.String(requests[i].DeduplicationID)
		}
		input.Entries = append(input.Entries, entry)
	}
	out, err := client.SendMessageBatch(ctx, input)
	if err != nil {
		return nil, nil, err
	}
	for _, sent := range out.Successful {
		done(position(sent.Id), aws.ToString(sent.MessageId))
	}
	for _, failed := range out.Failed {
		if !failed.SenderFault {
			again = append(again, position(failed.Id))
			continue
		}
		refused = errors.Join(refused, &RefusedError{Position: position(failed.Id), Code: aws.ToString(failed.Code), Message: aws.ToString(failed.Message)})
	}
	return again, refused, nil
}

func position(id *string) int {
	i, _ := strconv.Atoi(aws.ToString(id)) // SQS answers with the ids it was given
	return i
}

// RefusedError is the error for a request that SQS will not take.
type RefusedError struct {
	Position      int // among those to send
	Code, Message string
}

// Error is what SQS said.
func (r *RefusedError) Error() string {
	return fmt.Sprintf("SQS refuses request %d: %s: %s", r.Position+1, r.Code, r.Message)
}
