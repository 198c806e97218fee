package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
)

// The table: go test ./functions/apply-policy -run TestScale -v -table
var printsTable = flag.Bool("table", false, "drain 100,000 requests under every setting and print the table")

// backlog is a number of waiting requests and the settings to drain them with.
type backlog struct {
	requests    int
	concurrency int           // MaximumConcurrency, 0 for none
	maxReceives int           // 0 for the template's
	answer      time.Duration // how long SES takes
	stand       bool          // a stand-in for the handler settles the batches
}

// drained is how it went.
type drained struct {
	after   time.Duration
	applied int
	stats   mapping.Stats
	false   int // dead letters that no code has seen, or refused: those without a reason
}

func (d drained) String() string {
	return fmt.Sprintf("after %v: %d applied, %d receives, %d of them spent on throttling, %d false dead letters",
		d.after.Round(time.Second), d.applied, d.stats.Received, d.stats.Dropped, d.false)
}

// drain runs a backlog in virtual time. Everything is the template's but for
// what the backlog says. No fault is injected: throttling comes by itself, of
// one instance behind several pollers. The queue delivers in any order, and a
// call of it takes a few milliseconds.
//
// How long AWS waits between the retries of a throttled batch, and how it adds
// pollers, is not documented: the figures show what happens and where it leads,
// not how often it happens to the digit.
func (b backlog) drain(t *testing.T) (went drained) {
	synctest.Test(t, func(t *testing.T) {
		stack, err := deploy(b.maxReceives)
		if err != nil {
			t.Fatal(err)
		}
		queues := queue.New(queue.Config{BaseURL: endpoint})
		source, dead := createQueues(t, queues, stack)
		d := newDice(1)
		queues.SetFaults(queue.Faults{
			Pick: func(n int) int { return d.intN("pick", n) },
			Call: func(call queue.Call) queue.Fault {
				switch call.Action {
				case "ReceiveMessage":
					return queue.Fault{Before: d.between("receiving", 5*time.Millisecond, 25*time.Millisecond)}
				case "DeleteMessage": // ten of them are one call of AWS's
					return queue.Fault{Before: d.between("deleting", 500*time.Microsecond, 1500*time.Microsecond)}
				}
				return queue.Fault{}
			},
		})
		one := newOnly(t, b, queues, dead)
		described, _ := stack.Function("ApplyPolicyFunction")
		one.timeout = described.Timeout
		poller, err := mapping.New(mapping.Config{
			Queue: source, Function: one, FunctionTimeout: described.Timeout, BatchSize: described.EventSources[0].BatchSize,
			MaximumConcurrency: b.concurrency, ReportBatchItemFailures: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.requests {
			body := putBody(fmt.Sprintf("example%d.com", i/20), fmt.Sprintf("Policy%d", i%20), "")
			if _, err := source.Send(t.Context(), queue.Input{Body: body}); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { poller.Run(ctx) })
		for source.Counts() != (queue.Counts{}) && time.Since(began) < 4*24*time.Hour {
			time.Sleep(time.Second)
		}
		went = drained{after: time.Since(began), applied: one.applied, stats: poller.Stats(), false: dead.Counts().Visible}
		stop()
		running.Wait()
	})
	return went
}

// only is the one instance of the function.
type only struct {
	handle  func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)
	timeout time.Duration
	busy    chan struct{}
	applied int
}

func newOnly(t *testing.T, b backlog, queues *queue.Server, dead *queue.Queue) *only {
	t.Helper()
	o := &only{busy: make(chan struct{}, 1)}
	if b.stand {
		o.handle = func(_ context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
			time.Sleep(time.Duration(len(batch.Records)) * (time.Second + b.answer))
			o.applied += len(batch.Records)
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}, nil
		}
		return o
	}
	ses := email.New(email.Config{Observe: func(call email.Call) {
		if call.Code == "" {
			o.applied++
		}
	}})
	ses.SetFault(func(email.Call) email.Fault { return email.Fault{After: b.answer} })
	tables := &memoryTable{items: map[string]json.RawMessage{}}
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(r, queues, tables, nil, nil, ses).ServeHTTP(w, r)
	})
	h := newHandler(testEnvironment(t, dead.URL(), guardrail.Config{}),
		aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: wire.Client{Handler: front}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")},
		slog.New(slog.NewJSONHandler(io.Discard, nil)), io.Discard)
	o.handle = h.handle
	return o
}

// Invoke runs a batch, or refuses it while another one runs.
func (o *only) Invoke(ctx context.Context, payload []byte) (function.Result, error) {
	select {
	case o.busy <- struct{}{}:
		defer func() { <-o.busy }()
	default:
		return function.Result{}, function.ErrTooManyRequests
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return function.Result{}, err
	}
	response, err := o.handle(ctx, batch)
	if err != nil {
		return function.Result{}, err
	}
	text, err := json.Marshal(response)
	return function.Result{Payload: text}, err
}

// TestScale holds the template's defaults to no false dead letter, with the
// real handler.
func TestScale(t *testing.T) {
	if *printsTable {
		printTable(t)
		return
	}
	for _, answer := range []time.Duration{usual, slow} {
		b := backlog{requests: 2000, concurrency: templateConcurrency(t), answer: answer}
		went := b.drain(t)
		t.Logf("SES answering in %v: %v", answer, went)
		if went.false != 0 || went.applied < b.requests {
			t.Errorf("SES answering in %v, %d requests: %v", answer, b.requests, went)
		}
	}
}

const (
	usual = 50 * time.Millisecond
	slow  = 4 * time.Second // a batch of ten then takes most of the function's minute
)

func templateConcurrency(t *testing.T) int {
	t.Helper()
	stack, err := deploy(0)
	if err != nil {
		t.Fatal(err)
	}
	described, _ := stack.Function("ApplyPolicyFunction")
	return described.EventSources[0].MaximumConcurrency
}

// printTable prints the README's table. Under each setting a stand-in settles
// the batches, for as long as the handler would: a second and an answer for each
// request. The template's defaults run with the real handler besides, all
// 100,000 requests.
func printTable(t *testing.T) {
	var text strings.Builder
	text.WriteString("| Requests waiting | SES answers in | MaximumConcurrency | Drained after | Receives spent on throttling | False dead letters at maxReceiveCount 3 | 5 | 10 | 20 |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, b := range []backlog{{requests: 1000, answer: usual}, {requests: 10_000, answer: usual}, {requests: 100_000, answer: usual}, {requests: 10_000, answer: slow}} {
		for _, concurrency := range []int{2, 5, 0} {
			b.concurrency, b.stand = concurrency, true
			text.WriteString(b.row(t))
		}
	}
	b := backlog{requests: 100_000, concurrency: templateConcurrency(t), answer: usual}
	went := b.drain(t)
	t.Logf("\n%s\nThe real handler with the template's defaults, %d requests: %v", text.String(), b.requests, went)
	if went.false != 0 || went.applied < b.requests {
		t.Error("false dead letters with the template's defaults")
	}
}

// row drains a backlog once for each maxReceiveCount.
func (b backlog) row(t *testing.T) string {
	concurrency := "unlimited"
	if b.concurrency > 0 {
		concurrency = strconv.Itoa(b.concurrency)
	}
	falseLetters := ""
	var went drained
	for _, b.maxReceives = range []int{3, 5, 10, 20} {
		went = b.drain(t)
		falseLetters += fmt.Sprintf(" %d |", went.false)
	}
	return fmt.Sprintf("| %d | %v | %s | %.1f h | %d |%s\n", b.requests, b.answer, concurrency, went.after.Hours(), went.stats.Dropped, falseLetters)
}
