package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/outcome"
)

// world is the function with everything it calls, in memory.
type world struct {
	*handler
	ses      *email.Server
	sqs      *queue.Server
	table    *table.Server
	bucket   *response.Bucket // of CloudFormation's answers
	tasks    *states.Server
	requests *queue.Queue
	letters  *queue.Queue
	config   aws.Config
	out      strings.Builder // log and metrics
}

func newWorld(t *testing.T, config guardrail.Config) *world {
	t.Helper()
	w := &world{ses: email.New(email.Config{}), sqs: queue.New(queue.Config{BaseURL: "http://local"})}
	w.letters = create(t, w.sqs, "DeadLetterQueue", nil)
	w.requests = create(t, w.sqs, "RequestQueue", map[string]string{"VisibilityTimeout": "360"})
	w.table, w.bucket, w.tasks = newTable(t), response.New(), states.New()
	w.config = aws.Config{Region: "us-east-1", HTTPClient: &wire.Client{Handler: w}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	w.handler = w.instance(t, config)
	return w
}

// instance is an instance of the function.
func (w *world) instance(t *testing.T, config guardrail.Config) *handler {
	t.Helper()
	return newHandler(testEnvironment(t, w.letters.URL(), config), w.config, slog.New(slog.NewJSONHandler(&w.out, nil)), &w.out)
}

// ServeHTTP is all of AWS: each call goes to its service.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	serve(r, w.sqs, w.table, w.tasks, w.bucket, w.ses).ServeHTTP(rw, r)
}

// serve is the service that a call is for.
func serve(r *http.Request, queues, ledger, tasks, bucket, ses http.Handler) http.Handler {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, table.TargetPrefix):
		return ledger
	case strings.HasPrefix(target, "AWSStepFunctions"):
		return tasks
	case target != "":
		return queues
	case r.Method == http.MethodPut:
		return bucket
	}
	return ses
}

// ledgerTable is the table's name.
const ledgerTable = "Ledger"

func newTable(tb testing.TB) *table.Server {
	tb.Helper()
	s := table.New()
	if err := s.Create(ledgerTable, "PK", "SK"); err != nil {
		tb.Fatal(err)
	}
	return s
}

// testEnvironment is what the environment of a deployment says, with the
// template's numbers.
func testEnvironment(tb testing.TB, deadLetterQueueURL string, config guardrail.Config) environment {
	tb.Helper()
	g, err := guardrail.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return environment{DeadLetterQueueURL: deadLetterQueueURL, LedgerTable: ledgerTable, MaxReceiveCount: 20, MinCallInterval: time.Second, ProtectStackPolicies: true, Guardrail: g}
}

func create(t *testing.T, s *queue.Server, name string, attributes map[string]string) *queue.Queue {
	t.Helper()
	q, err := s.Create(name, attributes)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// deliver sends the bodies a millisecond apart, receives them as one batch and
// hands it to the function. It returns the bodies that were handed back.
func (w *world) deliver(t *testing.T, bodies ...string) []string {
	t.Helper()
	for _, body := range bodies {
		w.send(t, body)
	}
	return w.receive(t)
}

// send sends a body, and ends in a later millisecond.
func (w *world) send(t *testing.T, body string) {
	t.Helper()
	if _, err := w.requests.Send(t.Context(), queue.Input{Body: body}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Millisecond)
}

func (w *world) receive(t *testing.T) []string {
	t.Helper()
	messages, err := w.requests.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	batch := events.SQSEvent{}
	for _, m := range messages {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: m.ID, ReceiptHandle: m.ReceiptHandle, Body: m.Body, Attributes: m.SystemAttributes(), EventSourceARN: w.requests.ARN(),
			MessageAttributes: messageAttributes(m),
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	response, err := w.handle(ctx, batch)
	if err != nil {
		t.Fatal(err)
	}
	var back []string
	for _, m := range messages {
		if slices.ContainsFunc(response.BatchItemFailures, func(f events.SQSBatchItemFailure) bool { return f.ItemIdentifier == m.ID }) {
			back = append(back, m.Body)
		} else if err := w.requests.Delete(t.Context(), m.ReceiptHandle); err != nil {
			t.Fatal(err)
		}
	}
	return back
}

// messageAttributes are a message's attributes as Lambda delivers them.
func messageAttributes(m queue.Message) map[string]events.SQSMessageAttribute {
	attributes := map[string]events.SQSMessageAttribute{}
	for name, value := range m.Attributes {
		attributes[name] = events.SQSMessageAttribute{DataType: value.DataType, StringValue: new(value.StringValue), BinaryValue: value.BinaryValue}
	}
	return attributes
}

// codes are the codes of the dead letters, oldest first.
func (w *world) codes() []string {
	codes := []string{}
	for _, m := range w.letters.Snapshot() {
		codes = append(codes, m.Attributes["ErrorCode"].StringValue)
	}
	return codes
}

// outcomes are the logged outcomes with their codes, in the order of the log.
func (w *world) outcomes(t *testing.T) []string {
	t.Helper()
	var list []string
	decoder := json.NewDecoder(strings.NewReader(w.out.String()))
	for {
		var line struct{ Msg, Outcome, Code string }
		if err := decoder.Decode(&line); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if line.Msg == "request" {
			list = append(list, strings.TrimSpace(line.Outcome+" "+line.Code))
		}
	}
}

func putBody(identity, name, sid string) string {
	return fmt.Sprintf(`{"Identity":%q,"PolicyName":%q,"Policy":{"Statement":[{"Sid":%q,"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/%s"}]}}`,
		identity, name, sid, strings.ToLower(identity))
}

func deleteBody(identity, name string) string {
	return fmt.Sprintf(`{"Action":"DeleteIdentityPolicy","Identity":%q,"PolicyName":%q}`, identity, name)
}

// inBubble runs a test of a world in virtual time.
func inBubble(t *testing.T, config guardrail.Config, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, config)) })
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestGoodAndBadInOneBatch(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		bad := []string{"not json", `{"Identity":"b.com"}`, strings.Replace(putBody("c.com", "P", ""), `{"AWS":"111122223333"}`, `"*"`, 1)}
		back := w.deliver(t, bad[0], putBody("a.com", "P", "1"), bad[1], putBody("d.com", "P", "1"), bad[2])
		expect(t, "handed back", back, []string(nil))
		expect(t, "on SES", slices.Sorted(maps.Keys(w.ses.Policies())), "[a.com d.com]")
		expect(t, "dead letters", w.codes(), "[MalformedRequest MalformedRequest GuardrailViolation]")
		for i, m := range w.letters.Snapshot() {
			expect(t, "body", m.Body, bad[i])
		}
	})
}

func TestNewestWinsWithinABatch(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		back := w.deliver(t, putBody("a.com", "P", "old"), putBody("A.com", "P", "newer"), putBody("arn:aws:ses:us-east-1:123456789012:identity/a.com", "P", "newest"))
		expect(t, "handed back", len(back), 0)
		expect(t, "outcomes", w.outcomes(t), "[Applied Superseded Superseded]")
		if policy := w.ses.Policies()["a.com"]["P"]; !strings.Contains(policy, "newest") || len(w.ses.Calls()) != 1 {
			t.Errorf("%d calls, policy %s", len(w.ses.Calls()), policy)
		}
	})
}

func TestTheNextOlderGetsItsTurnWhenTheNewestIsRefused(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(c email.Call) email.Fault {
			if c.Action == "PutIdentityPolicy" && len(w.ses.Calls()) == 0 {
				return email.Fault{Status: 400, Code: "InvalidParameterValue", Message: "no"}
			}
			return email.Fault{}
		})
		w.deliver(t, putBody("a.com", "P", "old"), putBody("a.com", "P", "older"), putBody("a.com", "P", "newest"))
		expect(t, "outcomes", w.outcomes(t), "[Rejected InvalidParameterValue Applied Superseded]")
	})
}

func TestAnOlderRequestDoesNotUndoANewerOne(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(email.Call) email.Fault { return email.Fault{Status: 500, Code: "InternalFailure"} })
		expect(t, "handed back", len(w.deliver(t, putBody("a.com", "P", "old"))), 1)
		w.ses.SetFault(nil)
		w.deliver(t, deleteBody("a.com", "P"))
		time.Sleep(outcome.FirstDelay)
		expect(t, "handed back", len(w.receive(t)), 0)
		expect(t, "outcomes", w.outcomes(t), "[Retry Unavailable Deleted Superseded]")
		expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
	})
}

const stackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/0a1b2c3d-0000-4000-8000-000000000000"

// stackBody is a request of the stack mail for its resource L. Each has a request
// id of its own.
func stackBody(requestType, physicalID, name string) string {
	return stackRequest(stackID, "L", requestType, physicalID, putBody("a.com", name, ""))
}

func stackRequest(stack, logicalID, requestType, physicalID, properties string) string {
	id := fmt.Sprintf("%d-%s-%s", time.Now().UnixNano(), requestType, ledger.Digest(stack, logicalID, physicalID, properties))
	return fmt.Sprintf(`{"RequestType":%q,"ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/%s?X-Amz-Date=%s&X-Amz-Expires=7200&X-Amz-Signature=s","StackId":%q,"RequestId":%q,"LogicalResourceId":%q,"PhysicalResourceId":%q,"ResourceProperties":%s}`,
		requestType, id, time.Now().UTC().Format("20060102T150405Z"), stack, id, logicalID, physicalID, properties)
}

// A stack that fails while its create waits deletes by an id of its own making;
// the create must not leave a policy that no stack owns.
func TestACancelledCreateHasNoEffect(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, stackBody("Create", "", "P"), stackBody("Delete", "stack-L-1ABC", "P"), stackBody("Create", "", "Q"))
		policies := slices.Sorted(maps.Keys(w.ses.Policies()["a.com"]))
		expect(t, "after one batch", policies, "[Q]")
		w.ses.SetFault(func(c email.Call) email.Fault {
			if c.Action == "PutIdentityPolicy" {
				return email.Fault{Status: 500, Code: "InternalFailure", Act: true}
			}
			return email.Fault{}
		})
		w.deliver(t, stackBody("Create", "", "R"))
		w.ses.SetFault(nil)
		w.deliver(t, stackBody("Delete", "stack-L-1ABC", "R"))
		time.Sleep(outcome.FirstDelay)
		w.receive(t)
		expect(t, "across batches", slices.Sorted(maps.Keys(w.ses.Policies()["a.com"])), "[Q]")
	})
}

func TestAllOfAKeyWaitTogether(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(email.Call) email.Fault { return email.Fault{Status: 503, Code: "ServiceUnavailable"} })
		expect(t, "handed back", len(w.deliver(t, putBody("a.com", "P", "old"), putBody("a.com", "P", "new"))), 2)
		expect(t, "outcomes", w.outcomes(t), "[Retry Unavailable Retry OrderKept]")
	})
}

func TestNothingIsDeletedBeforeItsDeadLetterIsSafe(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.sqs.SetFaults(queue.Faults{Call: func(c queue.Call) queue.Fault {
			if c.Action == "SendMessage" && c.Queue == "DeadLetterQueue" {
				return queue.Fault{Code: "AccessDeniedException", Status: 400}
			}
			return queue.Fault{}
		}})
		expect(t, "handed back", len(w.deliver(t, "bad", putBody("a.com", "P", ""))), 1)
		expect(t, "outcomes", w.outcomes(t), "[Applied Retry DeadLetterFailed]")
	})
}

func TestABatchOutOfTimeHandsBackTheUntriedAtOnce(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(email.Call) email.Fault { return email.Fault{Hang: true} })
		bodies := []string{}
		for i := range 10 {
			bodies = append(bodies, putBody(fmt.Sprintf("d%d.com", i), "P", ""))
		}
		begun := time.Now()
		expect(t, "handed back", len(w.deliver(t, bodies...)), 10)
		// Nine attempts of 5 s and the pauses between them are 53 s; a tenth would end after the 56 s there are.
		expect(t, "took", time.Since(begun).Round(time.Second), 53*time.Second)
		expect(t, "last outcome", w.outcomes(t)[9], "Retry NoTimeLeft")
		expect(t, "visible again", w.requests.Counts().Visible, 1)
	})
}

func TestALastingThrottleEndsTheBatchEarly(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetFault(func(email.Call) email.Fault {
			return email.Fault{Status: 400, Code: "Throttling", Message: "Rate exceeded"}
		})
		begun := time.Now()
		expect(t, "handed back", len(w.deliver(t, putBody("a.com", "P", ""), putBody("b.com", "P", ""), putBody("c.com", "P", ""))), 3)
		expect(t, "took", time.Since(begun).Round(time.Second), 2*time.Second)
		expect(t, "calls", len(w.ses.Calls()), 3)
	})
}

func TestAnUnknownPrincipalGetsThreeReceives(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.ses.SetUnknownPrincipals("111122223333")
		w.deliver(t, putBody("a.com", "P", ""))
		for range 3 {
			time.Sleep(outcome.MaxDelay)
			w.receive(t)
		}
		expect(t, "outcomes", w.outcomes(t), "[Retry PrincipalUnknown Retry PrincipalUnknown Retry PrincipalUnknown Rejected InvalidPolicy]")
		expect(t, "dead letters", w.codes(), "[InvalidPolicy]")
	})
}

func TestTheResponseIsNeverNull(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		response, err := w.handle(t.Context(), events.SQSEvent{})
		text, _ := json.Marshal(response)
		if err != nil || string(text) != `{"batchItemFailures":[]}` {
			t.Errorf("%s, %v", text, err)
		}
	})
}

func TestHostileTextCannotForgeALogLine(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, "{\"Identity\":\"a.com\\n{\\\"message\\\":\\\"request\\\"}\\u2028\",\"PolicyName\":\"\\u0000\\n\\\"\",\"x\\ny\":1,\"Policy\":\"\\u001b[31m\"}", "\"\n{\"outcome\":\"Applied\"}")
		for line := range strings.Lines(w.out.String()) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Errorf("%v: %s", err, line)
			}
		}
		expect(t, "outcomes", w.outcomes(t), "[Rejected MalformedRequest Rejected MalformedRequest]")
	})
}
