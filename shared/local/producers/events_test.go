package producers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sespolicy/shared/local"
	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/wire"
)

// unavailable is the fault of a service that is down.
func unavailable(*http.Request) wire.Fault { return wire.Fault{Status: http.StatusServiceUnavailable} }

// outcomes are the events about outcomes, by the queue's message id.
func (w *world) outcomes() map[string]bus.Event {
	w.t.Helper()
	found := map[string]bus.Event{}
	for _, event := range w.Bus.Events() {
		if event.Bus != "outcomes" {
			continue
		}
		id := detail(w.t, event)["messageId"].(string)
		if _, twice := found[id]; twice {
			w.t.Errorf("two events about message %s", id)
		}
		found[id] = event
	}
	return found
}

func detail(t *testing.T, event bus.Event) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(event.Detail, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func TestHundredRequestsWithEventBridgeDown(t *testing.T) {
	for _, test := range []struct {
		reason string
		fault  func(*http.Request) wire.Fault
		entry  func(bus.Entry) wire.Fault
	}{
		{reason: "it answers 503", fault: unavailable},
		{reason: "it breaks every connection", fault: func(*http.Request) wire.Fault { return wire.Fault{Break: true} }},
		{reason: "the bus takes no entry", entry: func(bus.Entry) wire.Fault { return wire.Fault{Code: "InternalFailure", Message: "down"} }},
	} {
		t.Run(test.reason, func(t *testing.T) {
			w := start(t, local.Config{Paused: true})
			w.Bus.SetFault(test.fault)
			w.Bus.SetEntryFault(test.entry)
			var ids []string
			for n := range 100 {
				identity := fmt.Sprintf("example%d.com", n%10)
				text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/%s"}]}`, identity)
				ids = append(ids, w.send(fmt.Sprintf(`{"Identity":%q,"PolicyName":"Policy%d","Policy":%s}`, identity, n, text)))
			}
			w.Resume()
			w.await(ids...)
			applied := 0
			for _, named := range w.Email.Policies() {
				applied += len(named)
			}
			if calls := len(w.Email.Calls()); applied != 100 || calls != 100 {
				t.Errorf("%d policies after %d calls", applied, calls)
			}
			requests := w.Requests()
			if len(requests) != 100 || slices.ContainsFunc(requests, func(r local.Request) bool { return r.Outcome != "Applied" || r.ReceiveCount != 1 }) {
				t.Errorf("%d deliveries: %+v", len(requests), requests)
			}
			if len(w.Bus.Events()) > 0 || len(w.letters()) > 0 {
				t.Errorf("%d events, dead letters %v", len(w.Bus.Events()), w.letters())
			}
		})
	}
}

// A rule brings requests in, and every outcome goes out as an event.
func TestEventBridgeInAndOut(t *testing.T) {
	w := start(t, local.Config{Paused: true})
	bridge := eventbridge.New(eventbridge.Options{BaseEndpoint: &w.URL, Region: local.Region, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	put := func(detailType, request string) (eventID string) {
		t.Helper()
		out, err := bridge.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			{Source: aws.String("com.example.onboarding"), DetailType: aws.String(detailType), Detail: aws.String(request)},
		}})
		if err != nil || out.FailedEntryCount > 0 {
			t.Fatalf("%v, %+v", err, out)
		}
		return *out.Entries[0].EventId
	}
	const ask = "SES Identity Policy Request"
	put("Of no interest", bare("Nobody", policy("Nobody")))
	older := put(ask, bare("MyPolicy", policy("Older")))
	<-time.After(2 * time.Millisecond) // within one millisecond the message ids decide
	want := map[string]struct{ detailType, outcome, code string }{
		older: {"SES Identity Policy Superseded", "Superseded", ""},
		put(ask, bare("MyPolicy", policy("Newer"))):                                                {"SES Identity Policy Applied", "Applied", ""},
		put(ask, bare("MyPolicy2", publicPolicy())):                                                {"SES Identity Policy Rejected", "Rejected", "GuardrailViolation"},
		put(ask, `{"Action":"DeleteIdentityPolicy","Identity":"example.com","PolicyName":"Gone"}`): {"SES Identity Policy Deleted", "Deleted", ""},
	}
	var ids []string
	for _, message := range w.Source().Snapshot() {
		ids = append(ids, message.ID)
	}
	if len(ids) != len(want) {
		t.Fatalf("the rule brought %d messages", len(ids))
	}
	w.Resume()
	w.await(ids...)
	found := w.outcomes()
	if len(found) != len(want) {
		t.Errorf("%d events about %d requests", len(found), len(want))
	}
	for id, event := range found {
		d := detail(t, event)
		expected := want[fmt.Sprint(d["sourceId"])]
		if event.Source != "sespolicy" || event.DetailType != expected.detailType || d["outcome"] != expected.outcome {
			t.Errorf("%s: %s", id, event.Envelope)
		}
		code, _ := d["code"].(string)
		violations, _ := d["violations"].([]any)
		if code != expected.code || (code != "") != (len(violations) > 0) || (code != "") != (d["reason"] != nil) {
			t.Errorf("%s: %s", id, event.Envelope)
		}
		if d["source"] != "EventBridge" || d["identity"] != "example.com" || d["receiveCount"] != 1.0 || d["queuedMs"] == nil || d["action"] == "" {
			t.Errorf("%s: %s", id, event.Envelope)
		}
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Newer")})
}

// An event that could not be taken at the first try is there in the end, once.
func TestEventsOfAMomentsFault(t *testing.T) {
	w := start(t, local.Config{})
	failed := map[string]bool{}
	w.Bus.SetEntryFault(func(entry bus.Entry) (f wire.Fault) {
		if !failed[entry.Detail] {
			failed[entry.Detail] = true
			return wire.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}
		}
		return f
	})
	var ids []string
	for n := range 5 {
		ids = append(ids, w.send(bare(fmt.Sprintf("Policy%d", n), policy("One"))))
	}
	w.await(ids...)
	found := w.outcomes()
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			t.Errorf("no event about message %s", id)
		}
	}
}
