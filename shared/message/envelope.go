package message

import (
	"fmt"
	"time"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// maxEnvelopes is how deep envelopes may nest. An EventBridge event through SNS
// is two; AWS itself never nests more than three.
const maxEnvelopes = 3

const exampleRequest = `{"Identity": "example.com", "PolicyName": "MyPolicy", "Policy": {…}}`

// open opens a text that was read, an envelope or a request; depth counts the
// envelopes around it.
func (r *reader) open(doc *document.Document, findings []finding.Finding, depth int) {
	if doc == nil {
		r.malformed.Append(findings...)
		return
	}
	r.openValue(doc.Root(), findings, depth)
}

// openValue is open for a value; findings are those of its document. Duplicate
// members inside the policy are the policy's fault, all others the request's.
func (r *reader) openValue(n document.Node, findings []finding.Finding, depth int) {
	switch shape, what := Recognize(n); shape {
	case IsNotification:
		r.malformed.Append(findings...)
		r.enter("SNS", n, depth, r.openNotification)
	case IsEvent:
		r.enter("EventBridge", n, depth, func(n document.Node, depth int) {
			r.message.EventID = textOf(n.Get("id"))
			r.message.OriginID = r.message.EventID
			r.openValue(n.Get("detail"), findings, depth)
		})
	case IsCustomResource:
		r.enter("CloudFormation", n, depth, func(n document.Node, _ int) { r.openCustomResource(n, findings) })
	case IsForeign:
		r.unserved(n, what)
	case IsRequest:
		r.readTaskToken(n)
		r.readRequest(n, findings, taskToken)
	case IsPolicy:
		r.malformed.Append(findings...)
		r.refuse(n.Fault(RuleMissingMember, "got a policy without a request around it, expected "+exampleRequest).
			Help("write the policy under Policy, and Identity and PolicyName beside it"))
	case IsEncodedTwice:
		r.malformed.Append(findings...)
		r.refuse(n.Fault(RuleNotAnObject, "got a string that holds a JSON object, expected the object itself").
			Help("the request was JSON-encoded twice: send the text of the object, without encoding it again"))
	case IsNotAnObject:
		r.malformed.Append(findings...)
		r.refuse(n.Fault(RuleNotAnObject, "got "+n.Type()+", expected a request: an object like "+exampleRequest))
	}
}

// enter notes the envelope and opens it, unless it is nested too deep.
func (r *reader) enter(name string, n document.Node, depth int, open func(document.Node, int)) {
	if depth == maxEnvelopes {
		r.refuse(n.Fault(RuleNesting, fmt.Sprintf("got another envelope (%s) inside %d, expected the request: at most %d envelopes are opened", name, depth, maxEnvelopes)))
		return
	}
	if depth == 0 {
		r.message.Origin = name
	} else {
		r.message.Origin += "/" + name
	}
	open(n, depth+1)
}

func (r *reader) unserved(n document.Node, what string) {
	r.unknown.Add(n.Fault(RuleUnknownEnvelope, "got "+what+
		", expected a request, bare or in an SNS notification, an EventBridge event or a CloudFormation custom resource request"))
}

// openNotification opens what SNS delivers to a queue without raw delivery:
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
func (r *reader) openNotification(n document.Node, depth int) {
	if kind := n.Get("Type").Text(); kind != "Notification" {
		r.unserved(n.Get("Type"), "an SNS "+finding.Quote(kind))
		return
	}
	r.message.OriginID = textOf(n.Get("MessageId"))
	if depth == 1 {
		r.message.Topic = &Notification{TopicARN: textOf(n.Get("TopicArn")), MessageID: r.message.OriginID}
		// SNS writes RFC 3339 with milliseconds.
		if at, err := time.Parse(time.RFC3339, textOf(n.Get("Timestamp"))); err == nil {
			r.message.RequestedAt = at
		}
	}
	if _, ok := r.text(n, "Message"); ok {
		at := n.Get("Message")
		r.source.strings = append(r.source.strings, at)
		doc, findings := at.Read("")
		r.open(doc, findings, depth)
	}
}
