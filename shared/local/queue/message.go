package queue

import (
	"strconv"
	"strings"
	"time"
)

// Message is one message as a queue holds it or hands it out. Its maps and
// slices are shared with the queue: do not change them.
type Message struct {
	ID            string
	ReceiptHandle string // of this receive; empty in a snapshot
	Body          string
	MD5OfBody     string

	Attributes      map[string]Attribute
	MD5OfAttributes string // over all Attributes; empty without any

	SenderID         string
	GroupID          string
	DeduplicationID  string
	SequenceNumber   string // FIFO queues only
	TraceHeader      string // X-Ray's
	DeadLetterSource string // ARN of the queue that SQS moved it from

	Sent          time.Time // the enqueue time, from which retention counts
	FirstReceived time.Time // zero if never
	ReceiveCount  int       // over all queues

	State     State
	VisibleAt time.Time // when a message that is Delayed or InFlight becomes visible
}

// Attribute is a message attribute. BinaryValue holds the value when DataType
// is Binary or Binary.something, StringValue otherwise.
type Attribute struct {
	DataType    string
	StringValue string
	BinaryValue []byte
}

// Binary reports whether the value is BinaryValue.
func (a Attribute) Binary() bool {
	kind, _, _ := strings.Cut(a.DataType, ".")
	return kind == "Binary"
}

// State is where a message stands between being sent and being deleted.
type State int

// The states; messages of each are counted by the queue attributes
// ApproximateNumberOfMessages, ...Delayed and ...NotVisible.
const (
	Visible State = iota
	Delayed
	InFlight

	gone // deleted, expired or moved, though an index may still hold it
)

// String returns the state's name.
func (s State) String() string {
	switch s {
	case Visible:
		return "Visible"
	case Delayed:
		return "Delayed"
	case InFlight:
		return "InFlight"
	default:
		return "State(" + strconv.Itoa(int(s)) + ")"
	}
}

// systemAttributeNames are the names a receiver can ask for.
var systemAttributeNames = []string{
	"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
	"SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
}

// SystemAttributes returns what SQS itself says about the message, under the
// names of the API. Times are in milliseconds since 1970. It is what Lambda
// puts into the member "attributes" of a record.
func (m Message) SystemAttributes() map[string]string {
	attributes := map[string]string{
		"SenderId":                m.SenderID,
		"SentTimestamp":           milliseconds(m.Sent),
		"ApproximateReceiveCount": strconv.Itoa(m.ReceiveCount),
	}
	if !m.FirstReceived.IsZero() {
		attributes["ApproximateFirstReceiveTimestamp"] = milliseconds(m.FirstReceived)
	}
	for name, value := range map[string]string{
		"SequenceNumber":           m.SequenceNumber,
		"MessageDeduplicationId":   m.DeduplicationID,
		"MessageGroupId":           m.GroupID,
		"AWSTraceHeader":           m.TraceHeader,
		"DeadLetterQueueSourceArn": m.DeadLetterSource,
	} {
		if value != "" {
			attributes[name] = value
		}
	}
	return attributes
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
