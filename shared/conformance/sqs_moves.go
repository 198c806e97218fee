package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueMoves are the assumptions about dead letters and the tasks that move
// them back.
func queueMoves() []Assumption {
	return []Assumption{
		{
			Name: "sqs/dead-letter-keeps-what-it-had", Sure: Recorded, Source: recorded("2024"),
			Statement: "A message that ran out of receives is moved with its id, its SentTimestamp and its attributes, and gains DeadLetterQueueSourceArn.",
			Check: func(ctx context.Context, w *world) (string, error) {
				source, dead, first, err := w.deadLetter(ctx, "kept")
				if err != nil {
					return "", err
				}
				letter, err := w.one(ctx, dead, 10*time.Second)
				if err != nil {
					return "", err
				}
				if *letter.MessageId != *first.MessageId || letter.Attributes["SentTimestamp"] != first.Attributes["SentTimestamp"] ||
					letter.Attributes["DeadLetterQueueSourceArn"] != source.arn || aws.ToString(letter.MessageAttributes["Kind"].StringValue) != "kept" {
					return "", differs("the same id, SentTimestamp and attributes, and the source "+source.arn, "id %s (was %s), SentTimestamp %s (was %s), source %q, %d attributes",
						*letter.MessageId, *first.MessageId, letter.Attributes["SentTimestamp"], first.Attributes["SentTimestamp"], letter.Attributes["DeadLetterQueueSourceArn"], len(letter.MessageAttributes))
				}
				return "receive count of the letter: " + letter.Attributes["ApproximateReceiveCount"], nil
			},
		},
		{
			Name: "sqs/moved-back-is-a-new-message", Sure: Documented, Source: guideSQS + "sqs-configure-dead-letter-queue-redrive.html",
			Statement: "A message that a move task brings back to its source has a new id and a new SentTimestamp, and its attributes.",
			Check: func(ctx context.Context, w *world) (string, error) {
				source, dead, first, err := w.deadLetter(ctx, "back")
				if err != nil {
					return "", err
				}
				if err := w.pause(ctx, 1200*time.Millisecond); err != nil {
					return "", err
				}
				if err := w.move(ctx, dead); err != nil {
					return "", err
				}
				back, err := w.one(ctx, source, 20*time.Second)
				if err != nil {
					return "", err
				}
				if *back.MessageId == *first.MessageId || back.Attributes["SentTimestamp"] == first.Attributes["SentTimestamp"] || aws.ToString(back.MessageAttributes["Kind"].StringValue) != "back" {
					return "", differs("a new id, a new SentTimestamp, the same attributes", "id %s (was %s), SentTimestamp %s (was %s), %d attributes",
						*back.MessageId, *first.MessageId, back.Attributes["SentTimestamp"], first.Attributes["SentTimestamp"], len(back.MessageAttributes))
				}
				return "", nil
			},
		},
		{
			Name: "sqs/sent-letters-have-no-source", Sure: Documented, Source: guideSQS + "sqs-configure-dead-letter-queue-redrive.html",
			Statement: "A move task without a destination fails with CouldNotDetermineMessageSource for a message that was sent to the dead-letter queue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, dead, err := w.pair(ctx, "sent")
				if err != nil {
					return "", err
				}
				if _, err := w.send(ctx, dead, &sqs.SendMessageInput{MessageBody: aws.String("x")}); err != nil {
					return "", err
				}
				if err := w.move(ctx, dead); err != nil {
					return "", err
				}
				var last types.ListMessageMoveTasksResultEntry
				for range 15 {
					out, err := w.queues.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &dead.arn})
					if err != nil {
						return "", err
					}
					if len(out.Results) > 0 {
						last = out.Results[0]
					}
					if s := aws.ToString(last.Status); s != "" && s != "RUNNING" {
						break
					}
					if err := w.pause(ctx, time.Second); err != nil {
						return "", err
					}
				}
				const reason = "CouldNotDetermineMessageSource"
				if aws.ToString(last.FailureReason) != reason {
					return "", differs(reason, "status %q, reason %q", aws.ToString(last.Status), aws.ToString(last.FailureReason))
				}
				return "", nil
			},
		},
		{
			Name: "sqs/one-move-task-at-a-time", Sure: Recorded, Source: recorded("2024-08"),
			Statement: "A second move task from the same queue is refused with InvalidParameterValue while the first one runs.",
			Check: func(ctx context.Context, w *world) (string, error) {
				source, dead, err := w.pair(ctx, "second")
				if err != nil {
					return "", err
				}
				for range 6 { // at one a second, the first task runs for a while
					if _, err := w.send(ctx, dead, &sqs.SendMessageInput{MessageBody: aws.String("x")}); err != nil {
						return "", err
					}
				}
				start := func() (*sqs.StartMessageMoveTaskOutput, error) {
					return w.queues.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &dead.arn, DestinationArn: &source.arn, MaxNumberOfMessagesPerSecond: aws.Int32(1)})
				}
				first, err := start()
				if err != nil {
					return "", err
				}
				_, err = start()
				_, _ = w.queues.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: first.TaskHandle}) // it ends with its queue anyway
				return "", refusedWith(err, "InvalidParameterValue", "InvalidParameterValueException")
			},
		},
		{
			Name: "sqs/malformed-task-handle", Sure: Recorded, Source: recorded("2024-08"),
			Statement: "CancelMessageMoveTask with a malformed handle is refused with InvalidParameterValue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.queues.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String("nonsense")})
				return "", refusedWith(err, "InvalidParameterValue", "InvalidParameterValueException")
			},
		},
		{
			Name: "sqs/unknown-move-source", Sure: Recorded, Source: recorded("2024-08"),
			Statement: "ListMessageMoveTasks of a queue that does not exist is refused with ResourceNotFoundException, HTTP 404.",
			Check: func(ctx context.Context, w *world) (string, error) {
				nowhere := fmt.Sprintf("arn:%s:sqs:%s:%s:%snowhere", w.owner.Partition, w.owner.Region, w.owner.Account, w.prefix)
				_, err := w.queues.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &nowhere})
				return "", refusedAs(err, http.StatusNotFound, "ResourceNotFoundException")
			},
		},
	}
}

// pair makes a queue whose messages go to a dead-letter queue after one receive
// of a second.
func (w *world) pair(ctx context.Context, name string) (source, dead madeQueue, err error) {
	if dead, err = w.makeQueue(ctx, name+"-dead", nil); err != nil {
		return source, dead, err
	}
	source, err = w.makeQueue(ctx, name, map[string]string{
		"VisibilityTimeout": "1", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"1"}`, dead.arn),
	})
	return source, dead, err
}

// deadLetter has SQS move a message to a dead-letter queue, and returns its one
// receive. The message has the attribute Kind, with the given name.
func (w *world) deadLetter(ctx context.Context, name string) (source, dead madeQueue, first types.Message, err error) {
	if source, dead, err = w.pair(ctx, name); err != nil {
		return source, dead, first, err
	}
	if _, err = w.send(ctx, source, &sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: attribute("Kind", name)}); err != nil {
		return source, dead, first, err
	}
	if first, err = w.one(ctx, source, 10*time.Second); err != nil {
		return source, dead, first, err
	}
	if err = w.pause(ctx, 1500*time.Millisecond); err != nil {
		return source, dead, first, err
	}
	return source, dead, first, w.nothing(ctx, source, time.Second) // this receive is what moves it
}

// move starts a task that moves the letters back, at the rate that SQS chooses.
func (w *world) move(ctx context.Context, dead madeQueue) error {
	_, err := w.queues.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &dead.arn})
	return err
}
