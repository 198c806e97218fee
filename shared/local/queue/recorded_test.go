package queue

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/local/wire"
)

// What others recorded from the real service.

func TestTraceHeaderOfTheCall(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	call := func(contentType, target, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("X-Amzn-Trace-Id", "Root=1-http")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "SystemAttributes") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	call("application/x-amz-json-1.0", "AmazonSQS.SendMessage", `{"QueueUrl":"Q","MessageBody":"by name"}`)
	call("application/x-amz-json-1.0", "AmazonSQS.SendMessageBatch", `{"QueueUrl":"`+q.URL()+`","Entries":[{"Id":"a","MessageBody":"x"}]}`)
	call("application/x-www-form-urlencoded", "", url.Values{"Action": {"SendMessage"}, "QueueUrl": {q.URL()}, "MessageBody": {"x"}}.Encode())
	for _, m := range q.Snapshot() {
		if m.TraceHeader != "Root=1-http" {
			t.Errorf("%s: trace header %q", m.Body, m.TraceHeader)
		}
	}
	if n := len(q.Snapshot()); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

// API Gateway's AWS integration posts a form to the queue's own path.
func TestSendMessageOfTheQueryProtocol(t *testing.T) {
	s := newServer()
	q := create(t, s, "Q", nil)
	attribute := url.Values{
		"MessageAttribute.1.Name": {"Kind"}, "MessageAttribute.1.Value.DataType": {"String"}, "MessageAttribute.1.Value.StringValue": {"a b"},
		"MessageAttribute.2.Name": {"Raw"}, "MessageAttribute.2.Value.DataType": {"Binary"}, "MessageAttribute.2.Value.BinaryValue": {"AP8="},
	}.Encode()
	for _, c := range []struct {
		reason, path, form string
		status             int
		answer             string
	}{
		{"a body and attributes", "/123456789012/Q", "Action=SendMessage&MessageBody=%7B%7D&" + attribute, 200, "<MD5OfMessageBody>99914b932bd37a50b983c5e7c90ae93b</MD5OfMessageBody><MD5OfMessageAttributes>"},
		{"a queue by parameter", "/", "Action=SendMessage&MessageBody=x&QueueUrl=Q&DelaySeconds=0&MessageGroupId=g", 200, "<SendMessageResult><MessageId>"},
		{"no such queue", "/123456789012/Nope", "Action=SendMessage&MessageBody=x", 400, "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"},
		{"no body", "/123456789012/Q", "Action=SendMessage", 400, "<Code>MissingParameter</Code>"},
		{"a delay of letters", "/123456789012/Q", "Action=SendMessage&MessageBody=x&DelaySeconds=no", 400, "<Code>InvalidParameterValue</Code>"},
		{"an empty group", "/123456789012/Q", "Action=SendMessage&MessageBody=x&MessageGroupId=", 400, "<Code>InvalidParameterValue</Code>"},
		{"another action", "/123456789012/Q", "Action=ReceiveMessage", 400, "<Code>InvalidAction</Code>"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if body, _ := io.ReadAll(w.Body); w.Code != c.status || !strings.Contains(string(body), c.answer) {
				t.Errorf("%d %s", w.Code, body)
			}
		})
	}
	got := q.Snapshot()
	if len(got) != 2 || got[0].Body != "{}" || got[0].Attributes["Kind"].StringValue != "a b" || string(got[0].Attributes["Raw"].BinaryValue) != "\x00\xff" || got[1].GroupID != "g" {
		t.Errorf("on the queue: %+v", got)
	}
}

func TestRecordedRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		deadLetters(t, source, 2)
		c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
		move := func(rate int32) error {
			_, err := c.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: new(dlq.ARN()), MaxNumberOfMessagesPerSecond: new(rate)})
			return err
		}
		cancel := func(handle string) error {
			_, err := c.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: new(handle)})
			return err
		}
		if err := move(1); err != nil {
			t.Fatal(err)
		}
		wantSDKCode(t, move(1), "InvalidParameterValue")
		wantSDKCode(t, move(501), "InvalidParameterValue")
		wantSDKCode(t, cancel("x"), "InvalidParameterValue")
		wantSDKCode(t, cancel(base64.StdEncoding.EncodeToString([]byte(`{"taskId":"x","sourceArn":"y"}`))), "ResourceNotFoundException")
		_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: new(source.URL()), MessageBody: new("x"), MessageGroupId: new("")})
		wantSDKCode(t, err, "InvalidParameterValue")
		for target, want := range map[string]int{"PurgeQueue": 403, "ListMessageMoveTasks": 404} {
			body := `{"QueueUrl":"DeadLetterQueue","SourceArn":"arn:aws:sqs:us-east-1:123456789012:Nope"}`
			post(s, "AmazonSQS."+target, body)
			if got := post(s, "AmazonSQS."+target, body); got.StatusCode != want {
				t.Errorf("%s: %s", target, got.Status)
			}
		}
	})
}
