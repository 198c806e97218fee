package queue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/wire"
)

func batchEntry(id, body string) types.SendMessageBatchRequestEntry {
	return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
}

// failures are the codes of a batch answer by entry.
func failures(entries []types.BatchResultErrorEntry) map[string]string {
	codes := map[string]string{}
	for _, e := range entries {
		codes[*e.Id] = *e.Code
	}
	return codes
}

func TestBatchesThroughTheSDK(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
	url, ctx := new(q.URL()), t.Context()

	late := batchEntry("late", "x")
	late.DelaySeconds = 901
	listed := batchEntry("list", "x")
	listed.MessageAttributes = map[string]types.MessageAttributeValue{"a": {DataType: new("String"), StringListValues: []string{"x"}}}
	sent, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		batchEntry("good", "1"), batchEntry("empty", ""), batchEntry("control", "\x01"), late, listed, batchEntry("too", "2"),
	}})
	if err != nil || len(sent.Successful) != 2 {
		t.Fatalf("SendMessageBatch: %+v, %v", sent, err)
	}
	want := map[string]string{"empty": "MissingParameter", "control": "InvalidMessageContents", "late": "InvalidParameterValue", "list": "InvalidParameterValue"}
	if diff := cmp.Diff(want, failures(sent.Failed)); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}

	got := receive(t, q)
	changed, err := c.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: new("good"), ReceiptHandle: &got[0].ReceiptHandle, VisibilityTimeout: 0},
		{Id: new("again"), ReceiptHandle: &got[0].ReceiptHandle, VisibilityTimeout: 0},
		{Id: new("long"), ReceiptHandle: &got[1].ReceiptHandle, VisibilityTimeout: 43201},
	}})
	if err != nil || len(changed.Successful) != 2 || q.Counts().Visible != 1 {
		t.Errorf("ChangeMessageVisibilityBatch: %+v, %v, %+v", changed, err, q.Counts())
	}
	if diff := cmp.Diff(map[string]string{"long": "InvalidParameterValue"}, failures(changed.Failed)); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}

	deleted, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: new("good"), ReceiptHandle: &got[0].ReceiptHandle}, {Id: new("bad"), ReceiptHandle: new("nope")}, {Id: new("too"), ReceiptHandle: &got[1].ReceiptHandle},
	}})
	if err != nil || len(deleted.Successful) != 2 || q.Counts() != (Counts{}) {
		t.Errorf("DeleteMessageBatch: %+v, %v, %+v", deleted, err, q.Counts())
	}
	if diff := cmp.Diff(map[string]string{"bad": "ReceiptHandleIsInvalid"}, failures(deleted.Failed)); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
}

func TestBatchesRefusedWhole(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
	var eleven []types.SendMessageBatchRequestEntry
	for i := range 11 {
		eleven = append(eleven, batchEntry(fmt.Sprint(i), "x"))
	}
	half := strings.Repeat("x", maxPayload/2)
	for reason, batch := range map[string]struct {
		entries []types.SendMessageBatchRequestEntry
		code    string
	}{
		"ten":                 {eleven[:10], ""},
		"1 MiB together":      {[]types.SendMessageBatchRequestEntry{batchEntry("a", half), batchEntry("b", half)}, ""},
		"none":                {[]types.SendMessageBatchRequestEntry{}, "AWS.SimpleQueueService.EmptyBatchRequest"},
		"eleven":              {eleven, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		"over 1 MiB together": {[]types.SendMessageBatchRequestEntry{batchEntry("a", half), batchEntry("b", half+"x")}, "AWS.SimpleQueueService.BatchRequestTooLong"},
		"an id twice":         {[]types.SendMessageBatchRequestEntry{batchEntry("a", "x"), batchEntry("a", "y")}, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		"an empty id":         {[]types.SendMessageBatchRequestEntry{batchEntry("", "x")}, "AWS.SimpleQueueService.InvalidBatchEntryId"},
		"an id of 81":         {[]types.SendMessageBatchRequestEntry{batchEntry(strings.Repeat("i", 81), "x")}, "AWS.SimpleQueueService.InvalidBatchEntryId"},
	} {
		t.Run(reason, func(t *testing.T) {
			before := q.Counts().Visible
			_, err := c.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: new(q.URL()), Entries: batch.entries})
			wantSDKCode(t, err, batch.code)
			if sent := q.Counts().Visible - before; batch.code != "" && sent != 0 {
				t.Errorf("%d were sent all the same", sent)
			}
		})
	}
}

func TestMovesThroughTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		deadLetters(t, source, 4)
		c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
		started, err := c.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: new(dlq.ARN()), DestinationArn: new(source.ARN()), MaxNumberOfMessagesPerSecond: new(int32(1))})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		listed, err := c.ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: new(dlq.ARN())})
		if err != nil || len(listed.Results) != 1 {
			t.Fatalf("ListMessageMoveTasks: %+v, %v", listed, err)
		}
		task := listed.Results[0]
		if *task.Status != "RUNNING" || *task.TaskHandle != *started.TaskHandle || *task.DestinationArn != source.ARN() || *task.ApproximateNumberOfMessagesToMove != 4 || task.ApproximateNumberOfMessagesMoved != 1 {
			t.Errorf("task %+v", task)
		}
		cancelled, err := c.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: started.TaskHandle})
		if err != nil || cancelled.ApproximateNumberOfMessagesMoved != 1 {
			t.Errorf("CancelMessageMoveTask: %+v, %v", cancelled, err)
		}
		_, err = c.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: new(dlq.ARN()), MaxNumberOfMessagesPerSecond: new(int32(0))})
		wantSDKCode(t, err, "InvalidParameterValue")
	})
}
