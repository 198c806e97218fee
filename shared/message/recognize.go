package message

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// Shape is what a JSON value is, judged by its members alone.
type Shape int

const (
	// IsRequest is a bare request, or an object that resembles nothing else.
	IsRequest Shape = iota
	// IsPolicy is a policy, or one statement, without a request around it.
	IsPolicy
	// IsNotification is an SNS notification or another message of SNS.
	IsNotification
	// IsEvent is an EventBridge event, whose detail is the request.
	IsEvent
	// IsCustomResource is a CloudFormation custom resource request.
	IsCustomResource
	// IsForeign is something that AWS or a library writes and that is not served.
	IsForeign
	// IsEncodedTwice is a string that holds a JSON object.
	IsEncodedTwice
	// IsNotAnObject is any other value that is no object.
	IsNotAnObject
)

// foreign are objects that are recognised and not served: what they are called,
// and the members they are known by. The first match counts. No request has any
// of these.
var foreign = []struct {
	what string
	has  []string
}{
	{"an S3 test event", []string{"Event", "Bucket"}},
	{"a list of event records (S3, DynamoDB, Kinesis, …)", []string{"Records"}},
	{"a Lambda destination record", []string{"requestContext", "requestPayload"}},
	{"a Lambda destination record", []string{"requestContext", "responseContext"}},
	{"an Application Load Balancer event", []string{"requestContext/elb"}},
	{"an API Gateway proxy request", []string{"requestContext"}},
	{"a CloudEvent", []string{"specversion"}},
	{"a CloudEvent", []string{"cloudEventsVersion"}},
	{"an S3 pointer of an extended client library: the body is in S3", []string{"s3BucketName", "s3Key"}},
	{"a DynamoDB stream record", []string{"dynamodb", "eventName"}},
	{"a Kinesis record", []string{"kinesisSchemaVersion"}},
	{"an SQS record of EventBridge Pipes", []string{"eventSource", "receiptHandle"}},
	{"a Kafka record of EventBridge Pipes", []string{"eventSource", "topic"}},
	{"an event record", []string{"eventSource", "awsRegion"}},
	{"a batch of Amazon Data Firehose", []string{"deliveryStreamArn", "records"}},
	{"a CloudWatch alarm", []string{"AlarmName", "NewStateValue"}},
	{"a CloudWatch alarm", []string{"alarmArn", "alarmData"}},
	{"a CloudWatch Logs subscription", []string{"awslogs"}},
	{"an Amazon SES notification", []string{"notificationType"}},
	{"an Amazon SES event", []string{"eventType", "mail"}},
	{"an AWS Config notification", []string{"configurationItem"}},
}

// requestWords are the members that a request has, or that people write for
// them; policyWords those of a policy and its statements.
var (
	requestWords = []string{"Identity", "PolicyName", "Policy", "TaskToken", "EmailIdentity", "PolicyDocument"}
	policyWords  = []string{"Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Resource", "NotResource", "NotAction", "Condition"}
)

// Recognize tells what a value is. The function and the command both go by it.
// what is how people call a value that is [IsForeign]; empty for the others.
func Recognize(n document.Node) (shape Shape, what string) {
	switch {
	case n.IsString():
		if inner, _ := n.Read(""); inner != nil && inner.Root().IsObject() {
			return IsEncodedTwice, ""
		}
		return IsNotAnObject, ""
	case n.IsArray():
		return recognizeList(n)
	case !n.IsObject():
		return IsNotAnObject, ""
	case has(n, "Type", "TopicArn"):
		return IsNotification, ""
	case has(n, "detail-type", "detail"):
		return IsEvent, ""
	case has(n, "RequestType", "ResponseURL"), has(n, "RequestType", "StackId"):
		return IsCustomResource, ""
	}
	for _, f := range foreign {
		if has(n, f.has...) {
			return IsForeign, f.what
		}
	}
	if isPolicy(n) {
		return IsPolicy, ""
	}
	return IsRequest, ""
}

// recognizeList recognises the S3 pointers of the extended client libraries for
// SQS, which are a class name and an object, and lists of event records.
func recognizeList(n document.Node) (Shape, string) {
	for first := range n.Elements() {
		if strings.HasSuffix(textOf(first), "S3Pointer") {
			return IsForeign, "an S3 pointer of an extended client library: the body is in S3"
		}
		if first.IsObject() {
			if shape, what := Recognize(first); shape == IsForeign {
				return IsForeign, "a list that starts with " + what
			}
		}
		break
	}
	return IsNotAnObject, ""
}

// has reports whether the object has all the members; a/b is b inside a.
func has(n document.Node, names ...string) bool {
	for _, name := range names {
		at := n
		for part := range strings.SplitSeq(name, "/") {
			at = at.Get(part)
		}
		if !at.Exists() {
			return false
		}
	}
	return true
}

// isPolicy reports whether the object has members of a policy or a statement
// and none of a request, misspelt ones included.
func isPolicy(n document.Node) bool {
	found := false
	for name := range n.Members() {
		if _, ok := finding.Nearest(name, requestWords); ok {
			return false
		}
		if _, ok := finding.Nearest(name, policyWords); ok {
			found = true
		}
	}
	return found
}
