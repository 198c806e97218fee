// Package message opens what arrives on the request queue: what is requested,
// by whom, and who waits for the answer.
//
// A request stands bare in the message's body, or inside envelopes: an SNS
// notification, an EventBridge event, a CloudFormation custom resource request.
// [Recognize] tells them apart by their members, and one reader per kind reads
// the rest.
//
// It does not check the policy (package policy), the guardrails (package
// guardrail) or where the answer may go (package check), and it calls nothing.
package message

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/outcome"
)

// Message is one message of the queue, opened. It is plain data: it holds the
// record and no parsed document.
type Message struct {
	Record   events.SQSMessage // as received
	Owner    identity.Owner    // partition, account and Region of the queue; empty if it has no ARN
	SenderID string            // who called SendMessage, by the unique id that SQS recorded; an AWS service's own for SNS and EventBridge
	Sent     time.Time         // when the queue took it (SentTimestamp, ms); requests are ordered by it
	Receives int               // receive count, this delivery included; at least 1

	Origin      string        // the envelopes, outermost first: "SQS" for none, "SNS", "EventBridge", "SNS/CloudFormation", …
	OriginID    string        // the innermost envelope's id; empty if it has none
	Topic       *Notification // the outermost SNS notification, as claimed; nil if the outermost envelope is none
	EventID     string        // of the innermost EventBridge event, as claimed; empty if there is none
	RequestedAt time.Time     // the outermost notification's Timestamp; Sent if there is none

	Request        Request
	CloudFormation *CloudFormation // the custom resource request around it; nil for all others
	TaskToken      string          // of the Step Functions task that waits for the answer; empty for none
}

// Notification is what an SNS notification says of itself. Anyone who can write
// to the queue can write one: nothing here is verified.
type Notification struct{ TopicARN, MessageID string }

// CloudFormation is a custom resource request: who waits for the answer, and
// where.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type CloudFormation struct {
	RequestType        cfn.RequestType // Create, Update or Delete
	ResponseURL        *url.URL        // a presigned S3 PUT, whose query is a credential: never log it; nil if it is no URL
	StackID            string
	RequestID          string // with StackID, identifies the request
	LogicalResourceID  string
	PhysicalResourceID string        // of the resource as it stands; empty for a Create
	Timeout            time.Duration // how long the stack waits: ServiceTimeout, or an hour
	AdoptExisting      bool          // a Create may take over a policy that is on the identity already
}

// Request is what is requested.
type Request struct {
	Action     Action
	Identity   identity.Identity
	PolicyName string
	// Policy is the text for SES: a string byte for byte, an object minified. A
	// string over SES's limit is minified if it fits then. Empty for a delete.
	Policy string
	// Nothing says that there is nothing to do: the delete of a resource that
	// was never made.
	Nothing bool
}

// Action is the SES call that is requested.
type Action string

// The two actions, in the API's words.
const (
	Put    Action = "PutIdentityPolicy"
	Delete Action = "DeleteIdentityPolicy"
)

// Who may wait for an answer, as dead letters name them (AnsweredTo).
const (
	Stack = "CloudFormation"
	Task  = "StepFunctions"
)

// Key names the policy that a request is about: the same for every spelling of
// the identity.
func (r Request) Key() string { return r.Identity.Key() + "/" + r.PolicyName }

// Open opens a record. The message is as complete as it could be read even if
// it is rejected, so that the requester can be told. The source is for the
// checks that follow, and must not outlive them: its documents take many times
// the size of the text.
func Open(record events.SQSMessage) (Message, *Source, *outcome.Rejection) {
	m := Message{Record: record, Origin: "SQS", Receives: 1, SenderID: record.Attributes["SenderId"]}
	m.Owner, _ = identity.ParseOwner(record.EventSourceARN) // no queue if the function was invoked by hand
	if n, err := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]); err == nil {
		m.Receives = max(n, 1)
	}
	if ms, err := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms)
	}
	m.RequestedAt = m.Sent
	r := reader{message: &m, source: &Source{body: record.Body}, misspelt: map[string]bool{}}
	doc, findings := document.ReadString(record.Body)
	r.open(doc, findings, 0)
	return m, r.source, r.rejection()
}

// reader reads one message and gathers what is wrong with it, by code.
type reader struct {
	message    *Message
	source     *Source
	unknown    finding.List // UnknownEnvelope
	malformed  finding.List // MalformedRequest
	identities finding.List // InvalidIdentity
	names      finding.List // InvalidPolicyName
	// misspelt are the members that were found under a misspelt name: they are
	// not reported as missing too.
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

// textOf is a string's text in memory of its own: a substring would keep the
// whole document's text alive. Empty if the value is no string.
func textOf(n document.Node) string {
	if !n.IsString() {
		return ""
	}
	return strings.Clone(n.Text())
}
