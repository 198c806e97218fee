package main

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// moves are the assumptions about dead letters and the tasks that move them back.
var moves = []Assumption{
	{"sqs/dead-letter-keeps-what-it-had", Recorded, recorded("2024"),
		"A message that ran out of receives is moved with its id, its SentTimestamp and its attributes, and gains DeadLetterQueueSourceArn.",
		func(c *check) {
			source, dead, first := c.deadLetter()
			letter := c.one(dead)
			c.want(*letter.MessageId == *first.MessageId && sameTime(letter, first) && letter.Attributes["DeadLetterQueueSourceArn"] == source.arn && valueOf(letter, "Kind") == c.name,
				"the same id, SentTimestamp and attributes, and the source "+source.arn, "id %s (was %s), SentTimestamp %s (was %s), source %q, %d attributes",
				*letter.MessageId, *first.MessageId, letter.Attributes["SentTimestamp"], first.Attributes["SentTimestamp"], letter.Attributes["DeadLetterQueueSourceArn"], len(letter.MessageAttributes))
			c.observe("receive count of the letter: %s", letter.Attributes["ApproximateReceiveCount"])
		}},
	{"sqs/moved-back-is-a-new-message", Documented, guideSQS + "sqs-configure-dead-letter-queue-redrive.html",
		"A message that a move task brings back to its source has a new id and a new SentTimestamp, and its attributes.",
		func(c *check) {
			source, dead, first := c.deadLetter()
			c.pause(1200 * time.Millisecond)
			c.move(dead)
			back := c.oneWithin(source, 20*time.Second)
			c.want(*back.MessageId != *first.MessageId && !sameTime(back, first) && valueOf(back, "Kind") == c.name,
				"a new id, a new SentTimestamp, the same attributes", "id %s (was %s), SentTimestamp %s (was %s), %d attributes",
				*back.MessageId, *first.MessageId, back.Attributes["SentTimestamp"], first.Attributes["SentTimestamp"], len(back.MessageAttributes))
		}},
	{"sqs/sent-letters-have-no-source", Documented, guideSQS + "sqs-configure-dead-letter-queue-redrive.html",
		"A move task without a destination fails with CouldNotDetermineMessageSource for a message that was sent to the dead-letter queue.",
		func(c *check) {
			_, dead := c.pair()
			c.send(dead, message("x"))
			c.move(dead)
			var last types.ListMessageMoveTasksResultEntry
			for range 15 {
				if found := call(c, c.queues.ListMessageMoveTasks, &sqs.ListMessageMoveTasksInput{SourceArn: &dead.arn}).Results; len(found) > 0 {
					last = found[0]
				}
				if s := aws.ToString(last.Status); s != "" && s != "RUNNING" {
					break
				}
				c.pause(time.Second)
			}
			const reason = "CouldNotDetermineMessageSource"
			c.want(aws.ToString(last.FailureReason) == reason, reason, "status %q, reason %q", aws.ToString(last.Status), aws.ToString(last.FailureReason))
		}},
	{"sqs/one-move-task-at-a-time", Recorded, recorded("2024-08"),
		"A second move task from the same queue is refused with InvalidParameterValue while the first one runs.",
		func(c *check) {
			source, dead := c.pair()
			for range 6 { // at one a second, the first task runs for a while
				c.send(dead, message("x"))
			}
			in := &sqs.StartMessageMoveTaskInput{SourceArn: &dead.arn, DestinationArn: &source.arn, MaxNumberOfMessagesPerSecond: aws.Int32(1)}
			first := call(c, c.queues.StartMessageMoveTask, in)
			second := failure(c, c.queues.StartMessageMoveTask, in)
			_ = failure(c, c.queues.CancelMessageMoveTask, &sqs.CancelMessageMoveTaskInput{TaskHandle: first.TaskHandle}) // it ends with its queue anyway
			c.refused(second, invalid...)
		}},
	{"sqs/malformed-task-handle", Recorded, recorded("2024-08"),
		"CancelMessageMoveTask with a malformed handle is refused with InvalidParameterValue.",
		func(c *check) {
			c.refused(failure(c, c.queues.CancelMessageMoveTask, &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String("nonsense")}), invalid...)
		}},
	{"sqs/unknown-move-source", Recorded, recorded("2024-08"),
		"ListMessageMoveTasks of a queue that does not exist is refused with ResourceNotFoundException, HTTP 404.",
		func(c *check) {
			nowhere := c.arn("sqs", c.prefix+"nowhere")
			c.refusedAs(failure(c, c.queues.ListMessageMoveTasks, &sqs.ListMessageMoveTasksInput{SourceArn: &nowhere}), http.StatusNotFound, "ResourceNotFoundException")
		}},
}

// deadLetter has SQS move a message to a dead-letter queue, and returns its one
// receive. The message has the attribute Kind with the check's name.
func (c *check) deadLetter() (source, dead made, first types.Message) {
	source, dead = c.pair()
	c.send(source, withAttribute("Kind", c.name))
	first = c.one(source)
	c.pause(1500 * time.Millisecond)
	c.nothing(source, time.Second) // this receive is what moves it
	return source, dead, first
}

// move starts a task that moves the letters back, at the rate that SQS chooses.
func (c *check) move(dead made) {
	call(c, c.queues.StartMessageMoveTask, &sqs.StartMessageMoveTaskInput{SourceArn: &dead.arn})
}

func sameTime(a, b types.Message) bool {
	return a.Attributes["SentTimestamp"] == b.Attributes["SentTimestamp"]
}
