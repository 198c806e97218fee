package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/topic"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/notification"
	"sespolicy/shared/outcome"
)

const accountA = "111122223333"

// perTopic are guardrails by which each topic writes its own names.
var perTopic = guardrail.Config{AllowedPolicyNames: []string{"${topic}-*"}}

// sns is one account's SNS, with the function's queue behind its topics.
type sns struct {
	*topic.Server
	certificates int // how often a certificate was read
	status       int // in place of a certificate; 0 for none
}

// withTopics adds topics to the world, subscribed to the request queue.
func (w *world) withTopics(t *testing.T, names ...string) *sns {
	t.Helper()
	s := &sns{Server: topic.New(topic.Config{})}
	for _, name := range names {
		_, err := s.Subscribe(topic.Subscription{TopicARN: s.Create(name), QueueARN: w.requests.ARN(), Send: func(ctx context.Context, m topic.Message) error {
			_, err := w.requests.Send(ctx, queue.Input{Body: m.Body})
			return err
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	verifier := notification.New(&wire.Client{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.certificates++
		if s.status != 0 {
			rw.WriteHeader(s.status)
			return
		}
		s.ServeHTTP(rw, r)
	})}, "")
	w.verifier = func() *notification.Verifier { return verifier }
	return s
}

// publish publishes to a topic.
func (w *world) publish(t *testing.T, s *sns, name, message string) {
	t.Helper()
	form := url.Values{"Action": {"Publish"}, "Version": {topic.Version}, "TopicArn": {"arn:aws:sns:us-east-1:123456789012:" + name}, "Message": {message}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://sns", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := (&wire.Client{Handler: s}).Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	time.Sleep(time.Millisecond)
}

// Each topic writes and deletes its own names. The certificate is read once per
// instance.
func TestNamesByTopic(t *testing.T) {
	inBubble(t, perTopic, func(t *testing.T, w *world) {
		s := w.withTopics(t, accountA, "444455556666")
		name := accountA + "-news"
		w.publish(t, s, accountA, putBody("a.com", name, "1"))
		w.receive(t)
		w.publish(t, s, "444455556666", putBody("a.com", name, "2"))
		w.publish(t, s, "444455556666", deleteBody("a.com", name))
		w.receive(t)
		expect(t, "after the other topic", len(w.ses.Policies()["a.com"]), 1)
		w.deliver(t, deleteBody("a.com", name)) // through no topic
		w.publish(t, s, accountA, deleteBody("a.com", name))
		w.receive(t)
		expect(t, "outcomes", w.outcomes(t), "[Applied Rejected GuardrailViolation Rejected GuardrailViolation Rejected GuardrailViolation Deleted]")
		expect(t, "certificates", s.certificates, 1)
		if !strings.Contains(w.out.String(), `"topic":"arn:aws:sns:us-east-1:123456789012:444455556666"`) {
			t.Error("no log line names the verified topic")
		}
	})
}

// Where no pattern needs the topic, nothing is verified.
func TestNothingIsVerifiedWithoutATopicPattern(t *testing.T) {
	for _, config := range []guardrail.Config{{AllowedPolicyNames: []string{"Q"}}, {AllowedPolicyNames: []string{"${topic}-*", "P"}}} {
		inBubble(t, config, func(t *testing.T, w *world) {
			s := w.withTopics(t, accountA)
			w.publish(t, s, accountA, putBody("a.com", "P", "1"))
			w.receive(t)
			expect(t, "certificates", s.certificates, 0)
			expect(t, "outcomes", len(w.outcomes(t)), 1)
		})
	}
}

// Without the certificate nothing is decided, and older requests for the same
// policy wait too.
func TestUnreachableCertificate(t *testing.T) {
	config := guardrail.Config{AllowedPolicyNames: []string{"${topic}-*"}, AllowedPrincipals: []string{"${topic}", "999988887777"}}
	inBubble(t, config, func(t *testing.T, w *world) {
		s := w.withTopics(t, accountA)
		s.status = http.StatusServiceUnavailable
		w.publish(t, s, accountA, putBody("a.com", accountA+"-news", "1"))
		w.publish(t, s, accountA, putBody("b.com", accountA+"-news", "2"))
		expect(t, "handed back", len(w.receive(t)), 2)
		expect(t, "outcomes", w.outcomes(t), "[Retry CertificateUnavailable Retry CertificateUnavailable]")
		expect(t, "certificates", s.certificates, 1) // the second does not wait for the same failure
		expect(t, "dead letters", w.codes(), "[]")
		s.status = 0
		time.Sleep(outcome.FirstDelay)
		w.receive(t)
		expect(t, "policies", len(w.ses.Policies()), 2)

		s = w.withTopics(t, accountA)  // another instance
		s.status = http.StatusNotFound // final: the notification counts as unsigned
		w.publish(t, s, accountA, putBody("c.com", accountA+"-news", "3"))
		w.receive(t)
		expect(t, "dead letters", w.codes(), "[GuardrailViolation]")
		if !strings.Contains(w.out.String(), `"unsigned":"`) {
			t.Error("no log line says why the signature does not count")
		}
	})
}

// A verified notification counts as sent at its signed Timestamp, not when it
// was put on the queue: a replay is as old as the first delivery.
func TestSignedTimestampOrders(t *testing.T) {
	inBubble(t, perTopic, func(t *testing.T, w *world) {
		s := w.withTopics(t, accountA)
		name := accountA + "-news"
		w.publish(t, s, accountA, putBody("a.com", name, "old"))
		replay := w.requests.Snapshot()[0].Body
		w.receive(t)
		w.publish(t, s, accountA, putBody("a.com", name, "new"))
		w.receive(t)
		calls := len(w.ses.Calls())
		w.deliver(t, replay)
		expect(t, "outcomes", w.outcomes(t), "[Applied Applied Applied]") // the first one's, repeated
		expect(t, "calls of the replay", len(w.ses.Calls())-calls, 0)
		w.publish(t, s, accountA, putBody("a.com", name, "newest"))
		if _, err := w.requests.Send(t.Context(), queue.Input{Body: replay}); err != nil {
			t.Fatal(err)
		}
		w.receive(t) // one batch, the replay sent last
		if policy := w.ses.Policies()["a.com"][name]; !strings.Contains(policy, "newest") {
			t.Errorf("got %s", policy)
		}
	})
}

// Nothing is verified in the last seconds of an invocation.
func TestNoTimeToVerify(t *testing.T) {
	inBubble(t, perTopic, func(t *testing.T, w *world) {
		s := w.withTopics(t, accountA)
		w.publish(t, s, accountA, putBody("a.com", accountA+"-news", "1"))
		record := events.SQSMessage{Body: w.requests.Snapshot()[0].Body, EventSourceARN: w.requests.ARN()}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := w.open(ctx, []events.SQSMessage{record})[0]
		if r.Refused != nil || r.Undecided == nil || r.Undecided.Cause != outcome.CauseNoTime {
			t.Errorf("got %v, %v", r.Refused, r.Undecided)
		}
	})
}

// SNS's certificate cannot be read when a request comes for the last time that
// has its effect: what was recorded is repeated.
func TestAnEffectIsRepeatedWithoutTheCertificate(t *testing.T) {
	inBubble(t, perTopic, func(t *testing.T, w *world) {
		s := w.withTopics(t, accountA)
		w.bucket.SetFault(refuse(http.StatusServiceUnavailable))
		w.publish(t, s, accountA, stackBody("Create", "", accountA+"-news"))
		expect(t, "handed back", len(w.receive(t)), 1)
		s = w.withTopics(t, accountA) // another instance
		s.status = http.StatusServiceUnavailable
		w.bucket.SetFault(nil)
		w.maxReceives = 2
		time.Sleep(outcome.FirstDelay)
		w.receive(t)
		expect(t, "told", w.told(), "SUCCESS")
		expect(t, "letters", w.codes(), "[]")
	})
}
