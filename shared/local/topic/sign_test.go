package topic_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sespolicy/shared/local/topic"
)

// verify checks a notification as AWS documents it, with the certificate that
// the server serves.
func verify(t *testing.T, s *topic.Server, body string) error {
	t.Helper()
	var n map[string]string
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^https://sns\.us-east-1\.amazonaws\.com/SimpleNotificationService-[0-9a-f]{32}\.pem$`).MatchString(n["SigningCertURL"]) {
		t.Errorf("SigningCertURL %s", n["SigningCertURL"])
	}
	address, err := url.Parse(n["SigningCertURL"])
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address.Path, nil))
	block, rest := pem.Decode(w.Body.Bytes())
	if w.Code != http.StatusOK || block == nil || len(rest) > 0 {
		t.Fatalf("certificate: %d %s", w.Code, w.Body)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"} {
		if value, given := n[name]; given {
			text.WriteString(name + "\n" + value + "\n")
		}
	}
	signature, err := base64.StdEncoding.DecodeString(n["Signature"])
	if err != nil {
		t.Fatal(err)
	}
	algorithm := map[string]x509.SignatureAlgorithm{"1": x509.SHA1WithRSA, "2": x509.SHA256WithRSA}[n["SignatureVersion"]]
	return certificate.CheckSignature(algorithm, []byte(text.String()), signature)
}

func TestNotificationsAreSigned(t *testing.T) {
	for _, test := range []struct {
		reason     string
		version    string
		parameters []string
	}{
		{"version 1", "", nil},
		{"version 2", "2", nil},
		{"with a subject", "", []string{"Subject", "please"}},
		{"version 2 with a subject", "2", []string{"Subject", "please"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			s := newService(t, false)
			if test.version != "" {
				if w := s.call("SetTopicAttributes", "AttributeName", "SignatureVersion", "AttributeValue", test.version); w.Code != 200 {
					t.Fatal(w.Body)
				}
			}
			s.call("Publish", append(test.parameters, "Message", "{\n\"a\": \"ü\"}")...)
			body := s.queue[0].Body
			if !strings.Contains(body, `"SignatureVersion": "`+max(test.version, "1")+`"`) {
				t.Error(body)
			}
			if err := verify(t, s.Server, body); err != nil {
				t.Error(err)
			}
			if err := verify(t, s.Server, strings.Replace(body, "Notification\"", "Notificatiom\"", 1)); err == nil {
				t.Error("a changed notification verifies")
			}
		})
	}
	w := httptest.NewRecorder()
	newService(t, false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, topic.CertificatePrefix+"00.pem", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("another certificate: %d", w.Code)
	}
}

// Two accounts with a topic each, all made over HTTP.
func TestTopicsMadeOverHTTP(t *testing.T) {
	const queueARN = "arn:aws:sqs:us-east-1:123456789012:RequestQueue"
	var got []topic.Message
	s := &service{Server: topic.New(topic.Config{Queue: func(arn string) (topic.Send, bool) {
		return func(_ context.Context, m topic.Message) error { got = append(got, m); return nil }, arn == queueARN
	}})}
	for _, account := range []string{"111122223333", "444455556666"} {
		var made struct {
			ARN string `xml:"CreateTopicResult>TopicArn"`
		}
		w := s.call("CreateTopic", "Name", account, "Attributes.entry.1.key", "SignatureVersion", "Attributes.entry.1.value", "2")
		if err := xml.Unmarshal(w.Body.Bytes(), &made); err != nil || !strings.HasSuffix(made.ARN, ":"+account) {
			t.Fatalf("%s, %v", w.Body, err)
		}
		s.arn = made.ARN
		raw := map[bool]string{true: "true", false: "false"}[account == "444455556666"]
		if w := s.call("Subscribe", "Protocol", "sqs", "Endpoint", queueARN, "Attributes.entry.1.key", "RawMessageDelivery", "Attributes.entry.1.value", raw); w.Code != 200 {
			t.Fatal(w.Body)
		}
		s.call("Publish", "Message", account)
	}
	if len(got) != 2 || !strings.Contains(got[0].Body, `"TopicArn": "arn:aws:sns:us-east-1:123456789012:111122223333"`) || got[1].Body != "444455556666" {
		t.Fatalf("delivered %+v", got)
	}
	if err := verify(t, s.Server, got[0].Body); err != nil {
		t.Error(err)
	}
	s.call("DeleteTopic")
	if w := s.call("Publish", "Message", "m"); w.Code != 404 {
		t.Errorf("published to a deleted topic: %d", w.Code)
	}
	if left := s.call("ListTopics").Body.String(); strings.Count(left, "<TopicArn>") != 1 {
		t.Errorf("left %s", left)
	}
}

func TestTraceHeaderOfPublish(t *testing.T) {
	s := newService(t, false)
	form := url.Values{"Action": {"Publish"}, "TopicArn": {s.arn}, "Message": {"m"}}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Amzn-Trace-Id", "Root=1")
	s.ServeHTTP(httptest.NewRecorder(), r)
	if !slices.ContainsFunc(s.queue, func(m topic.Message) bool { return m.TraceHeader == "Root=1" }) {
		t.Errorf("delivered %+v", s.queue)
	}
}
