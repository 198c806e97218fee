package main

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// answers are the assumptions about EventBridge and Step Functions, through which
// requesters are answered.
var answers = []Assumption{
	{"eventbridge/entry-refused-alone", Recorded, recorded("2025-01"),
		"PutEvents answers 200 to an entry without Source, Detail or DetailType, and refuses that entry alone with InvalidArgument.",
		func(c *check) {
			bare := slices.Repeat([]types.PutEventsRequestEntry{conformanceEvent()}, 3)
			bare[0].Source, bare[1].Detail, bare[2].DetailType = nil, nil, nil
			for i, entry := range bare {
				out := call(c, c.bus.PutEvents, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
				c.want(out.FailedEntryCount == 1 && len(out.Entries) == 1 && aws.ToString(out.Entries[0].ErrorCode) == "InvalidArgument",
					"one entry failed with InvalidArgument", "%d failed, entry without %s", out.FailedEntryCount, []string{"Source", "Detail", "DetailType"}[i])
			}
		}},
	{"eventbridge/missing-bus", Recorded, recorded("2024"),
		"PutEvents to a bus that does not exist answers an event id, and nothing says that the event is lost.",
		func(c *check) {
			entry := conformanceEvent()
			entry.EventBusName = aws.String(c.prefix + "nowhere")
			out := call(c, c.bus.PutEvents, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
			c.want(out.FailedEntryCount == 0 && len(out.Entries) == 1 && out.Entries[0].EventId != nil, "an event id", "%d failed", out.FailedEntryCount)
		}},
	{"stepfunctions/unknown-token", Recorded, recorded("2024"),
		"SendTaskSuccess and SendTaskFailure with a token that was never issued are refused with InvalidToken.",
		func(c *check) {
			token := strings.Repeat("x", 64)
			c.refused(failure(c, c.steps.SendTaskSuccess, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("{}")}), "InvalidToken")
			c.refused(failure(c, c.steps.SendTaskFailure, &sfn.SendTaskFailureInput{TaskToken: &token}), "InvalidToken")
		}},
}

func conformanceEvent() types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{Source: aws.String("sespolicy.conformance"), Detail: aws.String("{}"), DetailType: aws.String("Conformance")}
}

// noFunction is why most of the mapping cannot be asked.
const noFunction = "it takes a function that gives this answer; shared/local/mapping is tested for it"

// mapping are the assumptions about Lambda and its event source mapping. The one
// that can be asked goes through the request queue of the stack that runs.
var mapping = []Assumption{
	{"lambda/success-is-deleted", Documented, guideLamb + "services-sqs-errorhandling.html",
		"The mapping delivers a message to the function and deletes it once the function has succeeded in it.", throughTheFunction},
	{"lambda/complete-success", Recorded, guideLamb + "services-sqs-errorhandling.html",
		"{}, null, and an empty or null batchItemFailures are complete success.", never(noFunction)},
	{"lambda/malformed-entry-fails-the-batch", Recorded, guideLamb + "services-sqs-errorhandling.html",
		"A batchItemFailures with an unknown, empty or null itemIdentifier is complete failure: nothing is deleted.", never(noFunction)},
	{"lambda/throttled-batch-spends-a-receive", Documented, guideLamb + "services-sqs-scaling.html",
		"A throttled batch is retried until its visibility timeout has passed, and then goes back with the receive spent.",
		never("it takes a function without concurrency; shared/local/mapping is tested for it")},
	{"lambda/null-digest-with-a-window", Recorded, recorded("2025-11"),
		"With a batching window of at least a second a record has md5OfMessageAttributes null, without one it has no such member.",
		never("it takes a function that reports its event; shared/local/mapping is tested for it")},
	{"lambda/throttled-invoke", Recorded, recorded("2024"),
		"Invoke of a function at its reserved concurrency is refused with HTTP 429, TooManyRequestsException, the message \"Rate Exceeded.\" and the reason ReservedFunctionConcurrentInvocationLimitExceeded.",
		never("it takes a function that is busy; shared/local/function is tested for it")},
	{"lambda/timeout", Recorded, recorded("2024"),
		"The errorType of an invocation that timed out is Sandbox.Timedout.",
		never("it takes a function that hangs; shared/local/function is tested for it")},
}

// throughTheFunction sends what the function refuses, and finds the letter. It
// touches only sespolicy local: on an account the letter would raise an alarm.
func throughTheFunction(c *check) {
	if c.kind != onLocal {
		c.cannot("it takes a deployed function; on sespolicy local the request queue has one")
	}
	queue := func(name string) made {
		return made{name: name, url: aws.ToString(call(c, c.queues.GetQueueUrl, &sqs.GetQueueUrlInput{QueueName: &name}).QueueUrl)}
	}
	source, letters := queue("RequestQueue"), queue("DeadLetterQueue")
	id := c.send(source, message(c.prefix))
	for range 20 {
		for _, m := range c.receive(letters, time.Second) {
			if isLetterOf(m, id) {
				c.remove(letters, m)
				return
			}
			c.hide(letters, m, 0)
		}
	}
	c.differs("the dead letter of "+id, "none within 20 s")
}

func isLetterOf(m sqstypes.Message, id string) bool { return valueOf(m, "SourceMessageId") == id }
