package redrive_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/redrive"
)

// office is both queues and a real SDK client on them, without a network.
type office struct {
	t           *testing.T
	server      *queue.Server
	client      *sqs.Client
	requests    *queue.Queue
	deadLetters *queue.Queue
	from, to    redrive.Queue
}

func newOffice(t *testing.T) *office {
	t.Helper()
	server := queue.New(queue.Config{BaseURL: "http://sqs.local"})
	create := func(name string, attributes map[string]string) *queue.Queue {
		q, err := server.Create(name, attributes)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	o := &office{t: t, server: server}
	o.deadLetters = create("DeadLetterQueue", nil)
	o.requests = create("RequestQueue", map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + o.deadLetters.ARN() + `","maxReceiveCount":1}`,
	})
	o.client = sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://sqs.local"), HTTPClient: wire.Client{Handler: server},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	o.from = redrive.Queue{URL: o.deadLetters.URL(), ARN: o.deadLetters.ARN()}
	o.to = redrive.Queue{URL: o.requests.URL(), ARN: o.requests.ARN()}
	return o
}

var own = map[string]events.SQSMessageAttribute{
	"Team":  {DataType: "String", StringValue: aws.String("mail")},
	"Bytes": {DataType: "Binary", BinaryValue: []byte{0, 255}},
}

// bodyOf has what a careless copy would lose: spaces, escapes, no final line feed.
func bodyOf(i int) string {
	return fmt.Sprintf("{ \"Identity\":\t\"d%d.example.com\",\"PolicyName\":\"P%d\", \"Policy\": \"{\\u0022\" }", i%7, i%3)
}

// reject puts a letter on the dead-letter queue as the function does.
func (o *office) reject(i int, code, answeredTo string) {
	o.t.Helper()
	letters := deadletter.New(o.client, o.from.URL)
	err := letters.Send(o.t.Context(), deadletter.Letter{
		Record: events.SQSMessage{
			MessageId: fmt.Sprintf("source-%d", i), Body: bodyOf(i), EventSourceARN: o.to.ARN, MessageAttributes: own,
		},
		Code: code, Message: "no", AnsweredTo: answeredTo, Violations: []finding.Finding{{Path: "/Policy", Rule: "r", Message: "m"}},
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) redrive(filter redrive.Filter) redrive.Redrive {
	return redrive.Redrive{Client: o.client, From: o.from, To: o.to, Filter: filter, Rate: 10}
}

// bodies are the bodies on a queue, sorted.
func bodies(q *queue.Queue) []string {
	var all []string
	for _, m := range q.Snapshot() {
		all = append(all, m.Body)
	}
	slices.Sort(all)
	return all
}

// exactlyOnce checks that the letters 0 to n-1 are each once on one of the queues.
func (o *office) exactlyOnce(n int) {
	o.t.Helper()
	var want []string
	for i := range n {
		want = append(want, bodyOf(i))
	}
	slices.Sort(want)
	got := append(bodies(o.requests), bodies(o.deadLetters)...)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		o.t.Errorf("not each letter once: %s", diff)
	}
}

var kinds = []string{"InvalidPolicy", "MalformedRequest", "GuardrailViolation", "PolicyTooLarge", ""}

// fill makes n letters of the five kinds, the last of which SQS has moved itself.
func (o *office) fill(n int) {
	o.t.Helper()
	for i := range n {
		kind := kinds[i%len(kinds)]
		if kind != "" {
			o.reject(i, kind, "")
			continue
		}
		in := queue.Input{Body: bodyOf(i), Attributes: map[string]queue.Attribute{
			"Team": {DataType: "String", StringValue: "mail"}, "Bytes": {DataType: "Binary", BinaryValue: []byte{0, 255}},
		}}
		if _, err := o.requests.Send(o.t.Context(), in); err != nil {
			o.t.Fatal(err)
		}
	}
	// A second receive moves what has used up its only one.
	for range 2 {
		for o.requests.Counts().Visible > 0 {
			if _, err := o.requests.Receive(o.t.Context(), queue.ReceiveOptions{MaxMessages: 10, VisibilityTimeout: new(time.Duration)}); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	if got := o.deadLetters.Counts().Visible; got != n {
		o.t.Fatalf("%d letters, want %d", got, n)
	}
}

func TestRedriveInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(500)
		ctx, cancel := context.WithCancel(t.Context())
		r := o.redrive(redrive.Filter{Codes: []string{"invalidpolicy"}}) // 100 of them
		n := 0
		r.Done = func(*redrive.Letter, string) {
			if n++; n == 37 {
				cancel()
			}
		}
		report, err := r.Run(ctx)
		if !errors.Is(err, context.Canceled) || report.Redriven != 37 {
			t.Fatalf("%d redriven, %v", report.Redriven, err)
		}
		o.exactlyOnce(500)
		if c := o.deadLetters.Counts(); c.Visible != 463 || c.InFlight != 0 {
			t.Errorf("left hidden: %+v", c)
		}
		r.Done = nil
		report, err = r.Run(t.Context())
		if err != nil || report.Redriven != 63 {
			t.Fatalf("%d redriven, %v", report.Redriven, err)
		}
		o.exactlyOnce(500)
		if c := o.deadLetters.Counts(); c.Visible != 400 || c.InFlight != 0 {
			t.Errorf("left: %+v", c)
		}
		for _, m := range o.requests.Snapshot() {
			if !recognizable(m) || m.Attributes["Team"].StringValue != "mail" || string(m.Attributes["Bytes"].BinaryValue) != "\x00\xff" {
				t.Errorf("attributes %+v", m.Attributes)
			}
		}
	})
}

// Both ids select a letter, and so does a prefix that fits only one.
// recognizable reports whether a message has its reason, by which the function
// recognizes the request, beside the sender's two attributes.
func recognizable(m queue.Message) bool {
	return len(m.Attributes) == 6 && strings.HasPrefix(m.Attributes["SourceMessageId"].StringValue, "source-")
}

func TestRedriveByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for i := range 12 {
			o.reject(i, "InvalidPolicy", "")
		}
		own := o.deadLetters.Snapshot()[5].ID
		for name, test := range map[string]struct {
			id        string
			found     int
			ambiguous bool
		}{
			"the letter's own id":               {own, 1, false},
			"a prefix of it":                    {own[:20], 1, false},
			"the request's id":                  {"source-7", 1, false},
			"the request's id, another's start": {"source-1", 1, false},
			"a prefix of the request's id":      {"source-11", 1, false},
			"a prefix of several":               {"source-", 0, true},
			"no letter's id":                    {"nowhere", 0, false},
			"the empty prefix":                  {"", 0, false},
		} {
			filter := redrive.Filter{IDs: []string{test.id}}
			look, err := redrive.Find(t.Context(), o.client, o.from, filter, nil)
			if _, ambiguous := errors.AsType[*redrive.AmbiguousError](err); len(look.Letters) != test.found || ambiguous != test.ambiguous {
				t.Errorf("%s: got %d letters and %v, want %d", name, len(look.Letters), err, test.found)
			}
			if missing := filter.Missing(look.Letters); !test.ambiguous && len(missing) != 1-test.found {
				t.Errorf("%s: missing %q", name, missing)
			}
			if err := look.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRedriveKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(100)
		var first, last time.Time
		r := o.redrive(redrive.Filter{Codes: kinds[:4]})
		r.Rate = 2
		r.Done = func(*redrive.Letter, string) {
			if last = time.Now(); first.IsZero() {
				first = last
			}
		}
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := last.Sub(first); got != 79*500*time.Millisecond {
			t.Errorf("80 letters at 2 a second took %v", got)
		}
	})
}

// Who is to be told need not have been: the caller may know better.
func TestRedriveAsksWhoWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for i, answeredTo := range []string{"CloudFormation", "", "StepFunctions"} {
			o.reject(i, "Expired", answeredTo)
		}
		asked := 0
		r := redrive.Redrive{Client: o.client, From: o.from, To: o.to, Rate: 10,
			Told: func(_ context.Context, letters []*redrive.Letter) func(*redrive.Letter) bool {
				asked = len(letters)
				return func(l *redrive.Letter) bool { return l.AnsweredTo != "CloudFormation" }
			}}
		report, err := r.Run(t.Context())
		if err != nil || report.Redriven != 1 || len(report.Answered) != 2 || asked != 3 {
			t.Errorf("asked about %d, got %+v, %v", asked, report, err)
		}
	})
}

func TestRedriveLeavesWhatWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.reject(0, "InvalidPolicy", "CloudFormation")
		o.reject(1, "InvalidPolicy", "")
		report, err := o.redrive(redrive.Filter{Codes: []string{"InvalidPolicy"}}).Run(t.Context())
		if err != nil || report.Redriven != 1 || len(report.Answered) != 1 || report.Answered[0].AnsweredTo != "CloudFormation" {
			t.Fatalf("%+v, %v", report, err)
		}
		if got := bodies(o.requests); len(got) != 1 || got[0] != bodyOf(1) {
			t.Errorf("on the source queue: %q", got)
		}
		if c := o.deadLetters.Counts(); c.Visible != 1 || c.InFlight != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestRedriveOfALetterInOtherHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for i := range 3 {
			o.reject(i, "InvalidPolicy", "")
		}
		r := o.redrive(redrive.Filter{})
		r.Chosen = func(int) { // the hold is over, and somebody else takes one
			time.Sleep(time.Minute)
			if _, err := o.deadLetters.Receive(t.Context(), queue.ReceiveOptions{}); err != nil {
				t.Error(err)
			}
		}
		report, err := r.Run(t.Context())
		if err != nil || report.Redriven+len(report.Taken) != 3 || len(report.Taken) == 0 {
			t.Errorf("%+v %v", report, err)
		}
		o.exactlyOnce(3)
	})
}

// crash redrives with a crash between the copy and the delete.
func (o *office) crash() {
	o.t.Helper()
	o.server.SetFaults(queue.Faults{Call: func(c queue.Call) queue.Fault {
		if c.Action == "DeleteMessage" {
			return queue.Fault{Code: "AccessDenied", Message: "no", Status: 403}
		}
		return queue.Fault{}
	}})
	defer o.server.SetFaults(queue.Faults{})
	report, err := o.redrive(redrive.Filter{}).Run(o.t.Context())
	if err == nil || report.Redriven != 0 {
		o.t.Fatalf("%+v %v", report, err)
	}
}

// A crash between the copy and the delete leaves one letter on both queues. An
// edited one is another request than its copy.
func TestRedriveAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.reject(0, "InvalidPolicy", "")
		o.crash()
		if _, err := o.redrive(redrive.Filter{}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(bodies(o.requests)); got != 2 || len(bodies(o.deadLetters)) != 0 {
			t.Errorf("%d copies, want 2", got)
		}
	})
}

func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(100)
		ctx, cancel := context.WithCancel(t.Context())
		moved, err := redrive.Move(ctx, o.client, o.from, o.to, 10, func(moved, all int) {
			if moved >= 50 {
				cancel()
			}
			if all != 100 {
				t.Errorf("%d in all", all)
			}
		})
		if !errors.Is(err, context.Canceled) || moved < 50 || moved > 60 {
			t.Errorf("%d moved, %v", moved, err)
		}
		o.exactlyOnce(100)
		began := time.Now()
		rest, err := redrive.Move(t.Context(), o.client, o.from, o.to, 10, func(int, int) {})
		if err != nil || rest != 100-moved || len(bodies(o.deadLetters)) != 0 {
			t.Errorf("%d moved, %v", rest, err)
		}
		// The first is moved at once. Whether a poll or a step that falls on the same moment comes first is open.
		if took := time.Since(began); took < time.Duration(rest-1)*time.Second/10 || took > time.Duration(rest)*time.Second/10+2*time.Second {
			t.Errorf("%d took %v", rest, took)
		}
		o.exactlyOnce(100)
	})
}

// An interruption at any moment ends with no task running: while SQS starts
// the task, and while it does not list the task yet.
func TestMoveInterruptedAtTheStart(t *testing.T) {
	for name, notFound := range map[string]int{"while it starts": 0, "before it can be cancelled": 3} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t)
			o.fill(100)
			ctx, cancel := context.WithCancel(t.Context())
			o.server.SetFaults(queue.Faults{Call: func(c queue.Call) queue.Fault {
				switch c.Action {
				case "StartMessageMoveTask":
					cancel()
				case "CancelMessageMoveTask":
					if notFound--; notFound >= 0 {
						return queue.Fault{Code: "ResourceNotFoundException", Message: "no", Status: 404}
					}
				}
				return queue.Fault{}
			}})
			if _, err := redrive.Move(ctx, o.client, o.from, o.to, 10, func(int, int) {}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			tasks, err := o.client.ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(o.from.ARN)})
			if err != nil || len(tasks.Results) != 1 || aws.ToString(tasks.Results[0].Status) == "RUNNING" {
				t.Errorf("%s: %+v, %v", name, tasks, err)
			}
			o.exactlyOnce(100)
		})
	}
}

// A function that refuses all it gets must not keep the move going.
func TestMoveEndsWhenLettersComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(50)
		ctx, cancel := context.WithCancel(t.Context())
		var function sync.WaitGroup
		function.Go(func() {
			letters := deadletter.New(o.client, o.from.URL)
			wait := 20 * time.Second
			for ctx.Err() == nil {
				messages, _ := o.requests.Receive(ctx, queue.ReceiveOptions{Wait: &wait})
				for _, m := range messages {
					record := events.SQSMessage{MessageId: m.ID, Body: m.Body, EventSourceARN: o.to.ARN}
					if err := errors.Join(letters.Send(ctx, deadletter.Letter{Record: record, Code: "InvalidPolicy"}), o.requests.Delete(ctx, m.ReceiptHandle)); err != nil {
						t.Error(err)
					}
				}
			}
		})
		moved, err := redrive.Move(t.Context(), o.client, o.from, o.to, 10, func(int, int) {})
		synctest.Wait()
		cancel()
		function.Wait()
		if err != nil || moved < 50 || moved > 60 {
			t.Errorf("%d moved, %v", moved, err)
		}
		o.exactlyOnce(50)
	})
}

func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.fill(25)
		look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{Codes: []string{"PolicyTooLarge"}}, nil)
		if err != nil || len(look.Letters) == 0 {
			t.Fatal(err)
		}
		id := look.Letters[0].ID
		if err := look.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent, err := o.redrive(redrive.Filter{}).Replace(t.Context(), id, "new")
		if err != nil {
			t.Fatal(err)
		}
		got := o.requests.Snapshot()
		if len(got) != 1 || got[0].ID != sent || got[0].Body != "new" || len(got[0].Attributes) != 2 {
			t.Errorf("%+v", got)
		}
		if c := o.deadLetters.Counts(); c.Visible != 24 || c.InFlight != 0 {
			t.Errorf("%+v", c)
		}
		if _, err := o.redrive(redrive.Filter{}).Replace(t.Context(), id, "new"); !errors.Is(err, redrive.ErrGone) {
			t.Errorf("a second time: %v", err)
		}
	})
}
