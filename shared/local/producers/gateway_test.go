package producers_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sespolicy/shared/local"
	"sespolicy/shared/local/topic"
)

// form posts a form and returns the body of the answer.
func (w *world) form(address string, values url.Values) string {
	w.t.Helper()
	answer, err := http.PostForm(address, values)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %s %v", address, answer.Status, body, err)
	}
	return string(body)
}

// API Gateway's AWS integration posts a form without a version to the queue's
// own path. What it asked for is then read with SES v2.
func TestAPIGateway(t *testing.T) {
	w := start(t, local.Config{})
	body := w.form(w.Source().URL(), url.Values{"Action": {"SendMessage"}, "MessageBody": {bare("MyPolicy", policy("One"))}})
	var sent struct {
		ID string `xml:"SendMessageResult>MessageId"`
	}
	if err := xml.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	w.await(sent.ID)
	mail := sesv2.New(sesv2.Options{BaseEndpoint: &w.URL, Region: local.Region, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	got, err := mail.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String("example.com")})
	if err != nil || got.Policies["MyPolicy"] != policy("One") {
		t.Errorf("%+v, %v", got, err)
	}
}

// A second account gets a topic of its own, whose certificate is served here.
func TestTopicOfAnotherAccount(t *testing.T) {
	w := start(t, local.Config{Paused: true})
	call := func(values ...string) string {
		form := url.Values{"Version": {topic.Version}}
		for i := 0; i < len(values); i += 2 {
			form.Set(values[i], values[i+1])
		}
		return w.form(w.URL, form)
	}
	call("Action", "CreateTopic", "Name", "111122223333")
	arn := strings.Replace(w.topicARN(), "RequestTopic", "111122223333", 1)
	call("Action", "Subscribe", "TopicArn", arn, "Protocol", "sqs", "Endpoint", w.Source().ARN())
	call("Action", "Publish", "TopicArn", arn, "Message", bare("MyPolicy", policy("One")))
	messages := w.Source().Snapshot()
	if len(messages) != 1 || !strings.Contains(messages[0].Body, `"TopicArn": "`+arn+`"`) {
		t.Fatalf("on the queue: %+v", messages)
	}
	_, path, _ := strings.Cut(messages[0].Body, `"SigningCertURL": "`+w.URL)
	path, _, _ = strings.Cut(path, `"`)
	answer, err := http.Get(w.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if body, err := io.ReadAll(answer.Body); err != nil || !strings.HasPrefix(string(body), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("%s %s %v", path, body, err)
	}
}
