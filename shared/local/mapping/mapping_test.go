package mapping_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
)

// handler is a function in this process: what it does with a batch, and how
// many batches it takes at once.
type handler struct {
	concurrency int // 0 is unlimited
	handle      func(events.SQSEvent) (string, error)

	mu      sync.Mutex
	running int
	most    int // that ran at once
	seen    []string
}

func (h *handler) Invoke(ctx context.Context, payload []byte) (function.Result, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return function.Result{}, err
	}
	h.mu.Lock()
	if h.concurrency > 0 && h.running == h.concurrency {
		h.mu.Unlock()
		return function.Result{}, function.ErrTooManyRequests
	}
	h.running++
	h.most = max(h.most, h.running)
	for _, record := range event.Records {
		h.seen = append(h.seen, record.Body)
	}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.running--
		h.mu.Unlock()
	}()
	response, err := h.handle(event)
	if ctx.Err() != nil {
		return function.Result{}, ctx.Err()
	}
	if err != nil {
		return function.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}, nil
	}
	return function.Result{Payload: []byte(response)}, nil
}

// state is how many batches run now, how many ran at once, and what was seen.
func (h *handler) state() (running, most int, seen []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running, h.most, slices.Clone(h.seen)
}

// queueOf makes a queue with a dead-letter queue behind it.
func queueOf(t *testing.T, name string, attributes map[string]string) (source, dead *queue.Queue) {
	t.Helper()
	server := queue.New(queue.Config{BaseURL: "http://127.0.0.1"})
	dead, err := server.Create("Dead", nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"VisibilityTimeout": "60", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead.ARN() + `","maxReceiveCount":3}`}
	maps.Copy(all, attributes)
	if source, err = server.Create(name, all); err != nil {
		t.Fatal(err)
	}
	return source, dead
}

func send(t *testing.T, q *queue.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := q.Send(t.Context(), queue.Input{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

// run polls until the test is over; call it inside a bubble.
func run(t *testing.T, config mapping.Config) *mapping.Mapping {
	t.Helper()
	m, err := mapping.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return m
}

// pass lets time pass, and all that is due to happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func bodies(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("body %03d", i))
	}
	return list
}

func TestRecordShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		var got events.SQSMessage
		run(t, mapping.Config{Queue: source, Function: &handler{handle: func(event events.SQSEvent) (string, error) {
			got = event.Records[0]
			return "", nil
		}}})
		sent, err := source.Send(t.Context(), queue.Input{Body: `<"é">`, SenderID: "AIDA", Attributes: map[string]queue.Attribute{
			"Text": {DataType: "String", StringValue: "a&b"}, "Bytes": {DataType: "Binary.png", BinaryValue: []byte{0, 1}}}})
		if err != nil {
			t.Fatal(err)
		}
		now := fmt.Sprint(time.Now().UnixMilli())
		synctest.Wait()
		if got.ReceiptHandle == "" {
			t.Error("no receipt handle")
		}
		got.ReceiptHandle = ""
		want := events.SQSMessage{
			MessageId: sent.MessageID, Body: `<"é">`, Md5OfBody: sent.MD5OfBody, Md5OfMessageAttributes: sent.MD5OfAttributes,
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": now, "SenderId": "AIDA", "ApproximateFirstReceiveTimestamp": now},
			MessageAttributes: map[string]events.SQSMessageAttribute{
				"Text":  {StringValue: new("a&b"), DataType: "String", StringListValues: []string{}, BinaryListValues: [][]byte{}},
				"Bytes": {BinaryValue: []byte{0, 1}, DataType: "Binary.png", StringListValues: []string{}, BinaryListValues: [][]byte{}},
			},
			EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests", AWSRegion: "us-east-1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPartialBatchResponse(t *testing.T) {
	const complete, nothing = "deleted", "kept"
	for _, test := range []struct{ reason, response, want string }{
		{"an empty list", `{"batchItemFailures":[]}`, complete},
		{"a null list", `{"batchItemFailures":null}`, complete},
		{"an empty object", `{}`, complete},
		{"null", `null`, complete},
		{"one of them", `{"batchItemFailures":[{"itemIdentifier":"ID"}]}`, "kept one"},
		{"an unknown identifier", `{"batchItemFailures":[{"itemIdentifier":"ID"},{"itemIdentifier":"other"}]}`, nothing},
		{"an empty identifier", `{"batchItemFailures":[{"itemIdentifier":""}]}`, nothing},
		{"a null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`, nothing},
		{"a misspelt item key", `{"batchItemFailures":[{"ItemIdentifier":"ID"}]}`, nothing},
		{"a misspelt list", `{"BatchItemFailures":[]}`, nothing},
		{"a list of strings", `{"batchItemFailures":["ID"]}`, nothing},
		{"invalid JSON", `{"batchItemFailures":[}`, nothing},
		{"no payload", ``, nothing},
		{"a string", `"ok"`, nothing},
		{"a function error", `error`, nothing},
	} {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, _ := queueOf(t, "Requests", nil)
				send(t, source, bodies(3)...)
				run(t, mapping.Config{Queue: source, ReportBatchItemFailures: true, Function: &handler{handle: func(event events.SQSEvent) (string, error) {
					if test.response == "error" {
						return "", errors.New("failed")
					}
					return strings.ReplaceAll(test.response, "ID", event.Records[0].MessageId), nil
				}}})
				synctest.Wait()
				left := map[int]string{0: complete, 1: "kept one", 3: nothing}[len(source.Snapshot())]
				if left != test.want {
					t.Errorf("%s, want %s", left, test.want)
				}
			})
		})
	}
}

func TestWithoutReportBatchItemFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		send(t, source, bodies(3)...)
		run(t, mapping.Config{Queue: source, Function: &handler{handle: func(event events.SQSEvent) (string, error) {
			return `{"batchItemFailures":[{"itemIdentifier":"` + event.Records[0].MessageId + `"}]}`, nil
		}}})
		synctest.Wait()
		if left := len(source.Snapshot()); left != 0 {
			t.Errorf("%d left: the response must not be read", left)
		}
	})
}

func TestFailedMessagesComeBackUntilTheyAreDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, dead := queueOf(t, "Requests", nil)
		send(t, source, "body")
		var at []time.Duration
		start := time.Now()
		run(t, mapping.Config{Queue: source, Function: &handler{handle: func(events.SQSEvent) (string, error) {
			at = append(at, time.Since(start))
			return "", errors.New("failed")
		}}})
		pass(10 * time.Minute)
		if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("invoked at %v, want %v", at, want)
		}
		if len(source.Snapshot()) != 0 || len(dead.Snapshot()) != 1 {
			t.Errorf("source %d, dead %d", len(source.Snapshot()), len(dead.Snapshot()))
		}
	})
}

// With one unit of concurrency, what is received beyond it goes back unseen and
// its receive count is spent: requests that no code has seen drift into the
// dead-letter queue.
func TestThrottledBatchGoesBackAtItsVisibilityTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, dead := queueOf(t, "Requests", nil)
		send(t, source, "first", "second")
		var mu sync.Mutex
		drops := map[time.Duration]string{}
		start := time.Now()
		h := &handler{concurrency: 1, handle: func(events.SQSEvent) (string, error) {
			time.Sleep(time.Hour) // takes the one unit for all this test
			return "", nil
		}}
		m := run(t, mapping.Config{Queue: source, BatchSize: 1, MaximumConcurrency: 2, Function: h, Observe: func(event mapping.Event) {
			mu.Lock()
			defer mu.Unlock()
			if event.Kind == mapping.Dropped {
				drops[time.Since(start)] = event.Messages[0].SystemAttributes()["ApproximateReceiveCount"]
			}
		}})
		pass(59 * time.Second)
		// At once, after 0.5 and 1.5 seconds, then every 2: 3.5 ... 57.5.
		if stats := m.Stats(); stats.Throttles != 3+28 || stats.Received != 2 || stats.Dropped != 0 {
			t.Errorf("before the visibility timeout: %+v", stats)
		}
		pass(time.Hour / 2)
		if _, _, seen := h.state(); len(seen) != 1 {
			t.Errorf("the function saw %v", seen)
		}
		// The one that runs is visible again after a minute as well, and is taken
		// by the free poller in turn: both are spent after three receives.
		if stats := m.Stats(); stats.Dropped == 0 || stats.Deleted != 0 || drops[time.Minute] != "1" {
			t.Errorf("%+v, drops %v", stats, drops)
		}
		if len(dead.Snapshot()) != 2 {
			t.Errorf("dead letters: %d", len(dead.Snapshot()))
		}
	})
}

func TestMaximumConcurrencyStopsReceiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		send(t, source, bodies(30)...)
		h := &handler{handle: func(events.SQSEvent) (string, error) { time.Sleep(10 * time.Second); return "", nil }}
		m := run(t, mapping.Config{Queue: source, MaximumConcurrency: 2, Function: h})
		pass(time.Second)
		if stats := m.Stats(); stats.Received != 20 || stats.Pollers != 2 {
			t.Errorf("at the cap: %+v", stats)
		}
		pass(20 * time.Second)
		if _, most, _ := h.state(); most != 2 || m.Stats().Deleted != 30 {
			t.Errorf("afterwards: %+v, %d at once", m.Stats(), most)
		}
	})
}

func TestStartsWithFiveAndGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", map[string]string{"VisibilityTimeout": "600"})
		send(t, source, bodies(500)...)
		h := &handler{handle: func(events.SQSEvent) (string, error) { time.Sleep(5 * time.Minute); return "", nil }}
		m := run(t, mapping.Config{Queue: source, Function: h})
		synctest.Wait()
		if running, _, _ := h.state(); running != 5 {
			t.Errorf("%d batches at once, want 5", running)
		}
		pass(2 * time.Second) // 300 more a minute: 10 in 2 s
		if running, _, _ := h.state(); running != 15 {
			t.Errorf("%d batches at once after 2 s, want 15", running)
		}
		pass(time.Hour)
		if stats := m.Stats(); stats.Deleted != 500 || stats.Pollers != 5 {
			t.Errorf("idle again: %+v", stats)
		}
	})
}

func TestNoGrowthWhileThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		send(t, source, bodies(500)...)
		h := &handler{concurrency: 1, handle: func(events.SQSEvent) (string, error) { time.Sleep(10 * time.Second); return "", nil }}
		m := run(t, mapping.Config{Queue: source, Function: h})
		pass(50 * time.Second)
		if stats := m.Stats(); stats.Pollers > 6 {
			t.Errorf("%+v", stats)
		}
	})
}

func TestQueueThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := queue.New(queue.Config{})
		source, err := server.Create("Requests", map[string]string{"VisibilityTimeout": "60"})
		if err != nil {
			t.Fatal(err)
		}
		send(t, source, "body")
		begun := time.Now()
		server.SetFaults(queue.Faults{Call: func(call queue.Call) queue.Fault {
			switch {
			case call.Action == "ReceiveMessage" && time.Since(begun) < 10*time.Second:
				return queue.Fault{Code: "InternalError"}
			case call.Action == "DeleteMessage" && time.Since(begun) < time.Minute:
				return queue.Fault{Hang: true}
			}
			return queue.Fault{}
		}})
		h := &handler{handle: func(events.SQSEvent) (string, error) { return "", nil }}
		run(t, mapping.Config{Queue: source, Function: h})
		pass(5 * time.Minute)
		if _, _, seen := h.state(); len(seen) != 2 || len(source.Snapshot()) != 0 {
			t.Errorf("seen %d times, want 2 (its first delete got no answer); %d left", len(seen), len(source.Snapshot()))
		}
	})
}

func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		send(t, source, bodies(2)...)
		finished := false
		m, err := mapping.New(mapping.Config{Queue: source, BatchSize: 1, Function: &handler{concurrency: 1, handle: func(events.SQSEvent) (string, error) {
			time.Sleep(10 * time.Second)
			finished = true
			return "", nil
		}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		m.Run(ctx)
		if took := time.Since(start); took != 10*time.Second || !finished {
			t.Errorf("Run took %v: it ends with the invocation in progress, and leaves the throttled one", took)
		}
		if stats := m.Stats(); stats.Deleted != 1 || stats.Dropped != 0 {
			t.Errorf("%+v", stats)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	standard, _ := queueOf(t, "Requests", nil)
	for reason, config := range map[string]mapping.Config{
		"visibility below the function timeout": {Queue: standard, FunctionTimeout: 61 * time.Second},
		"over 10 without a window":              {Queue: standard, BatchSize: 11},
		"MaximumConcurrency 1":                  {Queue: standard, MaximumConcurrency: 1},
		"MaximumConcurrency 1001":               {Queue: standard, MaximumConcurrency: 1001},
	} {
		if _, err := mapping.New(config); err == nil {
			t.Errorf("%s is taken", reason)
		}
	}
	if _, err := mapping.New(mapping.Config{Queue: standard, FunctionTimeout: time.Minute}); err != nil {
		t.Error(err)
	}
}
