package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"sespolicy/shared/notification"
)

var certificatePath = regexp.MustCompile(`^/SimpleNotificationService-[A-Za-z0-9]+\.pem$`)

// topics are the assumptions about SNS.
func topics() []Assumption {
	return []Assumption{
		{
			Name: "sns/notification", Sure: Documented, Source: guideSNS + "sns-message-and-json-formats.html",
			Statement: "A queue without raw delivery gets a JSON object with Type, MessageId, TopicArn, Message, Timestamp, SignatureVersion, Signature, SigningCertURL and the message attributes; MessageId is what Publish answered.",
			Check: func(ctx context.Context, w *world) (string, error) {
				n, id, err := w.notified(ctx, "shape", "1", &sns.PublishInput{Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String")})
				if err != nil {
					return "", err
				}
				for _, name := range []string{"TopicArn", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL", "MessageAttributes"} {
					if n[name] == nil {
						return "", differs("the member "+name, "none")
					}
				}
				if n["Type"] != "Notification" || n["Message"] != "hello" || n["MessageId"] != id {
					return "", differs("Type Notification, Message hello, MessageId "+id, "%v, %v, %v", n["Type"], n["Message"], n["MessageId"])
				}
				return "", nil
			},
		},
		{
			Name: "sns/raw-delivery", Sure: Documented, Source: guideSNS + "sns-large-payload-raw-message-delivery.html",
			Statement: "With raw message delivery the body is the message, and the message attributes are the queue message's own.",
			Check: func(ctx context.Context, w *world) (string, error) {
				topic, q, err := w.subscribed(ctx, "raw", "1", true)
				if err != nil {
					return "", err
				}
				if _, err := w.topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String")}); err != nil {
					return "", err
				}
				m, err := w.one(ctx, q, 10*time.Second)
				if err == nil && (aws.ToString(m.Body) != "hello" || aws.ToString(m.MessageAttributes["Kind"].StringValue) != "v") {
					err = differs("the body hello and the attribute Kind", "%q, %d attributes", aws.ToString(m.Body), len(m.MessageAttributes))
				}
				return "", err
			},
		},
		{
			Name: "sns/signature-version-follows-the-topic", Sure: Recorded, Source: guideSNS + "sns-verify-signature-of-message.html",
			Statement: "SignatureVersion is that of the topic's attribute, 2 for SHA256.",
			Check: func(ctx context.Context, w *world) (string, error) {
				n, _, err := w.notified(ctx, "version", "2", &sns.PublishInput{Message: aws.String("hello")})
				if err == nil && n["SignatureVersion"] != "2" {
					err = differs("2", "%v", n["SignatureVersion"])
				}
				return "", err
			},
		},
		{
			Name: "sns/signing-certificate", Sure: Documented, Source: guideSNS + "sns-verify-signature-of-message.html",
			Statement: "SigningCertURL is https on the Region's own host, or the endpoint of an emulator, with the path /SimpleNotificationService-….pem.",
			Check: func(ctx context.Context, w *world) (string, error) {
				n, _, err := w.notified(ctx, "certificate", "2", &sns.PublishInput{Message: aws.String("hello")})
				if err != nil {
					return "", err
				}
				url, _ := n["SigningCertURL"].(string)
				home := cmp.Or(strings.TrimSuffix(w.endpoint, "/"), "https://sns."+w.owner.Region+"."+suffix(w.owner.Partition))
				if path, ok := strings.CutPrefix(url, home); !ok || !certificatePath.MatchString(path) {
					return "", differs(home+"/SimpleNotificationService-….pem", "%q", url)
				}
				return url, nil
			},
		},
		{
			Name: "sns/signature", Sure: Documented, Source: guideSNS + "sns-verify-signature-of-message.html",
			Statement: "The signature covers Message, MessageId, Subject, Timestamp, TopicArn and Type, and verifies with the certificate.",
			Check: func(ctx context.Context, w *world) (string, error) {
				topic, q, err := w.subscribed(ctx, "signature", "2", false)
				if err != nil {
					return "", err
				}
				if _, err := w.topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("line\nline"), Subject: aws.String("subject")}); err != nil {
					return "", err
				}
				m, err := w.one(ctx, q, 10*time.Second)
				if err != nil {
					return "", err
				}
				verifier := notification.New(w.http, w.endpoint)
				if _, err := verifier.Verify(ctx, w.owner, notification.Parse(aws.ToString(m.Body))); err != nil {
					return "", differs("a valid signature", "%v", err)
				}
				return "", nil
			},
		},
		{
			Name: "sns/sender-id", Sure: Open, Source: "SQS documents SenderId for principals only",
			Statement: "SenderId of a message that SNS delivered is an id of SNS's own, not of the publisher: it begins with AIDA or AROA.",
			NotLocal:  "sespolicy local has no IAM principals: SenderId is the account id there",
			Check: func(ctx context.Context, w *world) (string, error) {
				m, err := w.publishedTo(ctx, "sender-sns", &sns.PublishInput{Message: aws.String("hello")})
				if err != nil {
					return "", err
				}
				return senderID(m, "AIDA", "AROA")
			},
		},
		{
			Name: "sns/group-reaches-the-queue", Sure: Recorded, Source: recorded("2025-07"),
			Statement: "MessageGroupId of a publication to a standard topic is an attribute of the message on the queue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				m, err := w.publishedTo(ctx, "group-sns", &sns.PublishInput{Message: aws.String("hello"), MessageGroupId: aws.String("tenant-1")})
				if err == nil && m.Attributes["MessageGroupId"] != "tenant-1" {
					err = differs("MessageGroupId tenant-1", "%q", m.Attributes["MessageGroupId"])
				}
				return "", err
			},
		},
		{
			Name: "sns/trace-header-of-the-call", Sure: Recorded, Source: recorded("2025-06"),
			Statement: "The header X-Amzn-Trace-Id of Publish becomes AWSTraceHeader of the message on the queue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				m, err := w.publishedTo(ctx, "trace-sns", &sns.PublishInput{Message: aws.String("hello")}, func(o *sns.Options) {
					o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amzn-Trace-Id", traceID))
				})
				if err == nil && m.Attributes["AWSTraceHeader"] != traceID {
					err = differs(traceID, "%q", m.Attributes["AWSTraceHeader"])
				}
				return "", err
			},
		},
		{
			Name: "sns/attribute-types", Sure: Recorded, Source: recorded("2024-11"),
			Statement: "A message attribute may have a type with a label, such as String.prefixed.",
			Check: func(ctx context.Context, w *world) (string, error) {
				n, _, err := w.notified(ctx, "types", "1", &sns.PublishInput{Message: aws.String("hello"), MessageAttributes: snsAttribute("Kind", "String.prefixed")})
				if err != nil {
					return "", err
				}
				attributes, _ := n["MessageAttributes"].(map[string]any)
				if attributes["Kind"] == nil {
					err = differs("the attribute Kind", "%v", attributes)
				}
				return "", err
			},
		},
		{
			Name: "sns/attribute-names-refused", Sure: Recorded, Source: recorded("2024-11"),
			Statement: "Names of message attributes that begin or end with a period, have two in a row, have ^, or are longer than 256 bytes are refused with ParameterValueInvalid.",
			Check: func(ctx context.Context, w *world) (string, error) {
				topic, err := w.makeTopic(ctx, "attribute-names", "1")
				if err != nil {
					return "", err
				}
				for _, name := range []string{".a", "a.", "a..b", "a^b", strings.Repeat("a", 257)} {
					_, err := w.topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("x"), MessageAttributes: snsAttribute(name, "String")})
					if err := refusedWith(err, "ParameterValueInvalid", "InvalidParameterValue", "InvalidParameter"); err != nil {
						return "", fmt.Errorf("the name %.20q: %w", name, err)
					}
				}
				return "", nil
			},
		},
		{
			Name: "sns/malformed-topic-arn", Sure: Recorded, Source: recorded("2024-11"),
			Statement: "Publish to a malformed TopicArn is refused with InvalidParameter, HTTP 400.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.topics.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("nonsense"), Message: aws.String("x")})
				return "", refusedAs(err, http.StatusBadRequest, "InvalidParameter")
			},
		},
		{
			Name: "sns/unknown-topic", Sure: Documented, Source: pageSNS + "API_Publish.html",
			Statement: "Publish to a topic that does not exist is refused with NotFound, HTTP 404.",
			Check: func(ctx context.Context, w *world) (string, error) {
				nowhere := fmt.Sprintf("arn:%s:sns:%s:%s:%snowhere", w.owner.Partition, w.owner.Region, w.owner.Account, w.prefix)
				_, err := w.topics.Publish(ctx, &sns.PublishInput{TopicArn: &nowhere, Message: aws.String("x")})
				return "", refusedAs(err, http.StatusNotFound, "NotFound")
			},
		},
		{
			Name: "sns/empty-message", Sure: Documented, Source: pageSNS + "API_Publish.html",
			Statement: "An empty message is refused with InvalidParameter.",
			Check: func(ctx context.Context, w *world) (string, error) {
				topic, err := w.makeTopic(ctx, "empty", "1")
				if err != nil {
					return "", err
				}
				_, err = w.topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String("")})
				return "", refusedWith(err, "InvalidParameter")
			},
		},
		{
			Name: "sns/batch-refused-whole", Sure: Recorded, Source: recorded("2024-11"),
			Statement: "PublishBatch with one invalid message attribute is refused as a whole.",
			Check: func(ctx context.Context, w *world) (string, error) {
				topic, err := w.makeTopic(ctx, "batch", "1")
				if err != nil {
					return "", err
				}
				_, err = w.topics.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
					{Id: aws.String("good"), Message: aws.String("x")},
					{Id: aws.String("bad"), Message: aws.String("x"), MessageAttributes: snsAttribute("a..b", "String")},
				}})
				return "", refusedWith(err, "ParameterValueInvalid", "InvalidParameterValue", "InvalidParameter")
			},
		},
	}
}

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
