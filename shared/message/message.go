// Package message opens what arrives on the request queue: it says what is
// asked, who asks, and who wants the answer.
//
// A request stands bare in the message's body, or in envelopes that are opened
// by their shape: an SNS notification, an EventBridge event, a CloudFormation
// custom resource request. What identifies an envelope is read first, its
// content by the reader of that kind alone; nothing is guessed by trying.
//
// It does not judge the policy itself (package policy) nor whether this
// deployment wants the request (package guardrail), and it calls nothing.
package message

import (
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/outcome"
)

// Message is one message of the queue, opened.
type Message struct {
	Record   events.SQSMessage // as it came
	Origin   string            // the envelopes, outermost first: "SQS" for none, "SNS", "EventBridge", "SNS/CloudFormation", …
	OriginID string            // the innermost envelope's own id; empty where it has none
	Owner    identity.Owner    // the account and Region of the queue, which are the function's
	Sent     time.Time         // when the queue took it; the order of requests goes by it
	Asked    time.Time         // when the outermost envelope says it was asked; Sent where none says
	Receives int               // how often it was received, this time included

	Request        Request
	CloudFormation *CloudFormation // the custom resource request it came in; nil for all others
	TaskToken      string          // the Step Functions task that waits for the answer; empty for none
	AnsweredTo     string          // who was told that it failed, before it was redriven; empty for nobody
}

// Request is what is asked for.
type Request struct {
	Action     Action
	Identity   identity.Identity
	PolicyName string
	// IdentityAt and PolicyNameAt are where the two were written: both at the
	// physical id for a stack's Delete.
	IdentityAt, PolicyNameAt document.Node
	Policy                   Policy // nothing for a delete
	// Nothing says that there is nothing to do: the delete of a resource that
	// was never made.
	Nothing bool
}

// Action is the call of SES that is asked for.
type Action string

// The two actions, in the API's words.
const (
	Put    Action = "PutIdentityPolicy"
	Delete Action = "DeleteIdentityPolicy"
)

// Policy is the policy document of a request, as written.
type Policy struct {
	// Text goes to SES: a string byte for byte, an object minified. A string
	// longer than SES takes goes minified where that fits.
	Text string
	// At is where the document stands; it does not exist when the text is not
	// JSON.
	At document.Node
	// Findings is what reading the text as JSON found.
	Findings []finding.Finding
}

// Key names the policy that a request is about: the same for every spelling
// of the identity.
func (r Request) Key() string { return r.Identity.Key() + "/" + r.PolicyName }

// Open opens a record. The message is as complete as it could be read even
// when it is rejected: whoever asked can still be told.
func Open(record events.SQSMessage) (Message, *outcome.Rejection) {
	m := Message{Record: record, Origin: "SQS", Receives: 1}
	m.Owner, _ = identity.ParseOwner(record.EventSourceARN) // the function invoked by hand has no queue
	if n, err := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]); err == nil {
		m.Receives = n
	}
	if ms, err := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms)
	}
	m.Asked = m.Sent
	m.AnsweredTo = deadletter.Answered(record.MessageAttributes)
	r := reader{message: &m, misspelt: map[string]bool{}}
	doc, findings := document.ReadString(record.Body)
	r.open(doc, findings, 0)
	return m, r.rejection()
}

// Release lets go of the documents that the message was read from, which take
// many times its size, when nobody asks any more where something stood. What
// was read stays.
func (m *Message) Release() {
	m.Request.IdentityAt, m.Request.PolicyNameAt, m.Request.Policy.At = document.Node{}, document.Node{}, document.Node{}
	if m.CloudFormation != nil {
		m.CloudFormation.At = document.Node{}
	}
}

// reader reads one message and gathers what is wrong with it, by code.
type reader struct {
	message    *Message
	unknown    finding.List // UnknownEnvelope
	malformed  finding.List // MalformedRequest
	identities finding.List // InvalidIdentity
	names      finding.List // InvalidPolicyName
	// misspelt are the members that are there under a name that is no member's:
	// one mistake, said once.
	misspelt map[string]bool
}

func (r *reader) rejection() *outcome.Rejection {
	return outcome.Join(
		outcome.Reject(outcome.UnknownEnvelope, r.unknown.Findings()),
		outcome.Reject(outcome.MalformedRequest, r.malformed.Findings()),
		outcome.Reject(outcome.InvalidIdentity, r.identities.Findings()),
		outcome.Reject(outcome.InvalidPolicyName, r.names.Findings()),
	)
}
