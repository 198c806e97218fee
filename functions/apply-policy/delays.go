package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/outcome"
)

const (
	firstDelay = 30 * time.Second // after the first receive, doubling with each
	maxDelay   = 15 * time.Minute
	// delaysTimeout leaves time for the response.
	delaysTimeout = 2 * time.Second
)

// ChangeMessageVisibilityBatchAPIClient is the one operation of SQS that delays
// need.
type ChangeMessageVisibilityBatchAPIClient interface {
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// setDelays says when the messages that are handed back come again. An error
// costs nothing: where no delay was set the queue's own visibility timeout
// serves.
func setDelays(ctx context.Context, client ChangeMessageVisibilityBatchAPIClient, deadLetterQueueURL string, requests []*request) error {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	queueURL := ""
	for i, r := range requests {
		if r.outcome.Kind != outcome.Retry || r.Record.ReceiptHandle == "" {
			continue
		}
		queueURL = siblingURL(deadLetterQueueURL, r.Record.EventSourceARN)
		entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                aws.String(strconv.Itoa(i)),
			ReceiptHandle:     aws.String(r.Record.ReceiptHandle),
			VisibilityTimeout: int32(retryDelay(r) / time.Second),
		})
	}
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, delaysTimeout)
	defer cancel()
	out, err := client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(queueURL), Entries: entries})
	if err != nil {
		return fmt.Errorf("delaying %d messages: %w", len(entries), err)
	}
	if len(out.Failed) > 0 {
		return fmt.Errorf("delaying %d messages: %d refused, the first with %s: %s",
			len(entries), len(out.Failed), aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
	}
	return nil
}

// retryDelay is how long r stays away: nothing for what was not tried for lack
// of time, else 30 seconds doubling with each receive up to 15 minutes, and up
// to a tenth less, at random, so that a burst does not come back as one.
func retryDelay(r *request) time.Duration {
	if r.untried {
		return 0
	}
	delay := maxDelay
	if doublings := max(r.Receives, 1) - 1; doublings < 5 {
		delay = firstDelay << doublings
	}
	return delay - rand.N(delay/10)
}

// siblingURL is the URL of the queue with the given ARN, which is in the same
// account and Region as the queue at url.
func siblingURL(url, arn string) string {
	return url[:strings.LastIndexByte(url, '/')+1] + arn[strings.LastIndexByte(arn, ':')+1:]
}
