package sample

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// renewal makes the new value of a member.
type renewal func(old json.RawMessage) any

// Renew gives the messages of an SQS event new ids and the time now, in
// their attributes and their envelopes, as if they were sent again: an old
// sample would be expired or superseded. What is not as expected stays as it is,
// and requests stay byte for byte.
//
// The signature of a notification is no longer valid; the samples have none.
func Renew(event []byte, now time.Time) []byte {
	sent := func(json.RawMessage) any { return strconv.FormatInt(now.UnixMilli(), 10) }
	return renew(event, map[string]renewal{"Records": func(list json.RawMessage) any {
		var records []json.RawMessage
		if json.Unmarshal(list, &records) != nil {
			return list
		}
		for i, record := range records {
			records[i] = renew(record, map[string]renewal{
				"messageId": newID,
				"body":      func(body json.RawMessage) any { return renewBody(body, now) },
				"attributes": func(attributes json.RawMessage) any {
					return renew(attributes, map[string]renewal{"SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent})
				},
			})
		}
		return records
	}})
}

// renewBody gives the envelopes of a body, which is a JSON string, new ids and
// the time now: SNS notifications, and EventBridge events inside and outside of
// them.
func renewBody(body json.RawMessage, now time.Time) any {
	var text string
	var envelope struct {
		Type       string
		DetailType string `json:"detail-type"`
	}
	if json.Unmarshal(body, &text) != nil || json.Unmarshal([]byte(text), &envelope) != nil {
		return body
	}
	switch {
	case envelope.Type == "Notification":
		text = string(renew([]byte(text), map[string]renewal{
			"MessageId": newID,
			"Timestamp": func(json.RawMessage) any { return now.UTC().Format("2006-01-02T15:04:05.000Z") },
			"Message":   func(inner json.RawMessage) any { return renewBody(inner, now) },
		}))
	case envelope.DetailType != "":
		text = string(renew([]byte(text), map[string]renewal{
			"id":   newID,
			"time": func(json.RawMessage) any { return now.UTC().Format(time.RFC3339) },
		}))
	}
	return text
}

func newID(json.RawMessage) any { return uuid.NewString() }

// renew gives members of a JSON object new values, where it has them.
func renew(text []byte, members map[string]renewal) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return text
	}
	values := make(map[string]any, len(object))
	for name, old := range object {
		values[name] = old
		if value, ok := members[name]; ok {
			values[name] = value(old)
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(values) != nil {
		return text
	}
	return bytes.TrimSpace(b.Bytes())
}
