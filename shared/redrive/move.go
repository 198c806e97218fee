package redrive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A move is asked for its progress when it should be done, but not more often
// than the one and not more seldom than the other.
const (
	shortestPoll = 100 * time.Millisecond
	longestPoll  = time.Second
)

// Move puts all letters back by SQS's own task, which keeps all attributes, the
// reason included. The destination must be said: without it SQS moves only what
// it put on the queue itself. When the context ends, the task is cancelled, and
// every message is on one of the two queues.
//
// It ends, cancelled, when as many were moved as there were at the start: what
// the function refuses comes back as a new letter, and the task would move it
// round and round, for up to 36 hours. What comes back before the end is seen
// may be moved once more.
//
// moved is about how many were moved. progress is told that and about how many
// there are in all.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func Move(ctx context.Context, client *sqs.Client, from, to Queue, perSecond int, progress func(moved, all int)) (moved int, err error) {
	started, err := client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{
		SourceArn: aws.String(from.ARN), DestinationArn: aws.String(to.ARN), MaxNumberOfMessagesPerSecond: aws.Int32(int32(perSecond)),
	})
	if err != nil {
		return 0, fmt.Errorf("starting the move (SQS runs one for a queue at a time): %w", err)
	}
	poll := time.NewTimer(shortestPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			moved, err := cancelMove(ctx, client, aws.ToString(started.TaskHandle))
			return moved, errors.Join(ctx.Err(), err)
		case <-poll.C:
		}
		task, err := newestMove(ctx, client, from)
		if err != nil {
			return moved, err
		}
		moved = int(task.ApproximateNumberOfMessagesMoved)
		all := int(aws.ToInt64(task.ApproximateNumberOfMessagesToMove)) // counted at the start; 0 before
		progress(moved, all)
		switch aws.ToString(task.Status) {
		case "COMPLETED":
			return moved, nil
		case "RUNNING":
			if all > 0 && moved >= all {
				more, err := cancelMove(ctx, client, aws.ToString(started.TaskHandle))
				return max(moved, more), err
			}
		case "FAILED":
			return moved, fmt.Errorf("SQS gave up moving: %s", aws.ToString(task.FailureReason))
		case "CANCELLING", "CANCELLED":
			return moved, errors.New("somebody else cancelled the move")
		}
		left := time.Duration(all-moved) * time.Second / time.Duration(perSecond)
		poll.Reset(min(max(left, shortestPoll), longestPoll))
	}
}

// newestMove is the newest task of the queue, which is ours: there is one at a time.
func newestMove(ctx context.Context, client *sqs.Client, from Queue) (types.ListMessageMoveTasksResultEntry, error) {
	ctx, cancel := call(ctx)
	defer cancel()
	out, err := client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(from.ARN), MaxResults: aws.Int32(1)})
	if err != nil {
		return types.ListMessageMoveTasksResultEntry{}, fmt.Errorf("asking how far the move is, which goes on: %w", err)
	}
	if len(out.Results) == 0 {
		return types.ListMessageMoveTasksResultEntry{}, errors.New("SQS has started the move and does not list it")
	}
	return out.Results[0], nil
}

func cancelMove(ctx context.Context, client *sqs.Client, handle string) (moved int, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	out, err := client.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String(handle)})
	if _, ended := errors.AsType[*types.ResourceNotFoundException](err); ended {
		return 0, nil // it ended by itself
	}
	if err != nil {
		return 0, fmt.Errorf("cancelling the move, which goes on: %w", err)
	}
	return int(out.ApproximateNumberOfMessagesMoved), nil
}
