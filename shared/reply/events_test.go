package reply

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/finding"
	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

func newBus() *bus.Server {
	return bus.New()
}

// results are n applied requests, message-0 and so on.
func results(n int) []Result {
	all := make([]Result, n)
	for i := range all {
		all[i] = Result{Message: waiting(""), Outcome: applied}
		all[i].Message.Record.MessageId = fmt.Sprintf("message-%d", i)
	}
	return all
}

func messageID(t *testing.T, detail []byte) string {
	t.Helper()
	var d Detail
	if err := json.Unmarshal(detail, &d); err != nil {
		t.Fatal(err)
	}
	return d.MessageID
}

func TestOneEventForEachOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		put, remove := waiting(""), waiting("")
		put.Request.Action = message.Put
		put.Origin, put.OriginID, put.SenderID = "EventBridge", "event-1", "AIDAEXAMPLE"
		refused := outcome.Outcome{Kind: outcome.Rejected, Code: "GuardrailViolation", Message: "not yours",
			Violations: []finding.Finding{{Path: "/Identity", Rule: "ALLOWED_IDENTITIES", Message: "not yours"}}}
		server := newBus()
		err := New(wired(server), "outcomes").Announce(t.Context(), []Result{
			ended(put, applied),
			ended(remove, applied),
			ended(put, refused, finding.Finding{Path: "/Policy", Rule: "version", Message: "old"}),
			ended(put, outcome.Outcome{Kind: outcome.Retry, Code: outcome.CauseThrottled}),
			ended(put, outcome.Outcome{Kind: outcome.Superseded}),
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range server.Events() {
			if e.Bus != "outcomes" || e.Source != "sespolicy" {
				t.Errorf("bus %q, source %q", e.Bus, e.Source)
			}
			got = append(got, e.DetailType+" "+string(e.Detail))
		}
		common := `"identity":"example.com","policyName":"MyPolicy","outcome":`
		of := `{"messageId":"message-1","source":"EventBridge","sourceId":"event-1","senderId":"AIDAEXAMPLE","action":"PutIdentityPolicy",` + common
		want := []string{
			`SES Identity Policy Applied ` + of + `"Applied","receiveCount":2,"queuedMs":1500}`,
			`SES Identity Policy Deleted {"messageId":"message-1","source":"SQS","action":"DeleteIdentityPolicy",` + common + `"Deleted","receiveCount":2,"queuedMs":1500}`,
			`SES Identity Policy Rejected ` + of + `"Rejected","code":"GuardrailViolation","reason":"not yours",` +
				`"violations":[{"path":"/Identity","rule":"ALLOWED_IDENTITIES","message":"not yours"}],` +
				`"warnings":[{"path":"/Policy","rule":"version","message":"old"}],"receiveCount":2,"queuedMs":1500}`,
			`SES Identity Policy Superseded ` + of + `"Superseded","receiveCount":2,"queuedMs":1500}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEventsGoInTens(t *testing.T) {
	server, calls := newBus(), 0
	server.SetFault(func(*http.Request) wire.Fault { calls++; return wire.Fault{} })
	if err := New(wired(server), "b").Announce(t.Context(), results(25)); err != nil {
		t.Fatal(err)
	}
	if calls != 3 || len(server.Events()) != 25 {
		t.Errorf("%d events in %d calls, want 25 in 3", len(server.Events()), calls)
	}
}

func TestEventsGoInWhatOneCallTakes(t *testing.T) {
	server, calls := newBus(), 0
	server.SetFault(func(*http.Request) wire.Fault { calls++; return wire.Fault{} })
	all := results(4)
	for i := range all {
		all[i].Outcome = rejected
		all[i].Message.OriginID = strings.Repeat("x", 1<<20)
		for range 1000 {
			all[i].Outcome.Violations = append(all[i].Outcome.Violations, finding.Finding{Path: "/a", Rule: "r", Message: strings.Repeat("m", 100)})
		}
	}
	all[3].Outcome.Violations = append(all[3].Outcome.Violations, make([]finding.Finding, 50_000)...)
	if err := New(wired(server), "b").Announce(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	// 140 KB of violations each: no two fit together.
	if calls != 4 || len(server.Events()) != 4 {
		t.Errorf("%d events in %d calls, want 4 in 4", len(server.Events()), calls)
	}
	var last Detail
	if err := json.Unmarshal(server.Events()[3].Detail, &last); err != nil {
		t.Fatal(err)
	}
	if len(last.Violations) == 0 || len(last.Violations)+last.Omitted != 51_000 {
		t.Errorf("%d violations, %d omitted", len(last.Violations), last.Omitted)
	}
}

func TestFailedEntriesGoAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		code  string
		times int // how often message-1 and message-3 fail
		kept  int
		tries int // of message-1
		took  time.Duration
	}{
		{"once", "ThrottlingException", 1, 5, 2, 100 * time.Millisecond},
		{"twice", "InternalFailure", 2, 5, 3, 300 * time.Millisecond},
		{"every time", "InternalFailure", 100, 3, 3, 300 * time.Millisecond},
		{"for good", "NotAuthorizedForSourceException", 100, 3, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newBus()
				tries := map[string]int{}
				server.SetEntryFault(func(e bus.Entry) (f wire.Fault) {
					id := messageID(t, []byte(e.Detail))
					tries[id]++
					if (id == "message-1" || id == "message-3") && tries[id] <= tt.times {
						return wire.Fault{Code: tt.code, Message: "no"}
					}
					return f
				})
				start := time.Now()
				err := New(wired(server), "b").Announce(t.Context(), results(5))
				if (err == nil) != (tt.kept == 5) || err != nil && !strings.Contains(err.Error(), "did not take 2 of 5 events, the last: "+tt.code+": no") {
					t.Errorf("got %v", err)
				}
				if len(server.Events()) != tt.kept || tries["message-1"] != tt.tries || tries["message-0"] != 1 {
					t.Errorf("%d kept, tries %v", len(server.Events()), tries)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestBusThatIsDown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault wire.Fault
		took  time.Duration
	}{
		{"an error", wire.Fault{Status: 500}, 900 * time.Millisecond},
		{"no answer", wire.Fault{Hang: true}, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newBus()
				server.SetFault(func(*http.Request) wire.Fault { return tt.fault })
				start := time.Now()
				err := New(wired(server), "b").Announce(t.Context(), results(25))
				if err == nil || !strings.Contains(err.Error(), "did not take 25 of 25 events, the last: operation error EventBridge: PutEvents, ") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestNoBusNoCall(t *testing.T) {
	server := newBus()
	server.SetFault(func(*http.Request) wire.Fault { t.Error("called"); return wire.Fault{} })
	if err := New(wired(server), "").Announce(t.Context(), results(1)); err != nil {
		t.Error(err)
	}
	if err := New(wired(server), "b").Announce(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
