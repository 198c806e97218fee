package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/outcome"
)

// delaysTimeout leaves time for the response.
const delaysTimeout = 2 * time.Second

// ChangeMessageVisibilityBatchAPIClient is the one SQS operation that delays need.
type ChangeMessageVisibilityBatchAPIClient interface {
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// setDelays hides each retried message for its outcome's delay. An error does no
// harm: without a delay, the queue's own visibility timeout applies.
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
			VisibilityTimeout: int32(r.outcome.Delay / time.Second),
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

// siblingURL is the URL of the queue with the given ARN, in the same account and
// Region as the queue at url. Only a queue's messages have receipt handles, and
// Lambda gives them its ARN.
func siblingURL(url, queueARN string) string {
	queue, _ := arn.Parse(queueARN)
	return url[:strings.LastIndexByte(url, '/')+1] + queue.Resource
}
