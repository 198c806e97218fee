package producers_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/topic"
)

const accountA, accountB = "111122223333", "444455556666"

// topicForEach are the parameters of a deployment with a topic for each account.
var topicForEach = map[string]string{"RequestTopicNames": "????????????", "AllowedPolicyNames": "${topic}-*", "AllowedPrincipals": "${topic}"}

// startWithTopics is a deployment in which each account has a topic of its own,
// named after it, and writes its own names, for itself.
func startWithTopics(t *testing.T) *world {
	t.Helper()
	w := start(t, local.Config{Parameters: topicForEach})
	for account, version := range map[string]string{accountA: "2", accountB: "1"} {
		w.sns("Action", "CreateTopic", "Name", account)
		w.sns("Action", "SetTopicAttributes", "TopicArn", w.topicOf(account), "AttributeName", "SignatureVersion", "AttributeValue", version)
		w.sns("Action", "Subscribe", "TopicArn", w.topicOf(account), "Protocol", "sqs", "Endpoint", w.Source().ARN())
	}
	return w
}

func (w *world) sns(values ...string) (answer string) {
	w.t.Helper()
	form := url.Values{"Version": {topic.Version}}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return w.form(w.URL, form)
}

func (w *world) topicOf(account string) string {
	return "arn:aws:sns:us-east-1:123456789012:" + account
}

// through publishes to an account's topic, and returns what the function logged
// of it and what was on the queue.
func (w *world) through(account, message string) (logged local.Request, body string) {
	w.t.Helper()
	var published struct {
		ID string `xml:"PublishResult>MessageId"`
	}
	if err := xml.Unmarshal([]byte(w.sns("Action", "Publish", "TopicArn", w.topicOf(account), "Message", message)), &published); err != nil {
		w.t.Fatal(err)
	}
	logged = w.settled(published.ID)
	w.until("the body is known", func(events []mapping.Event) bool {
		for _, event := range events {
			for _, m := range event.Messages {
				if m.ID == logged.MessageID {
					body = m.Body
				}
			}
		}
		return body != ""
	})
	return logged, body
}

// grants is a policy that lets an account send.
func grants(account string) string {
	return strings.Replace(policy("Grant"), accountA, account, 1)
}

func deletion(name string) string {
	return `{"Action":"DeleteIdentityPolicy","Identity":"example.com","PolicyName":"` + name + `"}`
}

func (w *world) expectOutcome(reason string, got local.Request, want string) {
	w.t.Helper()
	if text := strings.TrimSpace(got.Outcome + " " + got.Code); text != want {
		w.t.Errorf("%s: got %s (%s), want %s", reason, text, got.Reason, want)
	}
}

const refusedByGuardrail = "Rejected GuardrailViolation"

// Each of two accounts writes and deletes its own names and is refused the
// other's.
func TestTwoAccountsWithATopicEach(t *testing.T) {
	w := startWithTopics(t)
	for _, step := range []struct{ reason, account, message, want string }{
		{"A its own", accountA, bare(accountA+"-news", grants(accountA)), "Applied"},
		{"B its own", accountB, bare(accountB+"-news", grants(accountB)), "Applied"},
		{"B overwrites A's", accountB, bare(accountA+"-news", grants(accountB)), refusedByGuardrail},
		{"B deletes A's", accountB, deletion(accountA + "-news"), refusedByGuardrail},
		{"B its own, for A", accountB, bare(accountB+"-more", grants(accountA)), refusedByGuardrail},
		{"A deletes B's", accountA, deletion(accountB + "-news"), refusedByGuardrail},
		{"B says it is a notification of A's topic", accountB, notification(t, bare(accountA+"-news", grants(accountA)), time.Now()), refusedByGuardrail},
	} {
		got, _ := w.through(step.account, step.message)
		w.expectOutcome(step.reason, got, step.want)
	}
	w.publish(bare(accountA+"-x", grants(accountA)))
	w.expectOutcome("through the deployment's own topic", w.settled(accountA+"-x"), refusedByGuardrail)
	expectPolicies(t, w, map[string]string{accountA + "-news": grants(accountA), accountB + "-news": grants(accountB)})

	got, _ := w.through(accountA, deletion(accountA+"-news"))
	w.expectOutcome("A deletes its own", got, "Deleted")
	expectPolicies(t, w, map[string]string{accountB + "-news": grants(accountB)})
}

// The same for stacks: their topic is the ServiceToken.
func TestTwoAccountsWithStacks(t *testing.T) {
	w := startWithTopics(t)
	ask := func(reason, account string, r *resource, requestType, name, status string) {
		t.Helper()
		message, requestID := r.request(requestType, with(properties(grants(account)), "PolicyName", name))
		w.through(account, message)
		answer := r.answer(requestID)
		if answer.Status != status || status == "FAILED" && !strings.HasPrefix(answer.Reason, "GuardrailViolation: ") {
			t.Errorf("%s: got %s %s, want %s", reason, answer.Status, answer.Reason, status)
		}
		if answer.Status == "SUCCESS" {
			r.physicalID = answer.PhysicalResourceID
		}
	}
	own, others := newResource(w), newResource(w)
	ask("A creates its own", accountA, own, "Create", accountA+"-news", "SUCCESS")
	ask("B creates A's", accountB, others, "Create", accountA+"-news", "FAILED")
	others.physicalID = own.physicalID
	ask("B updates A's", accountB, others, "Update", accountA+"-news", "FAILED")
	ask("B deletes A's", accountB, others, "Delete", accountA+"-news", "FAILED")
	expectPolicies(t, w, map[string]string{accountA + "-news": grants(accountA)})

	// A notification of B's that says it is A's.
	forged := newResource(w)
	forged.physicalID = own.physicalID
	message, requestID := forged.request("Delete", with(properties(grants(accountA)), "PolicyName", accountA+"-news"))
	_, body := w.through(accountB, strings.Replace(message, requestID, requestID+"x", 1))
	w.send(strings.Replace(strings.ReplaceAll(body, requestID+"x", requestID), w.topicOf(accountB), w.topicOf(accountA), 1))
	if answer := forged.answer(requestID); answer.Status != "FAILED" {
		t.Errorf("a forged deletion: got %s %s, want FAILED", answer.Status, answer.Reason)
	}
	expectPolicies(t, w, map[string]string{accountA + "-news": grants(accountA)})
	ask("A deletes its own", accountA, own, "Delete", accountA+"-news", "SUCCESS")
	expectPolicies(t, w, nil)
}

// forger signs notifications with a key of its own, and serves its certificate.
type forger struct {
	*httptest.Server
	key   *rsa.PrivateKey
	reads atomic.Int32
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{}
	var err error
	if f.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, f.key.Public(), f.key)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.reads.Add(1)
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // the client may have gone
	}))
	t.Cleanup(f.Close)
	return f
}

// sign changes a notification and signs the result.
func (f *forger) sign(t *testing.T, body string, change func(n map[string]any)) string {
	t.Helper()
	n := map[string]any{}
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	n["SignatureVersion"] = "2"
	change(n)
	var text strings.Builder
	for _, name := range []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"} {
		if value, given := n[name].(string); given {
			text.WriteString(name + "\n" + value + "\n")
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	signature, err := rsa.SignPKCS1v15(rand.Reader, f.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	n["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return encode(t, n)
}

func encode(t *testing.T, n map[string]any) string {
	t.Helper()
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A principal that may send to the queue directly can write anything there, but not sign
// it.
func TestForgedNotifications(t *testing.T) {
	w := startWithTopics(t)
	f := newForger(t)
	name := accountA + "-news"
	logged, genuine := w.through(accountA, bare(name, grants(accountA)))
	w.expectOutcome("genuine", logged, "Applied")
	_, ofB := w.through(accountB, deletion(name))
	logged, _ = w.through(accountA, bare(name, policy("Newer")))
	w.expectOutcome("a newer one", logged, "Applied")
	changed := func(body string, change func(n map[string]any)) string {
		n := map[string]any{}
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatal(err)
		}
		change(n)
		return encode(t, n)
	}
	deletes := func(n map[string]any) { n["Message"] = deletion(name) }
	at := func(address string) func(map[string]any) {
		return func(n map[string]any) {
			n["Message"], n["SigningCertURL"] = deletion(name), address
		}
	}
	const file = topic.CertificatePrefix + "0123456789abcdef.pem"
	host := strings.TrimPrefix(w.URL, "http://")
	for _, test := range []struct{ reason, body string }{
		{"sent to the queue directly", deletion(name)},
		{"another TopicArn", changed(ofB, func(n map[string]any) { n["TopicArn"] = w.topicOf(accountA) })},
		{"a changed Message", changed(genuine, deletes)},
		{"a later Timestamp", changed(genuine, func(n map[string]any) { n["Timestamp"] = time.Now().UTC().Format("2006-01-02T15:04:05.000Z") })},
		{"another MessageId", changed(genuine, func(n map[string]any) { n["MessageId"] = "1" })},
		{"an added Subject", changed(genuine, func(n map[string]any) { n["Subject"] = "s" })},
		{"no signature", changed(genuine, func(n map[string]any) { delete(n, "Signature") })},
		{"an unknown version", changed(genuine, func(n map[string]any) { n["SignatureVersion"] = "3" })},
		{"inside a notification of nobody", notification(t, genuine, time.Now())},
		{"signed with another key", f.sign(t, genuine, deletes)},
		{"another certificate", f.sign(t, genuine, at(f.URL+file))},
		{"another certificate of this host", f.sign(t, genuine, at(w.URL+file))},
		{"SNS's own host, which the endpoint stands for", f.sign(t, genuine, at("https://sns.us-east-1.amazonaws.com"+file))},
		{"a look-alike host", f.sign(t, genuine, at("http://"+host+".evil.example"+file))},
		{"another host after the user", f.sign(t, genuine, at("http://"+host+"@"+strings.TrimPrefix(f.URL, "http://")+file))},
		{"another host before a fragment", f.sign(t, genuine, at(f.URL+"/#"+w.URL+file))},
		{"another path", f.sign(t, genuine, at(w.URL+"/bucket"+file))},
		{"a query", f.sign(t, genuine, at(w.URL+file+"?x.pem"))},
	} {
		w.expectOutcome(test.reason, w.sendAndAwait(test.body), refusedByGuardrail)
	}
	if reads := f.reads.Load(); reads > 0 {
		t.Errorf("another host's certificate was read %d times", reads)
	}
	calls := len(w.Email.Calls())
	w.expectOutcome("a replay after a newer request", w.sendAndAwait(genuine), "Applied") // its own outcome, repeated
	if more := len(w.Email.Calls()) - calls; more > 0 {
		t.Errorf("a replay made %d calls of SES", more)
	}
	expectPolicies(t, w, map[string]string{name: policy("Newer")})
}
