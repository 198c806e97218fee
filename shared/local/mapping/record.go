package mapping

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local/queue"
)

// maxPayload is Lambda's limit for the request of a synchronous invocation.
const maxPayload = 6291456

// record is a message as the function gets it. Without message attributes their
// digest is absent.
type record struct {
	events.SQSMessage
	Digest string `json:"md5OfMessageAttributes,omitempty"`
}

// part is what one invocation takes of a batch.
type part struct {
	messages []queue.Message
	payload  []byte
}

// split makes events of a batch, none of them over Lambda's limit.
func (m *Mapping) split(batch []queue.Message) []part {
	const head, tail = `{"Records":[`, `]}`
	var parts []part
	for _, message := range batch {
		text := m.encode(message)
		last := len(parts) - 1
		if last < 0 || len(parts[last].payload)+1+len(text)+len(tail) > maxPayload {
			parts = append(parts, part{messages: []queue.Message{message}, payload: append([]byte(head), text...)})
			continue
		}
		parts[last].messages = append(parts[last].messages, message)
		parts[last].payload = append(append(parts[last].payload, ','), text...)
	}
	for i := range parts {
		parts[i].payload = append(parts[i].payload, tail...)
	}
	return parts
}

// encode writes one record. The Region is the ARN's fourth part.
func (m *Mapping) encode(message queue.Message) []byte {
	arn := m.config.Queue.ARN()
	r := record{Digest: message.MD5OfAttributes, SQSMessage: events.SQSMessage{
		MessageId: message.ID, ReceiptHandle: message.ReceiptHandle, Body: message.Body, Md5OfBody: message.MD5OfBody,
		Attributes: message.SystemAttributes(), MessageAttributes: map[string]events.SQSMessageAttribute{},
		EventSource: "aws:sqs", EventSourceARN: arn, AWSRegion: strings.Split(arn, ":")[3],
	}}
	for name, attribute := range message.Attributes {
		value := events.SQSMessageAttribute{DataType: attribute.DataType, StringListValues: []string{}, BinaryListValues: [][]byte{}}
		if attribute.Binary() {
			value.BinaryValue = attribute.BinaryValue
		} else {
			value.StringValue = &attribute.StringValue
		}
		r.MessageAttributes[name] = value
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // it would make a body of < up to six times as long
	_ = encoder.Encode(r)        // strings and maps of strings always encode
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
