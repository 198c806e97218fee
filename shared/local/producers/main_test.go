// Package producers_test runs every service that sends requests, end to
// end: the function's real executable behind the local services, in real time.
// What each sent is compared with what SES has, what the requester was told, and
// what lies on the dead-letter queue.
//
// Nothing here waits for a time to pass: every wait is for something that the
// stack tells of.
package producers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/topic"
)

// maxWait is the longest that any one wait may take.
const maxWait = 30 * time.Second

// bootstrap is the function, built once.
var bootstrap string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "producers")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if bootstrap, err = local.Build(context.Background(), "../../..", folder); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// world is a stack, and all that it told of.
type world struct {
	*local.Stack
	t *testing.T

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each event
	mappings []mapping.Event
	lines    []string
}

// start runs a stack of the project's template without SES's limit: the pace
// has its own tests. Events about outcomes go to the event bus "outcomes".
func start(t *testing.T, config local.Config) *world {
	t.Helper()
	w := &world{t: t, changed: make(chan struct{})}
	parameters := map[string]string{"MinCallInterval": "1ms", "RequestEventBusName": "default", "AllowedIdentities": "*", "EventBusName": "outcomes", "AnswerStepFunctions": "true"}
	for name, value := range config.Parameters {
		parameters[name] = value
	}
	config.Template, config.Bootstrap, config.CallInterval, config.Parameters = "../../../template.yaml", bootstrap, -1, parameters
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	config.Observer = local.Observer{
		Request: func(local.Request) { w.note(func() {}) },
		Reply:   func(local.Reply) { w.note(func() {}) },
		Line:    func(line string) { w.note(func() { w.lines = append(w.lines, line) }) },
		Mapping: func(event mapping.Event) { w.note(func() { w.mappings = append(w.mappings, event) }) },
	}
	var err error
	if w.Stack, err = local.Start(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func (w *world) note(what func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits until the stack has told of a batch that makes it so.
func (w *world) until(what string, so func([]mapping.Event) bool) {
	w.t.Helper()
	w.untilChanged(what, func() bool {
		w.mu.Lock()
		events := w.mappings
		w.mu.Unlock()
		return so(events)
	})
}

// untilChanged waits until something that the stack tells of makes it so.
func (w *world) untilChanged(what string, so func() bool) {
	w.t.Helper()
	deadline := time.After(maxWait)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			w.t.Fatalf("gave up waiting until %s; so far: %+v", what, w.Requests())
		}
	}
}

// await waits for the outcomes of messages.
func (w *world) await(ids ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), maxWait)
	defer cancel()
	if open := w.Await(ctx, ids...); len(open) > 0 {
		w.t.Fatalf("no outcome of %v; so far: %+v", open, w.Requests())
	}
}

// send puts a message on the request queue.
func (w *world) send(body string) (messageID string) {
	w.t.Helper()
	sent, err := w.Source().Send(w.t.Context(), queue.Input{Body: body})
	if err != nil {
		w.t.Fatal(err)
	}
	return sent.MessageID
}

// sendAndAwait is the last that the function logged of a message.
func (w *world) sendAndAwait(body string) local.Request {
	w.t.Helper()
	id := w.send(body)
	w.await(id)
	return w.request(id)
}

// settled waits until the function is done with the message that has the text in
// its body, and returns the last that it logged of it.
func (w *world) settled(text string) local.Request {
	w.t.Helper()
	id := ""
	w.until("the message with "+text+" is settled", func(events []mapping.Event) bool {
		for _, event := range events {
			has := func(m queue.Message) bool { return strings.Contains(m.Body, text) }
			if at := slices.IndexFunc(event.Messages, has); event.Kind == mapping.Completed && at >= 0 && !slices.ContainsFunc(event.Failed, has) {
				id = event.Messages[at].ID
			}
		}
		return id != ""
	})
	return w.request(id)
}

// handedBack waits until the function hands back the message that has the text
// in its body.
func (w *world) handedBack(text string) (message queue.Message) {
	w.t.Helper()
	w.until("the message with "+text+" is handed back", func(events []mapping.Event) bool {
		for _, event := range events {
			for _, failed := range event.Failed {
				if strings.Contains(failed.Body, text) {
					message = failed
					return true
				}
			}
		}
		return false
	})
	return message
}

func (w *world) request(messageID string) local.Request {
	w.t.Helper()
	requests := w.Requests()
	for i := len(requests) - 1; i >= 0; i-- {
		if requests[i].MessageID == messageID {
			return requests[i]
		}
	}
	w.t.Fatalf("nothing logged of message %s", messageID)
	return local.Request{}
}

// publish publishes to the request topic, over the wire, as the AWS CLI does.
func (w *world) publish(message string) {
	w.t.Helper()
	answer, err := http.PostForm(w.URL, url.Values{
		"Action": {"Publish"}, "Version": {topic.Version}, "TopicArn": {w.topicARN()}, "Message": {message},
		"Subject": {"AWS CloudFormation custom resource request"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("publishing: %s", answer.Status)
	}
}

func (w *world) topicARN() string { return w.Resources.Topics[0].ARN }

// policies is what SES has on example.com.
func (w *world) policies() map[string]string { return w.Email.Policies()["example.com"] }

// letters are the codes of the dead letters, oldest first.
func (w *world) letters() []string {
	var codes []string
	for _, letter := range w.DeadLetters().Snapshot() {
		codes = append(codes, letter.Attributes["ErrorCode"].StringValue)
	}
	return codes
}

// told is everything that anybody can read afterwards, but for the bodies of
// messages: the log, the attributes of dead letters, the events.
func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, event := range w.mappings {
		fmt.Fprintf(&b, "%s\n", event.Result.Payload)
	}
	fmt.Fprintf(&b, "%s\n%+v\n", strings.Join(w.lines, "\n"), w.Requests())
	for _, letter := range w.DeadLetters().Snapshot() {
		fmt.Fprintf(&b, "%+v\n", letter.Attributes)
	}
	for _, event := range w.Bus.Events() {
		fmt.Fprintln(&b, event.Envelope)
	}
	return b.String()
}

// policy is a policy for example.com that SES and the guardrails take; the sid
// tells one from another.
func policy(sid string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":%q,"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},`+
		`"Action":["ses:SendEmail","ses:SendRawEmail"],"Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}]}`, sid)
}

// publicPolicy is one that the guardrails refuse: it lets everybody send.
func publicPolicy() string {
	return strings.Replace(policy("Public"), `{"AWS":"arn:aws:iam::111122223333:root"}`, `"*"`, 1)
}

// bare is a bare request.
func bare(name, policy string) string {
	return fmt.Sprintf(`{"Identity":"example.com","PolicyName":%q,"Policy":%s}`, name, policy)
}
