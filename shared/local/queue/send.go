package queue

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sespolicy/shared/local/wire"
)

// Input is a message to send.
type Input struct {
	Body        string
	Attributes  map[string]Attribute
	Delay       *time.Duration // nil: the queue's; 0 to 15 min
	GroupID     string         // MessageGroupId; none if empty
	TraceHeader string         // the system attribute AWSTraceHeader
	SenderID    string         // the account id if empty
}

// Sent is what SQS answers to a message it took.
type Sent struct {
	ID              string `json:"Id,omitzero" xml:"-"` // of the entry, in a batch
	MessageID       string `json:"MessageId" xml:"MessageId"`
	MD5OfBody       string `json:"MD5OfMessageBody" xml:"MD5OfMessageBody"`
	MD5OfAttributes string `json:"MD5OfMessageAttributes,omitzero" xml:"MD5OfMessageAttributes,omitempty"`
}

// Send puts a message on the queue, or returns why SQS refuses it.
func (q *Queue) Send(ctx context.Context, in Input) (Sent, error) {
	return called(ctx, q, "SendMessage", func() (Sent, error) { return q.send(in) })
}

func (q *Queue) send(in Input) (Sent, error) {
	if err := q.check(in); err != nil {
		return Sent{}, err
	}
	now := time.Now()
	m := Message{
		ID: q.server.config.NewID(), Body: in.Body, MD5OfBody: md5Of([]byte(in.Body)),
		Attributes: in.Attributes, MD5OfAttributes: md5OfAttributes(in.Attributes),
		SenderID: cmp.Or(in.SenderID, wire.Account),
		GroupID:  in.GroupID, TraceHeader: in.TraceHeader, Sent: now,
	}
	delay := q.seconds("DelaySeconds")
	if in.Delay != nil {
		delay = *in.Delay
	}
	q.put(m, now.Add(delay))
	if q.server.config.Sent != nil {
		q.server.config.Sent(m.Body)
	}
	q.settle(now)
	return Sent{MessageID: m.ID, MD5OfBody: m.MD5OfBody, MD5OfAttributes: m.MD5OfAttributes}, nil
}

func md5Of(text []byte) string {
	sum := md5.Sum(text)
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes digests message attributes as clients do to check that
// nothing was changed: sorted by name; name, data type and value each after
// its length in four bytes, big-endian; before the value one byte, 1 for text
// and 2 for binary. See "Calculating the MD5 message digest for message
// attributes" in the SQS developer guide. Without attributes it is "".
func md5OfAttributes(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		text = appendSized(text, name)
		text = appendSized(text, a.DataType)
		if a.Binary() {
			text = appendSized(append(text, 2), string(a.BinaryValue))
		} else {
			text = appendSized(append(text, 1), a.StringValue)
		}
	}
	return md5Of(text)
}

func appendSized(to []byte, value string) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(value))), value...)
}

const (
	// maxPayload limits body and attributes of one message, and of all
	// messages of a batch together: 1 MiB.
	maxPayload    = 1 << 20
	maxAttributes = 10
	maxDelay      = 900 // seconds
)

// check refuses what SQS refuses in a message.
func (q *Queue) check(in Input) error {
	if in.Body == "" {
		return missingParameter("MessageBody")
	}
	limit, _ := strconv.Atoi(q.attributes["MaximumMessageSize"])
	if size := wire.Size(in.Body, in.Attributes); size > limit {
		return fail(invalidParameterValue, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes, and has %d with its attributes.", limit, size)
	}
	if !allowedText(in.Body) {
		return fail(invalidMessageContents, "Invalid characters found. Valid unicode characters are %s.", validCharacters)
	}
	if len(in.Attributes) > maxAttributes {
		return fail(invalidParameterValue, "Number of message attributes [%d] exceeds the allowed maximum [%d].", len(in.Attributes), maxAttributes)
	}
	for name, a := range in.Attributes {
		reason := a.Problem(name)
		if reason == "" && !allowedText(a.StringValue) {
			reason = "contains invalid characters. Valid unicode characters are " + validCharacters + "."
		}
		if reason != "" {
			return fail(invalidParameterValue, "The message attribute '%s' %s", name, reason)
		}
	}
	return checkRange(seconds(in.Delay), "DelaySeconds", 0, maxDelay)
}

const validCharacters = "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// allowedText reports whether a text has only the characters of XML 1.0.
func allowedText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
