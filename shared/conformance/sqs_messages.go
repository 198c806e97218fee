package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// traceID is a trace header as API Gateway and traced callers send it.
const traceID = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

// queueMessages are the assumptions about what a message can be.
func queueMessages() []Assumption {
	return []Assumption{
		{
			Name: "sqs/sent-timestamp", Sure: Documented, Source: pageSQS + "API_ReceiveMessage.html",
			Statement: "SentTimestamp is when the queue took the message, in milliseconds since 1970, and stays the same at every receive.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, first, err := w.received(ctx, "timestamp", "60")
				if err == nil {
					err = w.hide(ctx, q, first, 0)
				}
				if err != nil {
					return "", err
				}
				again, err := w.one(ctx, q, 5*time.Second)
				if err != nil {
					return "", err
				}
				sent := first.Attributes["SentTimestamp"]
				ms, err := strconv.ParseInt(sent, 10, 64)
				if off := time.Since(time.UnixMilli(ms)); err != nil || off < -5*time.Minute || off > 5*time.Minute || again.Attributes["SentTimestamp"] != sent {
					return "", differs("milliseconds of now, twice the same", "%q and %q", sent, again.Attributes["SentTimestamp"])
				}
				return "", nil
			},
		},
		{
			Name: "sqs/sender-id", Sure: Documented, Source: pageSQS + "API_ReceiveMessage.html",
			Statement: "SenderId of a message that a principal sent is the unique id of its user, or of its role with the session name.",
			NotLocal:  "sespolicy local has no IAM principals: SenderId is the account id there",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, first, err := w.received(ctx, "sender", "60")
				if err != nil {
					return "", err
				}
				return senderID(first, "AIDA", "AROA")
			},
		},
		{
			Name: "sqs/trace-header-of-the-call", Sure: Recorded, Source: recorded("2025-06"),
			Statement: "The header X-Amzn-Trace-Id of SendMessage becomes the message's system attribute AWSTraceHeader.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "trace", nil)
				if err != nil {
					return "", err
				}
				traced := func(o *sqs.Options) {
					o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amzn-Trace-Id", traceID))
				}
				if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String("x")}, traced); err != nil {
					return "", err
				}
				return "", w.hasAttribute(ctx, q, "AWSTraceHeader", traceID)
			},
		},
		{
			Name: "sqs/queue-by-bare-name", Sure: Recorded, Source: recorded("2024-08"),
			Statement: "QueueUrl may be the bare name of the queue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "bare", nil)
				if err != nil {
					return "", err
				}
				if _, err := w.send(ctx, madeQueue{url: q.name}, &sqs.SendMessageInput{MessageBody: aws.String("x")}); err != nil {
					return "", err
				}
				_, err = w.one(ctx, q, 5*time.Second)
				return "", err
			},
		},
		{
			Name: "sqs/booleans-in-any-case", Sure: Recorded, Source: recorded("2025-09"),
			Statement: "A boolean attribute of a queue may be written True or False.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "boolean", nil)
				if err != nil {
					return "", err
				}
				const name = "SqsManagedSseEnabled"
				if _, err := w.queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{name: "False"}}); err != nil {
					return "", err
				}
				out, err := w.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{name}})
				if err == nil && !strings.EqualFold(out.Attributes[name], "false") {
					err = differs("false", "%q", out.Attributes[name])
				}
				return "", err
			},
		},
		{
			Name: "sqs/purge-in-progress", Sure: Recorded, Source: recorded("2024-08"),
			Statement: "A second PurgeQueue within a minute is refused with PurgeQueueInProgress, HTTP 403.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "purge", nil)
				if err != nil {
					return "", err
				}
				purge := func() error {
					_, err := w.queues.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &q.url})
					return err
				}
				if err := purge(); err != nil {
					return "", err
				}
				return "", refusedAs(purge(), http.StatusForbidden, "PurgeQueueInProgress")
			},
		},
		{
			Name: "sqs/empty-group-refused", Sure: Recorded, Source: recorded("2025-07"),
			Statement: "An empty MessageGroupId on a standard queue is refused with InvalidParameterValue.",
			Check:     refusedMessage("nogroup", sqs.SendMessageInput{MessageBody: aws.String("x"), MessageGroupId: aws.String("")}, "InvalidParameterValue", "InvalidParameterValueException"),
		},
		{
			Name: "sqs/group-reaches-the-receiver", Sure: Documented, Source: guideSQS + "sqs-fair-queues.html",
			Statement: "MessageGroupId of a message on a standard queue is an attribute of the received message.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "group", nil)
				if err != nil {
					return "", err
				}
				if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String("x"), MessageGroupId: aws.String("tenant-1")}); err != nil {
					return "", err
				}
				return "", w.hasAttribute(ctx, q, "MessageGroupId", "tenant-1")
			},
		},
		{
			Name: "sqs/control-character-in-a-body", Sure: Documented, Source: pageSQS + "API_SendMessage.html",
			Statement: "A body with a control character is refused with InvalidMessageContents.",
			Check:     refusedMessage("body", sqs.SendMessageInput{MessageBody: aws.String("a\x01b")}, "InvalidMessageContents"),
		},
		{
			Name: "sqs/control-character-in-an-attribute", Sure: Recorded, Source: recorded("2024"),
			Statement: "A message attribute with a control character is refused with InvalidParameterValue.",
			Check:     refusedMessage("control", sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: attribute("A", "a\x01b")}, "InvalidParameterValue", "InvalidParameterValueException"),
		},
		{
			Name: "sqs/attribute-names", Sure: Recorded, Source: recorded("2024"),
			Statement: "Names of message attributes may have letters outside ASCII, and single periods inside.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "names", nil)
				if err != nil {
					return "", err
				}
				const name = "größe.x"
				if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: attribute(name, "v")}); err != nil {
					return "", err
				}
				m, err := w.one(ctx, q, 5*time.Second)
				if err == nil && aws.ToString(m.MessageAttributes[name].StringValue) != "v" {
					err = differs("the attribute "+name, "%d attributes", len(m.MessageAttributes))
				}
				return "", err
			},
		},
		{
			Name: "sqs/at-most-10-attributes", Sure: Documented, Source: guideSQS + "sqs-message-metadata.html",
			Statement: "A message with eleven attributes is refused with InvalidParameterValue.",
			Check:     refusedMessage("eleven", sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: elevenAttributes()}, "InvalidParameterValue", "InvalidParameterValueException"),
		},
		{
			Name: "sqs/one-mebibyte", Sure: Documented, Source: guideSQS + "quotas-messages.html",
			Statement: "A message of 1,048,576 bytes is taken, one of 1,048,577 bytes is refused with InvalidParameterValue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				q, err := w.makeQueue(ctx, "size", map[string]string{"MaximumMessageSize": "1048576"})
				if err != nil {
					return "", err
				}
				if _, err := w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1<<20))}); err != nil {
					return "", err
				}
				_, err = w.send(ctx, q, &sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1<<20+1))})
				return "", refusedWith(err, "InvalidParameterValue", "InvalidParameterValueException")
			},
		},
		{
			Name: "sqs/unknown-queue", Sure: Documented, Source: pageSQS + "API_GetQueueUrl.html",
			Statement: "GetQueueUrl of a queue that does not exist is refused with QueueDoesNotExist.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(w.prefix + "nowhere")})
				return "", refusedWith(err, "QueueDoesNotExist", "NonExistentQueue")
			},
		},
	}
}
