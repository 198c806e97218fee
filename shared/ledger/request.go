package ledger

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Action is the call of SES that a change makes, in the API's words.
type Action string

// The two actions.
const (
	Put    Action = "PutIdentityPolicy"
	Delete Action = "DeleteIdentityPolicy"
)

// Request is one delivery of a request, as far as the ledger is concerned. The
// identity is the canonical name. Only Sent, Topic and SenderID are facts; the
// rest is what the requester wrote.
type Request struct {
	MessageID       string    // of SQS
	SourceMessageID string    // of a redriven letter: the message it was written for; empty for others
	BodyDigest      string    // Digest of the message's body
	NotificationID  string    // SNS's MessageId or EventBridge's event id; empty without either
	Sent            time.Time // SentTimestamp, or the signed Timestamp of a verified notification
	Topic           string    // the verified topic; empty if there is none
	SenderID        string    // the principal that sent the message, from SQS
	TaskToken       string    // of Step Functions; only its digest is stored
	ResponseURL     string    // of CloudFormation; only its digest is stored

	Action     Action
	Identity   string // empty for a Delete that names no policy
	PolicyName string
	Text       string // the policy as SES gets it; empty for a delete

	Stack   *Stack   // the custom resource request it came in; nil for others
	Refusal *Outcome // found before the ledger was read, such as InvalidPolicy or Expired; nil for none
}

// Stack is what a custom resource request says of itself.
type Stack struct {
	RequestType   string // Create, Update or Delete
	StackID       string
	RequestID     string
	LogicalID     string
	PhysicalID    string // empty for a Create
	AdoptExisting bool
}

// maxID bounds, in bytes, what is stored of a requester's ids. CloudFormation's
// own are shorter: a StackId has at most 1,024.
const maxID = 1024

// bounded is r with every text that is compared or stored at most maxID long,
// and with the digests of its secrets in their place. A longer text becomes its
// digest, so two different ones stay different.
func (r Request) bounded() Request {
	for _, text := range []*string{&r.MessageID, &r.SourceMessageID, &r.NotificationID, &r.Topic, &r.SenderID, &r.Identity, &r.PolicyName} {
		*text = bound(*text)
	}
	for _, secret := range []*string{&r.TaskToken, &r.ResponseURL} {
		if *secret != "" {
			*secret = Digest(*secret)
		}
	}
	if r.Stack != nil {
		stack := *r.Stack
		for _, text := range []*string{&stack.StackID, &stack.RequestID, &stack.LogicalID, &stack.PhysicalID} {
			*text = bound(*text)
		}
		r.Stack = &stack
	}
	return r
}

func bound(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) > maxID {
		return "sha256:" + Digest(text)
	}
	return text
}

// policy is the key of the policy that r is about; the zero value for none.
func (r Request) policy() Name {
	if r.Identity == "" || r.PolicyName == "" {
		return Name{}
	}
	return Name{Identity: r.Identity, PolicyName: r.PolicyName}
}

func (r Request) order() Order { return Order{Millis: r.Sent.UnixMilli(), MessageID: r.MessageID} }

func (r Request) change() Change { return Change{Action: r.Action, Name: r.policy(), Text: r.Text} }

func (r Request) requester() Requester {
	by := Requester{SenderID: r.SenderID, Topic: r.Topic}
	if r.Stack != nil {
		by.StackID, by.LogicalID = r.Stack.StackID, r.Stack.LogicalID
	}
	return by
}

// is reports whether r is a stack's request of that type.
func (r Request) is(requestType string) bool {
	return r.Stack != nil && r.Stack.RequestType == requestType
}

// elsewhere reports whether r is a stack's Update to another policy than the
// one that its physical id names: a replacement.
func (r Request) elsewhere() bool {
	return r.is("Update") && r.Stack.PhysicalID != r.policy().physicalID()
}

// content digests what a requester asks for and where the answer goes. Two
// requests with the same claimed id and content are one request.
func (r Request) content() string {
	stack := Stack{}
	if r.Stack != nil {
		stack = *r.Stack
	}
	return Digest(string(r.Action), r.Identity, r.PolicyName, r.Text, stack.RequestType, stack.LogicalID,
		stack.PhysicalID, strconv.FormatBool(stack.AdoptExisting), r.ResponseURL)
}

// Order is the place of a request among those for the same policy.
type Order struct {
	Millis    int64  // since 1970
	MessageID string // decides between two of one millisecond
}

// Compare is negative if o comes before p.
func (o Order) Compare(p Order) int {
	return cmp.Or(cmp.Compare(o.Millis, p.Millis), cmp.Compare(o.MessageID, p.MessageID))
}

// After reports whether o is newer than p.
func (o Order) After(p Order) bool { return o.Compare(p) > 0 }

// Time is when the request was sent.
func (o Order) Time() time.Time { return time.UnixMilli(o.Millis).UTC() }

// Name names a policy.
type Name struct {
	Identity   string `dynamodbav:",omitempty"` // canonical
	PolicyName string `dynamodbav:",omitempty"`
}

// physicalID is the physical id that a stack's resource for the policy has.
func (n Name) physicalID() string { return n.Identity + "/" + n.PolicyName }

// Change is one call of SES.
type Change struct {
	Action Action
	Name
	Text string `dynamodbav:",omitempty"` // empty for a delete
}
