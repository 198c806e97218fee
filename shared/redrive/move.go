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

const (
	// shortestPoll and longestPoll bound the pause between two polls of a move's
	// progress.
	shortestPoll = 100 * time.Millisecond
	longestPoll  = time.Second
	// cancelAttempts bounds how often a running move is cancelled that SQS does
	// not list yet.
	cancelAttempts = 10
)

// Move puts all letters back by SQS's own task, which keeps all attributes, the
// reason included. Without a destination SQS would move only what it put on the
// queue itself. When the context ends, Move cancels the task, and every message
// is on one of the two queues; that holds for an interruption at any moment.
//
// Move cancels the task, too, when as many letters were moved as there were at
// the start: a request that the function refuses again is a new letter, and the
// task would move it in a circle for up to 36 hours. Letters that come back
// before the last poll may be moved twice.
//
// moved is SQS's approximate number. progress gets that and the approximate
// total.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func Move(ctx context.Context, client *sqs.Client, from, to Queue, perSecond int, progress func(moved, all int)) (moved int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	started, err := startMove(ctx, client, &sqs.StartMessageMoveTaskInput{
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
			moved, err := cancelMove(ctx, client, from, aws.ToString(started.TaskHandle))
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
				more, err := cancelMove(ctx, client, from, aws.ToString(started.TaskHandle))
				return max(moved, more), err
			}
		case "FAILED":
			return moved, fmt.Errorf("SQS gave up moving: %s", aws.ToString(task.FailureReason))
		case "CANCELLING", "CANCELLED":
			return moved, errors.New("the move was cancelled by another client")
		}
		left := time.Duration(all-moved) * time.Second / time.Duration(perSecond)
		poll.Reset(min(max(left, shortestPoll), longestPoll))
	}
}

// startMove finishes the call even if ctx ends meanwhile: otherwise SQS may have
// started a task whose handle nobody knows.
func startMove(ctx context.Context, client *sqs.Client, input *sqs.StartMessageMoveTaskInput) (*sqs.StartMessageMoveTaskOutput, error) {
	ctx, cancel := call(ctx)
	defer cancel()
	return client.StartMessageMoveTask(ctx, input)
}

// newestMove is the newest task of the queue, which is ours: a queue has one at a time.
func newestMove(ctx context.Context, client *sqs.Client, from Queue) (types.ListMessageMoveTasksResultEntry, error) {
	ctx, cancel := call(ctx)
	defer cancel()
	out, err := client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(from.ARN), MaxResults: aws.Int32(1)})
	if err != nil {
		return types.ListMessageMoveTasksResultEntry{}, fmt.Errorf("asking for the progress of the move, which goes on: %w", err)
	}
	if len(out.Results) == 0 {
		return types.ListMessageMoveTasksResultEntry{}, errors.New("SQS has started the move and does not list it")
	}
	return out.Results[0], nil
}

// cancelMove cancels a task, also when ctx has ended. SQS answers
// ResourceNotFoundException for a task that has ended; only if it lists the task
// as running is the call repeated.
func cancelMove(ctx context.Context, client *sqs.Client, from Queue, handle string) (moved int, err error) {
	for attempt := 1; ; attempt++ {
		moved, err = cancelOnce(ctx, client, handle)
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
			return moved, err
		}
		task, listErr := newestMove(ctx, client, from)
		switch {
		case listErr != nil:
			return 0, listErr
		case aws.ToString(task.Status) != "RUNNING":
			return int(task.ApproximateNumberOfMessagesMoved), nil
		case attempt == cancelAttempts:
			return 0, err
		}
		time.Sleep(shortestPoll) // ctx has ended already; at most a second in all
	}
}

func cancelOnce(ctx context.Context, client *sqs.Client, handle string) (moved int, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	out, err := client.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String(handle)})
	if err != nil {
		return 0, fmt.Errorf("cancelling the move, which goes on: %w", err)
	}
	return int(out.ApproximateNumberOfMessagesMoved), nil
}
