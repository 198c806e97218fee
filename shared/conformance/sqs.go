package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// visibility are the assumptions about when a message is there.
var visibility = []Assumption{
	{"sqs/hidden-after-receive", Documented, guideSQS + "sqs-visibility-timeout.html",
		"A received message is hidden for the visibility timeout, and then comes again with the same id and a receive count one higher.",
		func(c *check) {
			q, first := c.received("2")
			c.nothing(q, time.Second)
			again := c.one(q)
			c.want(*again.MessageId == *first.MessageId && again.Attributes["ApproximateReceiveCount"] == "2",
				"the same id and receive count 2", "%s (was %s) and receive count %s", *again.MessageId, *first.MessageId, again.Attributes["ApproximateReceiveCount"])
		}},
	{"sqs/visibility-zero-shows-at-once", Documented, pageSQS + "API_ChangeMessageVisibility.html",
		"ChangeMessageVisibility to 0 makes a message visible at once.",
		func(c *check) {
			q, first := c.received("60")
			c.hide(q, first, 0)
			c.one(q)
		}},
	{"sqs/expired-receive-changes-visibility", Recorded, recorded("2024"),
		"ChangeMessageVisibility is accepted, and takes effect, on a message whose visibility timeout has run out and that nobody has received again.",
		func(c *check) {
			q, first := c.received("1")
			c.pause(1500 * time.Millisecond)
			c.hide(q, first, 60)
			c.nothing(q, time.Second)
		}},
	{"sqs/superseded-handle-changes-visibility", Recorded, recorded("2024"),
		"On a standard queue the receipt handle of an earlier receive changes the visibility of the current one: 0 shows a message that another consumer has in hand.",
		func(c *check) {
			q, first := c.receivedTwice()
			c.hide(q, first, 0)
			c.one(q)
		}},
	{"sqs/superseded-handle-deletes-without-an-error", Documented, pageSQS + "API_DeleteMessage.html",
		"DeleteMessage with the receipt handle of an earlier receive answers success, and may delete nothing.",
		func(c *check) {
			q, first := c.receivedTwice()
			c.remove(q, first)
			out := call(c, c.queues.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"All"}})
			inFlight := out.Attributes["ApproximateNumberOfMessagesNotVisible"]
			c.want(inFlight != "", "the number of messages in flight", "no such attribute")
			c.observe("messages in flight afterwards, approximately: %s", inFlight)
		}},
	{"sqs/deleted-stays-deleted", Documented, pageSQS + "API_DeleteMessage.html",
		"A deleted message does not come again, and deleting it once more answers success.",
		func(c *check) {
			q, first := c.received("1")
			c.remove(q, first)
			c.remove(q, first)
			c.nothing(q, 2*time.Second)
			c.send(q, message("next"))
			c.one(q) // the queue still works
		}},
	{"sqs/batch-change-fails-by-entry", Documented, pageSQS + "API_ChangeMessageVisibilityBatch.html",
		"In ChangeMessageVisibilityBatch an entry with a bad receipt handle fails alone, and the other entries take effect.",
		func(c *check) {
			q, first := c.received("60")
			out := call(c, c.queues.ChangeMessageVisibilityBatch, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
				{Id: aws.String("good"), ReceiptHandle: first.ReceiptHandle},
			}})
			c.want(len(out.Failed) == 1 && aws.ToString(out.Failed[0].Id) == "bad" && len(out.Successful) == 1,
				"the entry bad fails, good succeeds", "%d failed, %d successful", len(out.Failed), len(out.Successful))
			c.one(q)
			c.observe("code of the entry: %s", aws.ToString(out.Failed[0].Code))
		}},
	{"sqs/visibility-up-to-12-hours", Documented, pageSQS + "API_ChangeMessageVisibility.html",
		"A visibility timeout of more than 12 hours is refused with InvalidParameterValue.",
		func(c *check) {
			q, first := c.received("60")
			c.refused(c.tryHide(q, first, 43201), invalid...)
		}},
}

// traceID is a trace header as API Gateway and traced callers send it.
const traceID = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

// noPrincipals is why sespolicy local says nothing about senders.
const noPrincipals = "sespolicy local has no IAM principals: SenderId is the account id there"

// messages are the assumptions about what a message can be.
var messages = []Assumption{
	{"sqs/sent-timestamp", Documented, pageSQS + "API_ReceiveMessage.html",
		"SentTimestamp is when the queue took the message, in milliseconds since 1970, and stays the same at every receive.",
		func(c *check) {
			q, first := c.received("60")
			c.hide(q, first, 0)
			sent, again := first.Attributes["SentTimestamp"], c.one(q).Attributes["SentTimestamp"]
			ms, err := strconv.ParseInt(sent, 10, 64)
			c.want(err == nil && time.Since(time.UnixMilli(ms)).Abs() < 5*time.Minute && again == sent, "milliseconds of now, twice the same", "%q and %q", sent, again)
		}},
	{"sqs/sender-id", Documented, pageSQS + "API_ReceiveMessage.html",
		"SenderId of a message that a principal sent is the unique id of its user, or of its role with the session name.",
		notLocal(noPrincipals, func(c *check) {
			_, first := c.received("60")
			c.hasSenderID(first)
		})},
	{"sqs/trace-header-of-the-call", Recorded, recorded("2025-06"),
		"The header X-Amzn-Trace-Id of SendMessage becomes the message's system attribute AWSTraceHeader.",
		func(c *check) {
			q := c.queue()
			c.send(q, message("x"), func(o *sqs.Options) {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amzn-Trace-Id", traceID))
			})
			c.has(c.one(q), "AWSTraceHeader", traceID)
		}},
	{"sqs/queue-by-bare-name", Recorded, recorded("2024-08"),
		"QueueUrl may be the bare name of the queue.",
		func(c *check) {
			q := c.queue()
			c.send(made{url: q.name}, message("x"))
			c.one(q)
		}},
	{"sqs/booleans-in-any-case", Recorded, recorded("2025-09"),
		"A boolean attribute of a queue may be written True or False.",
		func(c *check) {
			q := c.queue()
			const name = "SqsManagedSseEnabled"
			call(c, c.queues.SetQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{name: "False"}})
			out := call(c, c.queues.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{name}})
			c.want(strings.EqualFold(out.Attributes[name], "false"), "false", "%q", out.Attributes[name])
		}},
	{"sqs/purge-in-progress", Recorded, recorded("2024-08"),
		"A second PurgeQueue within a minute is refused with PurgeQueueInProgress, HTTP 403.",
		func(c *check) {
			q := c.queue()
			call(c, c.queues.PurgeQueue, &sqs.PurgeQueueInput{QueueUrl: &q.url})
			c.refusedAs(failure(c, c.queues.PurgeQueue, &sqs.PurgeQueueInput{QueueUrl: &q.url}), http.StatusForbidden, "PurgeQueueInProgress")
		}},
	{"sqs/empty-group-refused", Recorded, recorded("2025-07"),
		"An empty MessageGroupId on a standard queue is refused with InvalidParameterValue.",
		func(c *check) {
			c.refused(c.trySend(c.queue(), &sqs.SendMessageInput{MessageBody: aws.String("x"), MessageGroupId: aws.String("")}), invalid...)
		}},
	{"sqs/group-reaches-the-receiver", Documented, guideSQS + "sqs-fair-queues.html",
		"MessageGroupId of a message on a standard queue is an attribute of the received message.",
		func(c *check) {
			q := c.queue()
			c.send(q, &sqs.SendMessageInput{MessageBody: aws.String("x"), MessageGroupId: aws.String("tenant-1")})
			c.has(c.one(q), "MessageGroupId", "tenant-1")
		}},
	{"sqs/control-character-in-a-body", Documented, pageSQS + "API_SendMessage.html",
		"A body with a control character is refused with InvalidMessageContents.",
		func(c *check) { c.refused(c.trySend(c.queue(), message("a\x01b")), "InvalidMessageContents") }},
	{"sqs/control-character-in-an-attribute", Recorded, recorded("2024"),
		"A message attribute with a control character is refused with InvalidParameterValue.",
		func(c *check) { c.refused(c.trySend(c.queue(), withAttribute("A", "a\x01b")), invalid...) }},
	{"sqs/attribute-names", Recorded, recorded("2024"),
		"Names of message attributes may have letters outside ASCII, and single periods inside.",
		func(c *check) {
			q := c.queue()
			const name = "größe.x"
			c.send(q, withAttribute(name, "v"))
			m := c.one(q)
			c.want(valueOf(m, name) == "v", "the attribute "+name, "%d attributes", len(m.MessageAttributes))
		}},
	{"sqs/at-most-10-attributes", Documented, guideSQS + "sqs-message-metadata.html",
		"A message with eleven attributes is refused with InvalidParameterValue.",
		func(c *check) {
			in := withAttribute("A0", "v")
			for i := range 11 {
				in.MessageAttributes[fmt.Sprintf("A%d", i)] = in.MessageAttributes["A0"]
			}
			c.refused(c.trySend(c.queue(), in), invalid...)
		}},
	{"sqs/one-mebibyte", Documented, guideSQS + "quotas-messages.html",
		"A message of 1,048,576 bytes is taken, one of 1,048,577 bytes is refused with InvalidParameterValue.",
		func(c *check) {
			q := c.queue("MaximumMessageSize", "1048576")
			c.send(q, message(strings.Repeat("x", 1<<20)))
			c.refused(c.trySend(q, message(strings.Repeat("x", 1<<20+1))), invalid...)
		}},
	{"sqs/unknown-queue", Documented, pageSQS + "API_GetQueueUrl.html",
		"GetQueueUrl of a queue that does not exist is refused with QueueDoesNotExist.",
		func(c *check) {
			c.refused(failure(c, c.queues.GetQueueUrl, &sqs.GetQueueUrlInput{QueueName: aws.String(c.prefix + "nowhere")}), "QueueDoesNotExist", "NonExistentQueue")
		}},
}

// has checks a system attribute of a message.
func (c *check) has(m types.Message, name, value string) {
	c.want(m.Attributes[name] == value, name+" "+value, "%q", m.Attributes[name])
}

// hasSenderID checks that the SenderId of a message is the id of a user or role.
func (c *check) hasSenderID(m types.Message) {
	id := m.Attributes["SenderId"]
	c.want(strings.HasPrefix(id, "AIDA") || strings.HasPrefix(id, "AROA"), "an id that begins with AIDA or AROA", "%q", id)
	c.observe("SenderId: %s", id)
}
