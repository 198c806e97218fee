package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"sespolicy/shared/notification"
)

var certificatePath = regexp.MustCompile(`^/SimpleNotificationService-[A-Za-z0-9]+\.pem$`)

// topics are the assumptions about SNS.
var topics = []Assumption{
	{"sns/notification", Documented, guideSNS + "sns-message-and-json-formats.html",
		"A queue without raw delivery gets a JSON object with Type, MessageId, TopicArn, Message, Timestamp, SignatureVersion, Signature, SigningCertURL and the message attributes; MessageId is what Publish answered.",
		func(c *check) {
			n, id := c.notified(c.topic("1"), &sns.PublishInput{Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String")})
			for _, name := range []string{"TopicArn", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL", "MessageAttributes"} {
				c.want(n[name] != nil, "the member "+name, "none")
			}
			c.want(n["Type"] == "Notification" && n["Message"] == "hello" && n["MessageId"] == id,
				"Type Notification, Message hello, MessageId "+id, "%v, %v, %v", n["Type"], n["Message"], n["MessageId"])
		}},
	{"sns/raw-delivery", Documented, guideSNS + "sns-large-payload-raw-message-delivery.html",
		"With raw message delivery the body is the message, and the message attributes are the queue message's own.",
		func(c *check) {
			topic := c.topic("1")
			q := c.subscribe(topic, true)
			call(c, c.topics.Publish, &sns.PublishInput{TopicArn: &topic, Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String")})
			m := c.one(q)
			c.want(aws.ToString(m.Body) == "hello" && valueOf(m, "Kind") == "v", "the body hello and the attribute Kind", "%q, %d attributes", aws.ToString(m.Body), len(m.MessageAttributes))
		}},
	{"sns/signature-version-follows-the-topic", Recorded, guideSNS + "sns-verify-signature-of-message.html",
		"SignatureVersion is that of the topic's attribute, 2 for SHA256.",
		func(c *check) {
			n, _ := c.notified(c.topic("2"), &sns.PublishInput{Message: aws.String("hello")})
			c.want(n["SignatureVersion"] == "2", "2", "%v", n["SignatureVersion"])
		}},
	{"sns/signing-certificate", Documented, guideSNS + "sns-verify-signature-of-message.html",
		"SigningCertURL is https on the Region's own host, or the endpoint of an emulator, with the path /SimpleNotificationService-….pem.",
		func(c *check) {
			n, _ := c.notified(c.topic("2"), &sns.PublishInput{Message: aws.String("hello")})
			url, _ := n["SigningCertURL"].(string)
			home := cmp.Or(strings.TrimSuffix(c.endpoint, "/"), "https://sns."+c.owner.Region+"."+suffix(c.owner.Partition))
			path, ok := strings.CutPrefix(url, home)
			c.want(ok && certificatePath.MatchString(path), home+"/SimpleNotificationService-….pem", "%q", url)
			c.observe("%s", url)
		}},
	{"sns/signature", Documented, guideSNS + "sns-verify-signature-of-message.html",
		"The signature covers Message, MessageId, Subject, Timestamp, TopicArn and Type, and verifies with the certificate.",
		func(c *check) {
			m, _ := c.published(c.topic("2"), &sns.PublishInput{Message: aws.String("line\nline"), Subject: aws.String("subject")})
			_, err := notification.New(c.http, c.endpoint).Verify(c.ctx, c.owner, notification.Parse(aws.ToString(m.Body)))
			c.want(err == nil, "a valid signature", "%v", err)
		}},
	{"sns/sender-id", Open, "SQS documents SenderId for principals only",
		"SenderId of a message that SNS delivered is an id of SNS's own, not of the publisher: it begins with AIDA or AROA.",
		notLocal(noPrincipals, func(c *check) {
			m, _ := c.published(c.topic("1"), &sns.PublishInput{Message: aws.String("hello")})
			c.hasSenderID(m)
		})},
	{"sns/group-reaches-the-queue", Recorded, recorded("2025-07"),
		"MessageGroupId of a publication to a standard topic is an attribute of the message on the queue.",
		func(c *check) {
			m, _ := c.published(c.topic("1"), &sns.PublishInput{Message: aws.String("hello"), MessageGroupId: aws.String("tenant-1")})
			c.has(m, "MessageGroupId", "tenant-1")
		}},
	{"sns/trace-header-of-the-call", Recorded, recorded("2025-06"),
		"The header X-Amzn-Trace-Id of Publish becomes AWSTraceHeader of the message on the queue.",
		func(c *check) {
			m, _ := c.published(c.topic("1"), &sns.PublishInput{Message: aws.String("hello")}, func(o *sns.Options) {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amzn-Trace-Id", traceID))
			})
			c.has(m, "AWSTraceHeader", traceID)
		}},
	{"sns/attribute-types", Recorded, recorded("2024-11"),
		"A message attribute may have a type with a label, such as String.prefixed.",
		func(c *check) {
			n, _ := c.notified(c.topic("1"), &sns.PublishInput{Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String.prefixed")})
			attributes, _ := n["MessageAttributes"].(map[string]any)
			c.want(attributes["Kind"] != nil, "the attribute Kind", "%v", attributes)
		}},
	{"sns/attribute-names-refused", Recorded, recorded("2024-11"),
		"Names of message attributes that begin or end with a period, have two in a row, have ^, or are longer than 256 bytes are refused with ParameterValueInvalid.",
		func(c *check) {
			topic := c.topic("1")
			for _, name := range []string{".a", "a.", "a..b", "a^b", strings.Repeat("a", 257)} {
				c.observe("the name %.20q", name)
				c.refused(failure(c, c.topics.Publish, &sns.PublishInput{TopicArn: &topic, Message: aws.String("x"), MessageAttributes: snsAttribute(name, "String")}), invalidForSNS...)
			}
			c.observe("")
		}},
	{"sns/malformed-topic-arn", Recorded, recorded("2024-11"),
		"Publish to a malformed TopicArn is refused with InvalidParameter, HTTP 400.",
		func(c *check) {
			c.refusedAs(failure(c, c.topics.Publish, &sns.PublishInput{TopicArn: aws.String("nonsense"), Message: aws.String("x")}), http.StatusBadRequest, "InvalidParameter")
		}},
	{"sns/unknown-topic", Documented, pageSNS + "API_Publish.html",
		"Publish to a topic that does not exist is refused with NotFound, HTTP 404.",
		func(c *check) {
			nowhere := c.arn("sns", c.prefix+"nowhere")
			c.refusedAs(failure(c, c.topics.Publish, &sns.PublishInput{TopicArn: &nowhere, Message: aws.String("x")}), http.StatusNotFound, "NotFound")
		}},
	{"sns/empty-message", Documented, pageSNS + "API_Publish.html",
		"An empty message is refused with InvalidParameter.",
		func(c *check) {
			topic := c.topic("1")
			c.refused(failure(c, c.topics.Publish, &sns.PublishInput{TopicArn: &topic, Message: aws.String("")}), "InvalidParameter")
		}},
	{"sns/batch-refused-whole", Recorded, recorded("2024-11"),
		"PublishBatch with one invalid message attribute is refused as a whole.",
		func(c *check) {
			topic := c.topic("1")
			c.refused(failure(c, c.topics.PublishBatch, &sns.PublishBatchInput{TopicArn: &topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
				{Id: aws.String("good"), Message: aws.String("x")},
				{Id: aws.String("bad"), Message: aws.String("x"), MessageAttributes: snsAttribute("a..b", "String")},
			}}), invalidForSNS...)
		}},
}

// invalidForSNS are the codes of SNS for an attribute's wrong name.
var invalidForSNS = []string{"ParameterValueInvalid", "InvalidParameterValue", "InvalidParameter"}

func snsAttribute(name, kind string) map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{name: {DataType: &kind, StringValue: aws.String("v")}}
}

// suffix is the DNS suffix of a partition.
func suffix(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// topic makes a topic, which is removed at the end with its subscriptions.
func (c *check) topic(signatureVersion string) (arn string) {
	name := c.prefix + c.name
	arn = c.arn("sns", name)
	c.cleanup.add("topic "+name, func(ctx context.Context) error {
		_, err := c.topics.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &arn})
		return err
	})
	call(c, c.topics.CreateTopic, &sns.CreateTopicInput{Name: &name, Attributes: map[string]string{"SignatureVersion": signatureVersion}})
	return arn
}

// subscribe makes a queue that gets what is published to a topic.
func (c *check) subscribe(topic string, raw bool) made {
	q := c.queue()
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},`+
		`"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":%q}}}]}`, q.arn, topic)
	call(c, c.queues.SetQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{"Policy": policy}})
	call(c, c.topics.Subscribe, &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &q.arn, Attributes: map[string]string{"RawMessageDelivery": fmt.Sprint(raw)},
	})
	if c.kind == onAccount { // the queue's policy takes a moment
		c.pause(5 * time.Second)
	}
	return q
}

// published publishes to a new topic. It returns the message on a queue that
// subscribed to it, and the id that Publish answered.
func (c *check) published(topic string, in *sns.PublishInput, options ...func(*sns.Options)) (m sqstypes.Message, id string) {
	q := c.subscribe(topic, false)
	in.TopicArn = &topic
	id = aws.ToString(call(c, c.topics.Publish, in, options...).MessageId)
	return c.one(q), id
}

// notified is published with the notification in place of the message.
func (c *check) notified(topic string, in *sns.PublishInput) (notification map[string]any, id string) {
	m, id := c.published(topic, in)
	err := json.Unmarshal([]byte(aws.ToString(m.Body)), &notification)
	c.want(err == nil, "a JSON object", "%.100q", aws.ToString(m.Body))
	return notification, id
}
