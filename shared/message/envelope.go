package message

import (
	"fmt"
	"time"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// maxEnvelopes is how deep envelopes may nest. An EventBridge event through
// SNS is two; nothing that AWS builds by itself is more than three.
const maxEnvelopes = 3

// foreign are envelopes that are recognised and not served: what they are
// called, and the members they are known by. No request has any of these.
var foreign = []struct {
	what string
	has  []string
}{
	{"an S3 test event", []string{"Event", "Bucket"}},
	{"a list of event records (S3, DynamoDB, Kinesis, …)", []string{"Records"}},
	{"an API Gateway proxy request", []string{"requestContext"}},
	{"a CloudWatch alarm", []string{"AlarmName", "NewStateValue"}},
	{"an Amazon SES notification", []string{"notificationType"}},
	{"an Amazon SES event", []string{"eventType", "mail"}},
	{"an AWS Config notification", []string{"configurationItem"}},
}

// has reports whether the object has all the members.
func has(n document.Node, names ...string) bool {
	for _, name := range names {
		if _, ok := n.Member(name); !ok {
			return false
		}
	}
	return true
}

// open opens a text that was read, an envelope or a request; depth is how many
// envelopes are around it.
func (r *reader) open(doc *document.Document, findings []finding.Finding, depth int) {
	if doc == nil {
		r.malformed.Append(findings...)
		return
	}
	r.openValue(doc.Root(), findings, depth)
}

// openValue is open for a value already read; findings are its document's. The
// shape tells what it is, and the reader of that kind does the rest.
func (r *reader) openValue(n document.Node, findings []finding.Finding, depth int) {
	switch {
	case !n.IsObject():
		r.malformed.Append(findings...)
		r.refuse(n.Fault(RuleNotAnObject, "found "+n.Type()+`, expected a request: an object like {"Identity": "example.com", "PolicyName": "MyPolicy", "Policy": {…}}`))
	case has(n, "Type", "TopicArn"):
		r.malformed.Append(findings...)
		r.enter("SNS", n, depth, r.openNotification)
	case has(n, "detail-type", "detail"):
		r.enter("EventBridge", n, depth, func(n document.Node, depth int) { r.openEvent(n, findings, depth) })
	case has(n, "RequestType", "ResponseURL"), has(n, "RequestType", "StackId"):
		r.enter("CloudFormation", n, depth, func(n document.Node, _ int) { r.openCustomResource(n, findings) })
	default:
		if r.isForeign(n) {
			return
		}
		r.readTaskToken(n)
		r.readRequest(n, findings, "TaskToken")
	}
}

// enter notes the envelope and opens it, unless too many are around it.
func (r *reader) enter(name string, n document.Node, depth int, open func(document.Node, int)) {
	if depth == maxEnvelopes {
		r.refuse(n.Fault(RuleNesting, fmt.Sprintf("found another envelope (%s) inside %d, expected the request: at most %d envelopes are opened", name, depth, maxEnvelopes)))
		return
	}
	if depth == 0 {
		r.message.Origin = name
	} else {
		r.message.Origin += "/" + name
	}
	open(n, depth+1)
}

func (r *reader) isForeign(n document.Node) bool {
	for _, f := range foreign {
		if has(n, f.has...) {
			r.unserved(n, f.what)
			return true
		}
	}
	return false
}

func (r *reader) unserved(n document.Node, what string) {
	r.unknown.Add(n.Fault(RuleUnknownEnvelope, "found "+what+
		", expected a request, bare or in an SNS notification, an EventBridge event or a CloudFormation custom resource request"))
}

// openNotification opens what SNS delivers to a queue without raw delivery:
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
func (r *reader) openNotification(n document.Node, depth int) {
	if kind := n.Get("Type").Text(); kind != "Notification" {
		r.unserved(n.Get("Type"), "an SNS "+finding.Quote(kind))
		return
	}
	if id := n.Get("MessageId"); id.IsString() {
		r.message.OriginID = id.Text()
	}
	if depth == 1 {
		r.readAsked(n.Get("Timestamp"))
	}
	if _, ok := r.text(n, "Message"); ok {
		doc, findings := n.Get("Message").Read("")
		r.open(doc, findings, depth)
	}
}

// openEvent opens an EventBridge event, whose detail is the request:
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
func (r *reader) openEvent(n document.Node, findings []finding.Finding, depth int) {
	if id := n.Get("id"); id.IsString() {
		r.message.OriginID = id.Text()
	}
	r.openValue(n.Get("detail"), findings, depth)
}

// readAsked notes when SNS took the message: the time that whoever asked began
// to wait. SNS writes RFC 3339 with milliseconds; without the member, or with
// another, the queue's own time stands.
func (r *reader) readAsked(n document.Node) {
	if !n.IsString() {
		return
	}
	if asked, err := time.Parse(time.RFC3339, n.Text()); err == nil {
		r.message.Asked = asked
	}
}
