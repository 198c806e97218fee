package queue

import (
	"maps"
	"strconv"
	"time"

	"sespolicy/shared/local/wire"
)

// Attribute is a message attribute.
type Attribute = wire.Attribute

// Message is one message as a queue holds it or hands it out. Its JSON is that of
// ReceiveMessage. Its maps and slices are shared with the queue: do not change
// them.
type Message struct {
	ID              string `json:"MessageId"`
	ReceiptHandle   string // of this receive; empty in a snapshot
	Body            string
	MD5OfBody       string
	Attributes      map[string]Attribute `json:"MessageAttributes,omitempty"`
	MD5OfAttributes string               `json:"MD5OfMessageAttributes,omitzero"` // over all Attributes; empty without any

	SenderID         string `json:"-"`
	GroupID          string `json:"-"` // marks a tenant (fair queues); passed through
	TraceHeader      string `json:"-"` // X-Ray's
	DeadLetterSource string `json:"-"` // ARN of the queue that SQS moved it from

	Sent          time.Time `json:"-"` // the enqueue time
	FirstReceived time.Time `json:"-"` // zero if never
	ReceiveCount  int       `json:"-"` // over all queues

	State     State     `json:"-"` // of a snapshot
	VisibleAt time.Time `json:"-"` // when it becomes visible, or became
}

// State is where a message stands between being sent and being deleted.
type State int

// The states. Messages of each are counted by the queue attributes
// ApproximateNumberOfMessages, ...Delayed and ...NotVisible.
const (
	Visible State = iota
	Delayed
	InFlight
)

// SystemAttributes returns what SQS itself says about the message, under the
// names of the API. Times are in milliseconds since 1970. It is what Lambda
// puts into the member "attributes" of a record.
func (m Message) SystemAttributes() map[string]string {
	attributes := map[string]string{
		"SenderId":                 m.SenderID,
		"SentTimestamp":            milliseconds(m.Sent),
		"ApproximateReceiveCount":  strconv.Itoa(m.ReceiveCount),
		"MessageGroupId":           m.GroupID,
		"AWSTraceHeader":           m.TraceHeader,
		"DeadLetterQueueSourceArn": m.DeadLetterSource,
	}
	if !m.FirstReceived.IsZero() {
		attributes["ApproximateFirstReceiveTimestamp"] = milliseconds(m.FirstReceived)
	}
	maps.DeleteFunc(attributes, func(_, value string) bool { return value == "" })
	return attributes
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
