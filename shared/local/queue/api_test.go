package queue

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sespolicy/shared/local/wire"
)

// client is the real SDK client, over a network of its own or over none.
func client(endpoint string, transport sqs.HTTPClient) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, HTTPClient: transport, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

func TestMessageThroughTheSDK(t *testing.T) {
	s := newServer()
	network := httptest.NewServer(s)
	defer network.Close()
	c := client(network.URL, network.Client())
	ctx := t.Context()

	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("Q"), Attributes: map[string]string{"VisibilityTimeout": "60"}})
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: new("Q")})
	if err != nil || *found.QueueUrl != *made.QueueUrl {
		t.Fatalf("GetQueueUrl: %v, %v", found, err)
	}
	attributes := map[string]types.MessageAttributeValue{
		"ErrorCode":   {DataType: new("String"), StringValue: new("InvalidPolicy")},
		"ErrorDetail": {DataType: new("Binary"), BinaryValue: []byte{0, 255}},
		"Other":       {DataType: new("Number.int"), StringValue: new("12")},
	}
	sent, err := c.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: made.QueueUrl, MessageBody: new("{\"a\": \"ü\U0001F600\"}"), MessageAttributes: attributes,
	})
	if err != nil {
		t.Fatalf("SendMessage: %+v, %v", sent, err)
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"ErrorCode", "ErrorDetail"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"ApproximateReceiveCount", "SenderId"},
	})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("ReceiveMessage: %+v, %v", got, err)
	}
	m := got.Messages[0]
	delete(attributes, "Other")
	if *m.MessageId != *sent.MessageId || *m.Body != "{\"a\": \"ü\U0001F600\"}" || *m.MD5OfMessageAttributes == *sent.MD5OfMessageAttributes {
		t.Errorf("received %+v", m)
	}
	if diff := cmp.Diff(attributes, m.MessageAttributes, cmpopts.IgnoreUnexported(types.MessageAttributeValue{})); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"ApproximateReceiveCount": "1", "SenderId": "123456789012"}, m.Attributes); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
	}
	if _, err := c.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 600}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	q, _ := s.LookupARN(wire.ARN("sqs", "Q"))
	if q.Counts() != (Counts{}) {
		t.Errorf("left %+v", q.Counts())
	}
}

// TestErrorsThroughTheSDK: the SDK knows the modelled errors by type, and all
// by the code that the Query protocol had.
func TestErrorsThroughTheSDK(t *testing.T) {
	s := newServer()
	create(t, s, "Q", nil)
	c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
	url := new("http://127.0.0.1:4566/123456789012/Q")
	ctx := t.Context()
	for reason, want := range map[string]struct {
		call func() error
		code string
	}{
		"no such queue": {func() error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: new(*url + "x"), MessageBody: new("x")})
			if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
				t.Errorf("not of the modelled type: %v", err)
			}
			return err
		}, "AWS.SimpleQueueService.NonExistentQueue"},
		"another account": {func() error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: new("http://127.0.0.1:4566/000000000000/Q"), MessageBody: new("x")})
			return err
		}, "AWS.SimpleQueueService.NonExistentQueue"},
		"no account in the URL": {func() error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: new("http://127.0.0.1:4566/Q"), MessageBody: new("x")})
			return err
		}, "AWS.SimpleQueueService.NonExistentQueue"},
		"a control character": {func() error {
			_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: new("\x01")})
			return err
		}, "InvalidMessageContents"},
		"too many messages": {func() error {
			_, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
			return err
		}, "InvalidParameterValue"},
		"a delay that overflows a duration": {func() error {
			_, err := c.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: new("x"), VisibilityTimeout: 1<<31 - 1})
			return err
		}, "InvalidParameterValue"},
		"not served": {func() error {
			_, err := c.RemovePermission(ctx, &sqs.RemovePermissionInput{QueueUrl: url, Label: new("x")})
			return err
		}, "InvalidAction"},
	} {
		t.Run(reason, func(t *testing.T) {
			failure, ok := errors.AsType[smithy.APIError](want.call())
			if !ok || failure.ErrorCode() != want.code || failure.ErrorFault() != smithy.FaultClient && failure.ErrorFault() != smithy.FaultUnknown {
				t.Errorf("answered %v, want %s", failure, want.code)
			}
		})
	}
}

func TestLongPollThroughTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		q := create(t, s, "Q", nil)
		c := client("http://127.0.0.1:4566", wire.Client{Handler: s})
		time.AfterFunc(3*time.Second, func() { send(t, q, Input{Body: "x"}) })
		began := time.Now()
		for _, want := range []struct {
			count int
			after time.Duration
		}{{1, 3 * time.Second}, {0, 8 * time.Second}} {
			got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: new(q.URL()), WaitTimeSeconds: 5})
			if err != nil || len(got.Messages) != want.count || time.Since(began) != want.after {
				t.Errorf("%v (%v) after %v, want %d after %v", got, err, time.Since(began), want.count, want.after)
			}
		}
	})
}

// post sends one request as it stands.
func post(s *Server, target, body string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestWireForm(t *testing.T) {
	s := newServer()
	create(t, s, "Q", nil)
	s.SetFaults(failing("PurgeQueue", "Q", Fault{Code: "ServiceUnavailable"}))
	const url = `"QueueUrl":"http://elsewhere/123456789012/Q"`
	for _, c := range []struct {
		reason, target, body string
		status               int
		query, answer        string
	}{
		{"an answer", "AmazonSQS.ListQueues", `{}`, 200, "", `{"QueueUrls":["http://127.0.0.1:4566/123456789012/Q"]}`},
		{"an empty answer", "AmazonSQS.ReceiveMessage", `{` + url + `,"WaitTimeSeconds":null}`, 200, "", `{}`},
		{"an unknown member", "AmazonSQS.SetQueueAttributes", `{` + url + `,"Nope":1,"Attributes":{}}`, 200, "", `{}`},
		{"a modelled error", "AmazonSQS.GetQueueUrl", `{"QueueName":"x"}`, 400, "AWS.SimpleQueueService.NonExistentQueue;Sender", `{"__type":"com.amazonaws.sqs#QueueDoesNotExist"`},
		{"a common error", "AmazonSQS.SendMessage", `{` + url + `}`, 400, "MissingParameter;Sender", `{"__type":"com.amazonaws.sqs#MissingRequiredParameterException"`},
		{"no JSON", "AmazonSQS.SendMessage", `{`, 400, "MalformedInput;Sender", `{"__type":"com.amazonaws.sqs#SerializationException"`},
		{"a wrong type", "AmazonSQS.SendMessage", `{` + url + `,"MessageBody":1}`, 400, "MalformedInput;Sender", `{"__type":"com.amazonaws.sqs#SerializationException"`},
		{"an unknown action", "AmazonSQS.Nope", `{}`, 404, "InvalidAction;Sender", `{"__type":"com.amazonaws.sqs#UnknownOperationException"`},
		{"another service", "AmazonSNS.Publish", `{}`, 404, "InvalidAction;Sender", `{"__type":"com.amazonaws.sqs#UnknownOperationException"`},
		{"a fault", "AmazonSQS.PurgeQueue", `{` + url + `}`, 503, "ServiceUnavailable;Receiver", `{"__type":"com.amazonaws.sqs#ServiceUnavailable"`},
		{"too much of it", "AmazonSQS.SendMessage", strings.Repeat(" ", 8<<20+1), 400, "InvalidParameterValue;Sender", `{"__type":"com.amazonaws.sqs#InvalidParameterValueException"`},
	} {
		t.Run(c.reason, func(t *testing.T) {
			got := post(s, c.target, c.body)
			body, _ := io.ReadAll(got.Body)
			if got.StatusCode != c.status || got.Header.Get("x-amzn-query-error") != c.query || !strings.HasPrefix(string(body), c.answer) {
				t.Errorf("%d, %q, %s", got.StatusCode, got.Header.Get("x-amzn-query-error"), body)
			}
			if got.Header.Get("x-amzn-RequestId") == "" || got.Header.Get("Content-Type") != "application/x-amz-json-1.0" {
				t.Errorf("headers %v", got.Header)
			}
		})
	}
}
