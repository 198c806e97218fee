package queue

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/wire"
)

func wantSDKCode(t *testing.T, err error, want string) {
	t.Helper()
	failure, ok := errors.AsType[smithy.APIError](err)
	if want == "" && err != nil || want != "" && (!ok || failure.ErrorCode() != want) {
		t.Errorf("answered %v, want %q", err, want)
	}
}

func TestListsOfQueues(t *testing.T) {
	s := newServer()
	dlq := create(t, s, "Dead", nil)
	want := []string{}
	for i := range 5 {
		q := create(t, s, fmt.Sprint("Q", i), map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dlq.ARN() + `","maxReceiveCount":3}`})
		want = append(want, q.URL())
	}
	c := client("http://127.0.0.1:4566", wire.Client{Handler: s})

	all, err := c.ListQueues(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{dlq.URL()}, want...), all.QueueUrls); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}

	sources, err := c.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: new(dlq.URL())})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, sources.QueueUrls); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestQueueThroughTheSDK(t *testing.T) {
	s := newServer()
	c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
	ctx := t.Context()
	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("Q")})
	if err != nil {
		t.Fatal(err)
	}
	url := made.QueueUrl
	_, err = c.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "7"}})
	wantSDKCode(t, err, "")
	got, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"DelaySeconds", "QueueArn", "RedrivePolicy"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"DelaySeconds": "7", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:Q"}, got.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}

	_, err = c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	wantSDKCode(t, err, "")
	_, err = c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	wantSDKCode(t, err, "AWS.SimpleQueueService.PurgeQueueInProgress")
	_, err = c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url})
	wantSDKCode(t, err, "")
	_, err = c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url})
	wantSDKCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
}
