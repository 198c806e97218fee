package bus_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/wire"
)

func newBus() *bus.Server {
	return bus.New()
}

func addRule(t *testing.T, s *bus.Server, pattern string, send bus.Send) {
	t.Helper()
	if err := s.AddRule(bus.Rule{Name: "RequestRule", EventPattern: pattern, Send: send}); err != nil {
		t.Fatal(err)
	}
}

func put(s *bus.Server, entries ...types.PutEventsRequestEntry) (*eventbridge.PutEventsOutput, error) {
	client := eventbridge.New(eventbridge.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint:     aws.String("http://events.local"),
		HTTPClient:       wire.Client{Handler: s},
		RetryMaxAttempts: 1,
	})
	return client.PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: entries})
}

func entry(source, detailType, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{Source: &source, DetailType: &detailType, Detail: &detail}
}

func TestEventReachesTheQueueAsEventBridgeWritesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBus()
		var queue []string
		addRule(t, server, `{"detail-type":["SES Identity Policy Request"]}`, func(_ context.Context, event string) error { queue = append(queue, event); return nil })
		time.Sleep(1500 * time.Millisecond) // the envelope knows whole seconds only
		out, err := put(server, entry("orders", "SES Identity Policy Request", `{ "Identity": "example.com", "Twice": 1, "Twice": 2 }`))
		if err != nil {
			t.Fatal(err)
		}
		if len(queue) != 1 {
			t.Fatalf("%d messages, want 1", len(queue))
		}
		want := `{"version":"0","id":"` + *out.Entries[0].EventId + `","detail-type":"SES Identity Policy Request",` +
			`"source":"orders","account":"123456789012","time":"2000-01-01T00:00:01Z","region":"us-east-1","resources":[],` +
			`"detail":{"Identity":"example.com","Twice":1,"Twice":2}}`
		if diff := cmp.Diff(want, queue[0]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEnvelopeKeepsTheSendersTimeAndResources(t *testing.T) {
	server := newBus()
	e := entry("orders", "Anything", `{}`)
	e.Time = aws.Time(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	e.Resources = []string{"arn:aws:ses:us-east-1:123456789012:identity/example.com"}
	if _, err := put(server, e); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Time      string   `json:"time"`
		Resources []string `json:"resources"`
	}
	if err := json.Unmarshal([]byte(server.Events()[0].Envelope), &got); err != nil {
		t.Fatal(err)
	}
	if got.Time != "2026-03-04T05:06:07Z" || !cmp.Equal(got.Resources, e.Resources) {
		t.Errorf("got %+v", got)
	}
}

func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		bus  string
		rule string
		want int // of the four events below
	}{
		{"by detail-type", "", `{"detail-type":["A","C"]}`, 1},
		{"by source", "default", `{"source":["one"]}`, 2},
		{"by both", "", `{"source":["one"],"detail-type":["B"]}`, 1},
		{"of another event bus", "orders", `{"source":["one"]}`, 1},
		{"of another event bus by its ARN", "arn:aws:events:us-east-1:123456789012:event-bus/orders", `{"source":["one"]}`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, got := newBus(), 0
			send := func(context.Context, string) error { got++; return nil }
			if err := server.AddRule(bus.Rule{EventBusName: tt.bus, EventPattern: tt.rule, Send: send}); err != nil {
				t.Fatal(err)
			}
			other := entry("one", "A", `{}`)
			other.EventBusName = aws.String("arn:aws:events:us-east-1:123456789012:event-bus/orders")
			if _, err := put(server, entry("one", "A", `{}`), entry("one", "B", `{}`), entry("two", "B", `{}`), other); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%d events, want %d", got, tt.want)
			}
			if len(server.Events()) != 4 {
				t.Errorf("%d events kept, want all 4", len(server.Events()))
			}
		})
	}
}

func TestPatternsThatAreNotServed(t *testing.T) {
	for _, pattern := range []string{``, `[]`, `{}`, `{"source":[]}`, `{"source":"one"}`, `{"source":[{"prefix":"o"}]}`, `{"source":["one"],"account":["1"]}`} {
		if err := newBus().AddRule(bus.Rule{Name: "RequestRule", EventPattern: pattern}); err == nil {
			t.Errorf("%s was taken", pattern)
		}
	}
}

func TestEntriesFailOneByOne(t *testing.T) {
	server := newBus()
	addRule(t, server, `{"detail-type":["FullQueue"]}`, func(context.Context, string) error { return errors.New("full") })
	server.SetEntryFault(func(e bus.Entry) (f wire.Fault) {
		if e.DetailType == "Throttled" {
			return wire.Fault{Code: "ThrottlingException", Message: "slow down"}
		}
		return f
	})
	entries := []types.PutEventsRequestEntry{
		entry("app", "Fine", `{}`),
		{DetailType: aws.String("NoSource"), Detail: aws.String(`{}`)},
		{Source: aws.String("app"), Detail: aws.String(`{}`)},
		{Source: aws.String("app"), DetailType: aws.String("NoDetail")},
		entry("app", strings.Repeat("t", 129), `{}`),
		entry("aws.ses", "Forged", `{}`),
		entry("app", "NotAnObject", `[]`),
		entry("app", "NotJSON", `{`),
		entry("app", "Throttled", `{}`),
		entry("app", "FullQueue", `{}`),
	}
	want := []string{
		"", "InvalidArgument", "InvalidArgument", "InvalidArgument", "InvalidArgument",
		"NotAuthorizedForSourceException", "MalformedDetail", "MalformedDetail", "ThrottlingException", "InternalFailure",
	}
	out, err := put(server, entries...)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range out.Entries {
		got = append(got, aws.ToString(e.ErrorCode))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out.FailedEntryCount != 9 || len(server.Events()) != 1 {
		t.Errorf("%d failed, %d kept; want 9 and 1", out.FailedEntryCount, len(server.Events()))
	}
}

// Recorded from EventBridge: an incomplete entry fails alone, even if it is the
// only one.
func TestOnlyEntryIncomplete(t *testing.T) {
	for reason, e := range map[string]types.PutEventsRequestEntry{
		"no source":      {DetailType: aws.String("t"), Detail: aws.String(`{}`)},
		"no detail type": {Source: aws.String("app"), Detail: aws.String(`{}`)},
		"no detail":      {Source: aws.String("app"), DetailType: aws.String("t")},
	} {
		out, err := put(newBus(), e)
		if err != nil || out.FailedEntryCount != 1 || aws.ToString(out.Entries[0].ErrorCode) != "InvalidArgument" {
			t.Errorf("%s: %+v, %v", reason, out, err)
		}
	}
}

func TestWholeRequestIsRefused(t *testing.T) {
	eleven := make([]types.PutEventsRequestEntry, 11)
	for i := range eleven {
		eleven[i] = entry("app", "Fine", `{}`)
	}
	half := entry("app", "Big", `{"a":"`+strings.Repeat("x", 512<<10)+`"}`)
	full := entry("app", "Full", `{"a":"`+strings.Repeat("x", 1<<20-len("appFull")-len(`{"a":""}`))+`"}`)
	if _, err := put(newBus(), full); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	timed := full
	timed.Time = aws.Time(time.Now())
	for _, tt := range []struct {
		name    string
		entries []types.PutEventsRequestEntry
	}{
		{"no entries", []types.PutEventsRequestEntry{}},
		{"eleven entries", eleven},
		{"over 1 MiB in all", []types.PutEventsRequestEntry{half, half}},
		{"1 MiB and a time", []types.PutEventsRequestEntry{timed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newBus()
			_, err := put(server, tt.entries...)
			var apiErr smithy.APIError
			if !errors.As(err, &apiErr) || apiErr.ErrorCode() != "ValidationException" {
				t.Errorf("got %v", err)
			}
			if len(server.Events()) != 0 {
				t.Error("a refused request left events behind")
			}
		})
	}
}

func TestFault(t *testing.T) {
	server := newBus()
	server.SetFault(func(*http.Request) wire.Fault { return wire.Fault{Status: 503} })
	if _, err := put(server, entry("app", "Fine", `{}`)); err == nil {
		t.Error("a bus that is down answered")
	}
	server.SetFault(nil)
	if _, err := put(server, entry("app", "Fine", `{}`)); err != nil {
		t.Error(err)
	}
}
