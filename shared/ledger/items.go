package ledger

import (
	"strings"
	"time"
)

const (
	// keepRequests is how long a request is remembered after its last write:
	// longer than the two retention periods of 14 days that a message and its
	// dead letter can have.
	keepRequests = 30 * 24 * time.Hour
	// maxVersions is how many earlier versions of a policy are kept.
	maxVersions = 50
	// The lists that requesters can make longer. Each entry is under 6 KB, so
	// an item stays far below DynamoDB's 400 KB.
	maxEntries  = 12
	maxNoted    = 24
	maxAttempts = 6
	// maxText bounds a policy's text. SES takes 4,096 bytes.
	maxText = 8192
	// maxMessage bounds what is kept of a message for people.
	maxMessage = 1024
)

// header is what all items have.
type header struct {
	PK, SK    string
	Version   int64  // counts the writes; zero for an item that does not exist
	Write     string // the id of the last write
	ExpiresAt int64  `dynamodbav:",omitempty"` // seconds since 1970; absent for never
}

// Structs keep one attribute that is not omitted: minidyn reads an empty map or
// list back as a string.

// Requester is who asked. StackID and LogicalID are claims unless Topic is set.
type Requester struct {
	SenderID  string // of the principal, from SQS
	Topic     string `dynamodbav:",omitempty"` // verified
	StackID   string `dynamodbav:",omitempty"`
	LogicalID string `dynamodbav:",omitempty"`
}

// Owner is the resource of a stack that a policy belongs to.
type Owner struct {
	StackID   string
	LogicalID string
	Topic     string `dynamodbav:",omitempty"` // verified; empty matches any
}

// StackName is the owner's stack without its UUID, which is hard to guess and
// shown to nobody.
func (o Owner) StackName() string { return stackName(o.StackID) }

// stackName is NAME of arn:…:stack/NAME/UUID; empty for any other text.
func stackName(stackID string) string {
	if parts := strings.Split(stackID, "/"); len(parts) == 3 && strings.HasSuffix(parts[0], ":stack") {
		return parts[1]
	}
	return ""
}

// sameStack reports whether r comes from the owner's stack, as far as that can
// be told.
func (o *Owner) sameStack(r Request) bool {
	return o != nil && r.Stack != nil && o.StackID == r.Stack.StackID && trusts(o.Topic, r.Topic)
}

// is reports whether r comes from the owner itself.
func (o *Owner) is(r Request) bool { return o.sameStack(r) && o.LogicalID == r.Stack.LogicalID }

// trusts reports whether what was recorded with a topic may be changed through
// another: what was recorded without one may be changed through any.
func trusts(recorded, topic string) bool { return recorded == "" || recorded == topic }

// Policy is the current record of one policy.
type Policy struct {
	header
	Name
	Record
	Owner    *Owner    `dynamodbav:",omitempty"`
	Previous *Previous `dynamodbav:",omitempty"`
	Intent   *Intent   `dynamodbav:",omitempty"`
	Kept     []int64   `dynamodbav:",omitempty"` // the numbers of the earlier versions, oldest first
}

// Record is what one settled request made of a policy. The zero value says that
// none was settled.
type Record struct {
	Number    int64     // counts the policy's records from 1
	Present   bool      // false after a deletion
	Text      string    `dynamodbav:",omitempty"`
	Order     Order     // of the request
	MessageID string    `dynamodbav:",omitempty"` // of the request
	By        Requester // who asked
	At        time.Time // when it was settled
}

// known reports whether any request was settled.
func (r Record) known() bool { return r.Number > 0 }

// Previous is what a takeover within one stack took: it comes back if the taker
// is deleted.
type Previous struct {
	Owner Owner
	Text  string
}

// Intent says that SES is being called. Until the lease ends, other instances
// wait.
type Intent struct {
	MessageID string // of the request's record
	Order     Order
	Change    Change
	Instance  string
	Until     time.Time
	// Fresh and FreshEntry say that this intent added the request's attempt and
	// the resource's entry, which go if SES certainly did not take the call.
	Fresh      bool `dynamodbav:",omitempty"`
	FreshEntry bool `dynamodbav:",omitempty"`
}

// Version is an earlier record of a policy.
type Version struct {
	header
	Name
	Record
}

// Kind is how a request ended.
type Kind string

// The kinds of an outcome.
const (
	Applied    Kind = "Applied"    // it has its effect, or there was nothing to do
	Rejected   Kind = "Rejected"   // it never will
	Superseded Kind = "Superseded" // a newer request was applied
)

// Outcome is how a request ended. Without a Kind it has not: Code and Message
// then say why its last delivery must come again, if that is known.
type Outcome struct {
	Kind    Kind
	Code    string `dynamodbav:",omitempty"` // of a rejection; or AnswerUndelivered, beside Applied
	Message string `dynamodbav:",omitempty"` // for people, clipped to 1 KB
	// Own says that a superseded request was overtaken by its own stack, whose
	// answer is SUCCESS.
	Own bool `dynamodbav:",omitempty"`
}

// Done reports whether the request may not take effect any more.
func (o Outcome) done() bool { return o.Kind == Applied || o.Kind == Superseded }

// Answer is what became of the answer.
type Answer string

// The states of an answer.
const (
	Pending       Answer = ""              // not delivered, to be tried again if anybody waits
	Told          Answer = "Told"          // delivered
	Undeliverable Answer = "Undeliverable" // it never can be
)

// Entry is the record of one request, under the id of its first message.
type Entry struct {
	header
	Name
	Action     Action
	MessageID  string // of the first message
	Delivery   string // the message that was decided last: this one, or a redriven letter's
	BodyDigest string
	Order      Order // of the first message
	By         Requester
	Outcome    Outcome
	Effect     bool     // SES has taken it
	Attempts   []Change `dynamodbav:",omitempty"` // calls that may still reach SES
	Letter     bool     // the dead letter was sent
	Answer     Answer
	At         time.Time // of the last write
}

// alias is another id of a request.
type alias struct {
	header
	MessageID string
}

// Resource is one resource of a stack.
type Resource struct {
	header
	Made      []Made  `dynamodbav:",omitempty"` // what its requests put or may have put, oldest first
	Deletes   []Noted `dynamodbav:",omitempty"` // the latest Delete of each topic
	Rollbacks []Noted `dynamodbav:",omitempty"` // the latest Update of each topic and physical id
}

// Made is a policy that a Create, or an Update to another policy, put or may
// have put. Without a name it is a Create that made nothing.
type Made struct {
	Name
	MessageID string // of the request's entry
	Order     Order
	Topic     string `dynamodbav:",omitempty"`
	From      string `dynamodbav:",omitempty"` // an Update's physical id; empty for a Create
	Number    int64  `dynamodbav:",omitempty"` // of the policy's record when SES was last called; a later record has replaced it
	Settled   bool   `dynamodbav:",omitempty"` // false: it may have been put
}

func (m Made) nothing() bool { return m.Name == Name{} }

// Noted is when a resource was last asked for something.
type Noted struct {
	PhysicalID string `dynamodbav:",omitempty"`
	Topic      string `dynamodbav:",omitempty"`
	Order      Order
}
