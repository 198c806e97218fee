package topic_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/topic"
	"sespolicy/shared/local/wire"
)

// service is a topic with a queue on it that takes everything.
type service struct {
	*topic.Server
	arn, subscription string
	queue             []topic.Message
}

func newService(t *testing.T, raw bool) *service {
	t.Helper()
	s := &service{Server: topic.New(topic.Config{})}
	s.arn = s.Create("RequestTopic")
	s.subscribe(t, raw, func(_ context.Context, m topic.Message) error { s.queue = append(s.queue, m); return nil })
	return s
}

func (s *service) subscribe(t *testing.T, raw bool, send topic.Send) {
	t.Helper()
	queueARN := "arn:aws:sqs:us-east-1:123456789012:RequestQueue"
	var err error
	if s.subscription, err = s.Subscribe(topic.Subscription{TopicARN: s.arn, QueueARN: queueARN, Raw: raw, Send: send}); err != nil {
		t.Fatal(err)
	}
}

// call sends one call as an SDK does: name, value, name, value.
func (s *service) call(action string, parameters ...string) *httptest.ResponseRecorder {
	form := url.Values{"Action": {action}, "Version": {topic.Version}, "TopicArn": {s.arn}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Code string `xml:"Error>Code"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return body.Code
}

func TestNotificationIsAsSNSWritesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, false)
		time.Sleep(1234 * time.Millisecond)
		s.call("Publish", "Subject", "please", "Message", `{"Identity":"example.com"}`,
			"MessageAttributes.entry.1.Name", "kind", "MessageAttributes.entry.1.Value.DataType", "String", "MessageAttributes.entry.1.Value.StringValue", "<put>",
			"MessageAttributes.entry.2.Name", "digest", "MessageAttributes.entry.2.Value.DataType", "Binary", "MessageAttributes.entry.2.Value.BinaryValue", "AAEC")
		var signed map[string]any
		if err := json.Unmarshal([]byte(s.queue[0].Body), &signed); err != nil {
			t.Fatal(err)
		}
		want := topic.Message{Body: `{
  "Type": "Notification",
  "MessageId": "` + signed["MessageId"].(string) + `",
  "TopicArn": "arn:aws:sns:us-east-1:123456789012:RequestTopic",
  "Subject": "please",
  "Message": "{\"Identity\":\"example.com\"}",
  "Timestamp": "2000-01-01T00:00:01.234Z",
  "SignatureVersion": "1",
  "Signature": "` + signed["Signature"].(string) + `",
  "SigningCertURL": "` + signed["SigningCertURL"].(string) + `",
  "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=` + s.subscription + `",
  "MessageAttributes": {
    "digest": {
      "Type": "Binary",
      "Value": "AAEC"
    },
    "kind": {
      "Type": "String",
      "Value": "<put>"
    }
  }
}`}
		if diff := cmp.Diff([]topic.Message{want}, s.queue); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRawDeliveryKeepsBodyAndAttributes(t *testing.T) {
	s := newService(t, true)
	s.call("Publish", "Message", "as it is", "MessageGroupId", "tenant-1",
		"MessageAttributes.entry.1.Name", "n", "MessageAttributes.entry.1.Value.DataType", "Number", "MessageAttributes.entry.1.Value.StringValue", "7",
		"MessageAttributes.entry.2.Name", "b", "MessageAttributes.entry.2.Value.DataType", "Binary", "MessageAttributes.entry.2.Value.BinaryValue", "AAEC")
	want := []topic.Message{{Body: "as it is", MessageGroupID: "tenant-1", Attributes: map[string]wire.Attribute{
		"n": {DataType: "Number", StringValue: "7"},
		"b": {DataType: "Binary", BinaryValue: []byte{0, 1, 2}},
	}}}
	if diff := cmp.Diff(want, s.queue); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	const other = "arn:aws:sns:us-east-1:123456789012:Other"
	attribute := func(dataType, value string) []string {
		return []string{
			"Message", "m", "MessageAttributes.entry.1.Name", "a",
			"MessageAttributes.entry.1.Value.DataType", dataType, "MessageAttributes.entry.1.Value.StringValue", value,
		}
	}
	for _, tt := range []struct {
		name       string
		action     string
		parameters []string
		status     int
		code       string
	}{
		{"no such topic", "Publish", []string{"TopicArn", "arn:aws:sns:us-east-1:123456789012:Other", "Message", "m"}, 404, "NotFound"},
		{"no topic named", "Publish", []string{"TopicArn", "", "Message", "m"}, 400, "InvalidParameter"},
		{"no message", "Publish", nil, 400, "InvalidParameter"},
		{"262145 bytes", "Publish", []string{"Message", strings.Repeat("x", 262145)}, 400, "InvalidParameter"},
		{"262144 bytes and an attribute", "Publish", append(attribute("String", "v"), "Message", strings.Repeat("x", 262144)), 400, "InvalidParameter"},
		{"262144 bytes", "Publish", []string{"Message", strings.Repeat("x", 262144)}, 200, ""},
		{"an empty subject", "Publish", []string{"Message", "m", "Subject", ""}, 400, "InvalidParameter"},
		{"a subject of two lines", "Publish", []string{"Message", "m", "Subject", "a\nb"}, 400, "InvalidParameter"},
		{"a subject of 101 characters", "Publish", []string{"Message", "m", "Subject", strings.Repeat("é", 101)}, 400, "InvalidParameter"},
		{"a subject of 100 characters", "Publish", []string{"Message", "m", "Subject", strings.Repeat("é", 100)}, 200, ""},
		{"a message for each protocol, which is not served", "Publish", []string{"Message", `{"default":"m"}`, "MessageStructure", "json"}, 400, "InvalidParameter"},
		{"an empty attribute", "Publish", attribute("String", ""), 400, "ParameterValueInvalid"},
		{"a binary attribute that is not base64", "Publish", append(attribute("Binary", ""), "MessageAttributes.entry.1.Value.BinaryValue", "?"), 400, "InvalidParameterValue"},
		{"an unknown attribute type", "Publish", attribute("Date", "v"), 400, "ParameterValueInvalid"},
		{"an empty batch", "PublishBatch", nil, 400, "EmptyBatchRequest"},
		{"a batch of eleven", "PublishBatch", batch(11, "m"), 400, "TooManyEntriesInBatchRequest"},
		{"a batch of 300000 bytes", "PublishBatch", batch(3, strings.Repeat("x", 100000)), 400, "BatchRequestTooLong"},
		{"two entries of one id", "PublishBatch", append(batch(2, "m"), "PublishBatchRequestEntries.member.2.Id", "id-1"), 400, "BatchEntryIdsNotDistinct"},
		{"an id with a blank", "PublishBatch", append(batch(2, "m"), "PublishBatchRequestEntries.member.2.Id", "id 2"), 400, "InvalidBatchEntryId"},
		{"a batch to no topic", "PublishBatch", append(batch(2, "m"), "TopicArn", other), 404, "NotFound"},
		{"a malformed topic", "Publish", []string{"TopicArn", "arn", "Message", "m"}, 400, "InvalidParameter"},
		{"a type with a label", "Publish", attribute("String.prefixed", "v"), 200, ""},
		{"a name that begins with a dot", "Publish", append(attribute("String", "v"), "MessageAttributes.entry.1.Name", ".a"), 400, "ParameterValueInvalid"},
		{"a name that ends with a dot", "Publish", append(attribute("String", "v"), "MessageAttributes.entry.1.Name", "a."), 400, "ParameterValueInvalid"},
		{"a name with two dots in a row", "Publish", append(attribute("String", "v"), "MessageAttributes.entry.1.Name", "a..b"), 400, "ParameterValueInvalid"},
		{"a name with a circumflex", "Publish", append(attribute("String", "v"), "MessageAttributes.entry.1.Name", "a^b"), 400, "ParameterValueInvalid"},
		{"a name of 257 bytes", "Publish", append(attribute("String", "v"), "MessageAttributes.entry.1.Name", strings.Repeat("n", 257)), 400, "ParameterValueInvalid"},
		{"a batch with one bad attribute", "PublishBatch", append(batch(2, "m"), "PublishBatchRequestEntries.member.2.MessageAttributes.entry.1.Name", "a^b",
			"PublishBatchRequestEntries.member.2.MessageAttributes.entry.1.Value.DataType", "String"), 400, "ParameterValueInvalid"},
		{"a topic without a name", "CreateTopic", nil, 400, "InvalidParameter"},
		{"a subscription of e-mail", "Subscribe", []string{"Protocol", "email", "Endpoint", "a@example.com"}, 400, "InvalidParameter"},
		{"a subscription of no queue", "Subscribe", []string{"Protocol", "sqs", "Endpoint", "arn"}, 400, "InvalidParameter"},
		{"an unknown signature version", "SetTopicAttributes", []string{"AttributeName", "SignatureVersion", "AttributeValue", "3"}, 400, "InvalidParameter"},
		{"an action that is not served", "ConfirmSubscription", nil, 400, "InvalidAction"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, false)
			w := s.call(tt.action, tt.parameters...)
			if got := code(t, w); w.Code != tt.status || got != tt.code {
				t.Errorf("got %d %q, want %d %q", w.Code, got, tt.status, tt.code)
			}
			if tt.code != "" && len(s.queue) != 0 {
				t.Error("a refused message was delivered")
			}
		})
	}
}

func batch(n int, message string) []string {
	var parameters []string
	for i := 1; i <= n; i++ {
		member := fmt.Sprintf("PublishBatchRequestEntries.member.%d.", i)
		parameters = append(parameters, member+"Id", fmt.Sprintf("id-%d", i), member+"Message", message)
	}
	return parameters
}

func TestBatchFailsEntryByEntry(t *testing.T) {
	s := newService(t, true)
	w := s.call("PublishBatch", append(batch(3, "fine"), "PublishBatchRequestEntries.member.2.Message", "")...)
	var got struct {
		Successful []string `xml:"PublishBatchResult>Successful>member>Id"`
		Failed     []string `xml:"PublishBatchResult>Failed>member>Id"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(got.Successful, []string{"id-1", "id-3"}) || !cmp.Equal(got.Failed, []string{"id-2"}) || len(s.queue) != 2 {
		t.Errorf("got %+v, %d delivered", got, len(s.queue))
	}
}

func TestPublisherIsToldWhenAQueueRefuses(t *testing.T) {
	s := newService(t, false)
	s.subscribe(t, false, func(context.Context, topic.Message) error { return errors.New("full") })
	if w := s.call("Publish", "Message", "m"); w.Code != 500 || code(t, w) != "InternalError" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestTopicsAndFaults(t *testing.T) {
	s := newService(t, false)
	if s.Create("RequestTopic") != s.arn {
		t.Error("a second Create made another topic")
	}
	other := s.Create("Other")
	var got struct {
		ARNs []string `xml:"ListTopicsResult>Topics>member>TopicArn"`
	}
	if err := xml.Unmarshal(s.call("ListTopics").Body.Bytes(), &got); err != nil || !cmp.Equal(got.ARNs, []string{s.arn, other}) {
		t.Errorf("got %v, %v", got.ARNs, err)
	}
	if _, err := s.Subscribe(topic.Subscription{TopicARN: "arn:aws:sns:us-east-1:123456789012:None"}); err == nil {
		t.Error("a topic that does not exist took a subscription")
	}
	s.SetFault(func(*http.Request) wire.Fault { return wire.Fault{Status: 503} })
	if w := s.call("Publish", "Message", "m"); w.Code != 503 {
		t.Errorf("status %d", w.Code)
	}
	s.SetFault(nil)
	if w := s.call("Publish", "Message", "m"); w.Code != 200 {
		t.Errorf("status %d", w.Code)
	}
}
