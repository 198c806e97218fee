package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// noFunction is why most of the mapping cannot be asked.
const noFunction = "it takes a function that gives this answer; shared/local/mapping is tested for it"

// mappings are the assumptions about Lambda and its event source mapping. The
// one that can be asked goes through the request queue of the stack that runs.
func mappings() []Assumption {
	return []Assumption{
		{
			Name: "lambda/success-is-deleted", Sure: Documented, Source: guideLamb + "services-sqs-errorhandling.html",
			Statement: "The mapping delivers a message to the function and deletes it once the function has succeeded in it.",
			Check:     throughTheFunction,
		},
		{
			Name: "lambda/complete-success", Sure: Recorded, Source: guideLamb + "services-sqs-errorhandling.html",
			Statement: "{}, null, and an empty or null batchItemFailures are complete success.",
			Check:     never(noFunction),
		},
		{
			Name: "lambda/malformed-entry-fails-the-batch", Sure: Recorded, Source: guideLamb + "services-sqs-errorhandling.html",
			Statement: "A batchItemFailures with an unknown, empty or null itemIdentifier is complete failure: nothing is deleted.",
			Check:     never(noFunction),
		},
		{
			Name: "lambda/throttled-batch-spends-a-receive", Sure: Documented, Source: guideLamb + "services-sqs-scaling.html",
			Statement: "A throttled batch is retried until its visibility timeout has passed, and then goes back with the receive spent.",
			Check:     never("it takes a function without concurrency; shared/local/mapping is tested for it"),
		},
		{
			Name: "lambda/null-digest-with-a-window", Sure: Recorded, Source: recorded("2025-11"),
			Statement: "With a batching window of at least a second a record has md5OfMessageAttributes null, without one it has no such member.",
			Check:     never("it takes a function that reports its event; shared/local/mapping is tested for it"),
		},
		{
			Name: "lambda/throttled-invoke", Sure: Recorded, Source: recorded("2024"),
			Statement: "Invoke of a function at its reserved concurrency is refused with HTTP 429, TooManyRequestsException, the message \"Rate Exceeded.\" and the reason ReservedFunctionConcurrentInvocationLimitExceeded.",
			Check:     never("it takes a function that is busy; shared/local/function is tested for it"),
		},
		{
			Name: "lambda/timeout", Sure: Recorded, Source: recorded("2024"),
			Statement: "The errorType of an invocation that timed out is Sandbox.Timedout.",
			Check:     never("it takes a function that hangs; shared/local/function is tested for it"),
		},
	}
}

// throughTheFunction sends what the function refuses, and finds the letter. It
// touches only sespolicy local: on an account the letter would raise an alarm.
func throughTheFunction(ctx context.Context, w *world) (string, error) {
	if w.kind != onLocal {
		return "", unaskable("it takes a deployed function; on sespolicy local the request queue has one")
	}
	queue := func(name string) (madeQueue, error) {
		out, err := w.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return madeQueue{}, err
		}
		return madeQueue{name: name, url: aws.ToString(out.QueueUrl)}, nil
	}
	source, err := queue("RequestQueue")
	if err != nil {
		return "", err
	}
	letters, err := queue("DeadLetterQueue")
	if err != nil {
		return "", err
	}
	id, err := w.send(ctx, source, &sqs.SendMessageInput{MessageBody: aws.String(w.prefix)})
	if err != nil {
		return "", err
	}
	for range 20 {
		found, err := w.takeLetter(ctx, letters, id)
		if err != nil || found {
			return "", err
		}
	}
	return "", differs("the dead letter of "+id, "none within 20 s")
}

// takeLetter receives letters for a second, deletes that of the message, and
// shows the others again.
func (w *world) takeLetter(ctx context.Context, letters madeQueue, id string) (bool, error) {
	messages, err := w.receive(ctx, letters, time.Second)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		if isLetterOf(m, id) {
			return true, w.remove(ctx, letters, m)
		}
		if err := w.hide(ctx, letters, m, 0); err != nil {
			return false, err
		}
	}
	return false, nil
}

func isLetterOf(m types.Message, id string) bool {
	return aws.ToString(m.MessageAttributes["SourceMessageId"].StringValue) == id
}
