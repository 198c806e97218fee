package mapping

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"sespolicy/shared/local/queue"
)

// maxPayload is Lambda's limit for the request of a synchronous invocation.
const maxPayload = 6291456

// record is a message as the function gets it, members in the order AWS writes
// them.
type record struct {
	MessageID              string                      `json:"messageId"`
	ReceiptHandle          string                      `json:"receiptHandle"`
	Body                   string                      `json:"body"`
	Attributes             map[string]string           `json:"attributes"`
	MessageAttributes      map[string]messageAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes json.RawMessage             `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                      `json:"md5OfBody"`
	EventSource            string                      `json:"eventSource"`
	EventSourceARN         string                      `json:"eventSourceARN"`
	AWSRegion              string                      `json:"awsRegion"`
}

// messageAttribute has the words of SQS in camel case; the lists are always
// empty.
type messageAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      *string  `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
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

// encode writes one record. The Region is the ARN's fourth part. Without message
// attributes their digest is absent; with a batching window of at least a second
// it is null, as recorded from Lambda in 2025.
func (m *Mapping) encode(message queue.Message) []byte {
	arn := m.config.Queue.ARN()
	r := record{
		MessageID:         message.ID,
		ReceiptHandle:     message.ReceiptHandle,
		Body:              message.Body,
		Attributes:        message.SystemAttributes(),
		MessageAttributes: map[string]messageAttribute{},
		MD5OfBody:         message.MD5OfBody,
		EventSource:       "aws:sqs",
		EventSourceARN:    arn,
		AWSRegion:         strings.Split(arn, ":")[3],
	}
	switch {
	case message.MD5OfAttributes != "":
		r.MD5OfMessageAttributes = json.RawMessage(`"` + message.MD5OfAttributes + `"`)
	case m.config.Window >= time.Second:
		r.MD5OfMessageAttributes = json.RawMessage("null")
	}
	for name, attribute := range message.Attributes {
		value := messageAttribute{DataType: attribute.DataType, StringListValues: []string{}, BinaryListValues: []string{}}
		if attribute.Binary() {
			value.BinaryValue = new(base64.StdEncoding.EncodeToString(attribute.BinaryValue))
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
