package queue

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"time"
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
	MessageID       string
	MD5OfBody       string
	MD5OfAttributes string
}

// Send puts a message on the queue, or returns why SQS refuses it.
func (q *Queue) Send(ctx context.Context, in Input) (Sent, error) {
	return under(ctx, q.server, Call{"SendMessage", q.name}, func() (Sent, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return q.send(in)
	})
}

func (q *Queue) send(in Input) (Sent, error) {
	if err := q.exists(); err != nil {
		return Sent{}, err
	}
	if err := q.check(in); err != nil {
		return Sent{}, err
	}
	now := time.Now()
	m := Message{
		ID: q.server.config.NewID(), Body: in.Body, MD5OfBody: md5Of([]byte(in.Body)),
		Attributes: in.Attributes, MD5OfAttributes: md5OfAttributes(in.Attributes),
		SenderID: cmp.Or(in.SenderID, q.server.config.Account),
		GroupID:  in.GroupID, TraceHeader: in.TraceHeader, Sent: now,
	}
	delay := q.settings.delay
	if in.Delay != nil {
		delay = *in.Delay
	}
	q.put(m, now.Add(delay))
	if q.server.config.Sent != nil {
		q.server.config.Sent(m.Body)
	}
	q.settle(now)
	return Sent{m.ID, m.MD5OfBody, m.MD5OfAttributes}, nil
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
