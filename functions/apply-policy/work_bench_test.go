//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ses"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/table"
)

// answered is an SES and a ledger that cost nothing: each has one answer to every
// call and reads none. The ledger is empty.
type answered struct{}

func (answered) Do(r *http.Request) (*http.Response, error) {
	const text = `<PutIdentityPolicyResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><PutIdentityPolicyResult/><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000001</RequestId></ResponseMetadata></PutIdentityPolicyResponse>`
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), table.TargetPrefix) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

var workConfig = aws.Config{Region: "us-east-1", HTTPClient: answered{}, Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("a", "b", ""))}

// emptyTable is what the ledger needs of DynamoDB, without the SDK: it has no items
// and takes every write.
type emptyTable struct{ ledger.QueryAPIClient }

func (emptyTable) BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return &dynamodb.BatchGetItemOutput{}, nil
}

func (emptyTable) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

func workHandler(tb testing.TB) *handler {
	tb.Helper()
	env := testEnvironment(tb, "http://local/123456789012/DeadLetterQueue", guardrail.Config{})
	env.MinCallInterval = 1
	return newHandler(env, workConfig, slog.New(slog.NewJSONHandler(io.Discard, nil)), io.Discard)
}

// sample is the first record of a sample event, as JSON too.
func sample(tb testing.TB) (events.SQSMessage, []byte) {
	tb.Helper()
	text, err := os.ReadFile("../../events/accepted-by-name.json")
	if err != nil {
		tb.Fatal(err)
	}
	var raw struct{ Records []json.RawMessage }
	var record events.SQSMessage
	if err := json.Unmarshal(text, &raw); err != nil || len(raw.Records) == 0 {
		tb.Fatalf("no record: %v", err)
	}
	if err := json.Unmarshal(raw.Records[0], &record); err != nil {
		tb.Fatal(err)
	}
	return record, raw.Records[0]
}

// batchOf is the nth batch of the record, each about a policy of its own.
func batchOf(record events.SQSMessage, size, n int) events.SQSEvent {
	batch := events.SQSEvent{Records: make([]events.SQSMessage, size)}
	for i := range batch.Records {
		r := record
		r.MessageId = fmt.Sprintf("%d-%d", n, i)
		r.Body = strings.Replace(record.Body, `"PolicyName": "`, fmt.Sprintf(`"PolicyName": "n%d-%d-`, n, i), 1)
		batch.Records[i] = r
	}
	return batch
}

// usage is what the whole process has used up, the collector included.
type usage struct {
	cpu                float64 // microseconds
	allocations, bytes float64
}

func used() usage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it is asked of the process itself
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3, float64(m.Mallocs), float64(m.TotalAlloc)}
}

// report reports what was used since, for each of n requests.
func (u usage) report(b *testing.B, n int) {
	b.Helper()
	now := used()
	b.ReportMetric((now.cpu-u.cpu)/float64(n), "cpu-us/request")
	b.ReportMetric((now.allocations-u.allocations)/float64(n), "allocs/request")
	b.ReportMetric((now.bytes-u.bytes)/float64(n)/1024, "KB/request")
}

// BenchmarkWhole is what a request costs beside waiting, in batches of ten: from
// the record, as the Lambda library hands it over, to its outcome, its log line
// and its share of the metrics. The calls of SES and DynamoDB are in it, down to
// the HTTP client.
func BenchmarkWhole(b *testing.B) { benchmarkBatches(b, workHandler(b)) }

// BenchmarkWork is the same without the SDK's part in the ledger: building,
// signing and sending its calls, and reading their answers. The call of SES is
// still in it: BenchmarkCall is that alone.
func BenchmarkWork(b *testing.B) {
	h := workHandler(b)
	h.ledger = ledger.New(emptyTable{}, ledgerTable)
	benchmarkBatches(b, h)
}

func benchmarkBatches(b *testing.B, h *handler) {
	b.Helper()
	const size = 10
	record, _ := sample(b)
	batch := batchOf(record, size, 0)
	runtime.GC()
	begun := used()
	for b.Loop() {
		response, err := h.handle(b.Context(), batch)
		if err != nil || len(response.BatchItemFailures) > 0 {
			b.Fatal(err, response)
		}
	}
	begun.report(b, b.N*size)
}

// BenchmarkCall is the call of SES that a request costs, by a client of the SDK
// as it comes.
func BenchmarkCall(b *testing.B) {
	client := ses.NewFromConfig(workConfig)
	h := workHandler(b)
	record, _ := sample(b)
	request := h.open(b.Context(), []events.SQSMessage{record})[0].Request
	in := &ses.PutIdentityPolicyInput{Identity: &request.Identity.Name, PolicyName: &request.PolicyName, Policy: &request.Policy}
	runtime.GC()
	begun := used()
	for b.Loop() {
		if _, err := client.PutIdentityPolicy(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	begun.report(b, b.N)
}

// BenchmarkUnmarshal is the measure for the two: the record read into any.
func BenchmarkUnmarshal(b *testing.B) {
	_, text := sample(b)
	runtime.GC()
	begun := used()
	for b.Loop() {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			b.Fatal(err)
		}
	}
	begun.report(b, b.N)
}

// BenchmarkUptime is what an instance holds that lives long: 10,000 batches,
// each about a policy not seen before, after 1,000 others. Run it once:
// -benchtime 1x.
func BenchmarkUptime(b *testing.B) {
	record, _ := sample(b)
	h := workHandler(b)
	settle := func(from, to int) (heapKB float64) {
		for n := from; n < to; n++ {
			if _, err := h.handle(b.Context(), batchOf(record, 1, n)); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1024
	}
	for range b.N {
		b.ReportMetric(settle(0, 1_000), "heap-KB-before")
		b.ReportMetric(settle(1_000, 11_000), "heap-KB-after")
	}
}
