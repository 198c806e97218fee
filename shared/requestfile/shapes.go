package requestfile

import (
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/document"
)

// isEvent reports whether a value is an SQS event, as Lambda gets it.
func isEvent(n document.Node) bool {
	records := n.Get("Records")
	for record := range records.Elements() {
		if record.Get("eventSource").Text() != "aws:sqs" || !record.Get("body").IsString() {
			return false
		}
	}
	return records.Len() > 0
}

func (r *reader) event(s source, records document.Node) {
	for n := range records.Elements() {
		var record events.SQSMessage
		if json.Unmarshal(n.Raw(), &record) != nil { // a member of another type: the body is read all the same
			record = events.SQSMessage{EventSourceARN: n.Get("eventSourceARN").Text()}
		}
		e := r.entryOf(s, n.Get("body"))
		e.Attributes, e.QueueARN = record.MessageAttributes, record.EventSourceARN
		r.add(e)
	}
}

// isPolicies reports whether a value is the output of aws ses
// get-identity-policies, aws sesv2 get-email-identity-policies, or aws sesv2
// get-email-identity: texts of policies by name.
func isPolicies(n document.Node) bool {
	policies := n.Get("Policies")
	if !policies.IsObject() || n.Get("Identity").Exists() || n.Get("Policy").Exists() {
		return false
	}
	for _, p := range policies.Members() {
		if !p.IsString() && !p.IsObject() {
			return false
		}
	}
	return true
}

func (r *reader) policies(s source, policies document.Node) {
	for name, n := range policies.Members() {
		e := r.entryOf(s, n)
		e.Bare, e.PolicyName = true, name
		r.add(e)
	}
}

// entryOf is the entry of a text that stands in a string, or of an object.
func (r *reader) entryOf(s source, n document.Node) Entry {
	start, _ := n.Span()
	line, _ := s.position(start)
	e := Entry{Line: line, Pointer: n.Pointer()}
	if n.IsString() {
		e.Body, e.at = n.Text(), inString(s, n)
		return e
	}
	e.Body = string(n.Raw())
	e.at = placement{source: s, base: e.Pointer, offset: func(offset int) int { return start + offset }}
	return e
}
