package redrive_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

func newOffice(t *testing.T, fifo bool) *office {
	t.Helper()
	server := queue.New(queue.Config{Account: "123456789012", Region: "us-east-1", BaseURL: "http://sqs.local"})
	suffix, more := "", map[string]string{}
	if fifo {
		suffix, more["FifoQueue"] = ".fifo", "true"
	}
	create := func(name string, attributes map[string]string) *queue.Queue {
		q, err := server.Create(name+suffix, attributes)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	o := &office{t: t, server: server}
	o.deadLetters = create("DeadLetterQueue", more)
	withRedrive := maps.Clone(more)
	withRedrive["RedrivePolicy"] = `{"deadLetterTargetArn":"` + o.deadLetters.ARN() + `","maxReceiveCount":1}`
	o.requests = create("RequestQueue", withRedrive)
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
			Attributes: map[string]string{"MessageGroupId": fmt.Sprintf("d%d.example.com", i%7)},
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
	for name, test := range map[string]struct {
		fifo   bool
		filter redrive.Filter
		all    int // letters that the filter wants
	}{
		"by code": {false, redrive.Filter{Codes: []string{"invalidpolicy"}}, 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, test.fifo)
			o.fill(500)
			ctx, cancel := context.WithCancel(t.Context())
			r := o.redrive(test.filter)
			n := 0
			r.Done = func(*redrive.Letter, string) {
				if n++; n == 37 {
					cancel()
				}
			}
			report, err := r.Run(ctx)
			if !errors.Is(err, context.Canceled) || report.Redriven != 37 {
				t.Fatalf("%s: %d redriven, %v", name, report.Redriven, err)
			}
			o.exactlyOnce(500)
			if c := o.deadLetters.Counts(); c.Visible != 463 || c.InFlight != 0 {
				t.Errorf("%s: left hidden: %+v", name, c)
			}
			r.Done = nil
			report, err = r.Run(t.Context())
			if err != nil || report.Redriven != test.all-37 {
				t.Fatalf("%s: %d redriven, %v", name, report.Redriven, err)
			}
			o.exactlyOnce(500)
			if c := o.deadLetters.Counts(); c.Visible != 500-test.all || c.InFlight != 0 {
				t.Errorf("%s: left: %+v", name, c)
			}
			for _, m := range o.requests.Snapshot() {
				if len(m.Attributes) != 2 || m.Attributes["Team"].StringValue != "mail" || string(m.Attributes["Bytes"].BinaryValue) != "\x00\xff" {
					t.Errorf("%s: attributes %+v", name, m.Attributes)
				}
			}
		})
	}
}

func TestRedriveKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
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

func TestRedriveLeavesWhatWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
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

// What the function rejects again must not be put back by the same redrive.
func TestRedriveLeavesWhatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
		o.reject(0, "InvalidPolicy", "")
		letters := deadletter.New(o.client, o.from.URL)
		r := o.redrive(redrive.Filter{})
		r.Done = func(l *redrive.Letter, id string) {
			l.Record.MessageId = id
			if err := letters.Send(t.Context(), deadletter.Letter{Record: l.Record, Code: "InvalidPolicy", Message: "again"}); err != nil {
				t.Error(err)
			}
		}
		if report, err := r.Run(t.Context()); err != nil || report.Redriven != 1 {
			t.Errorf("%d redriven, %v", report.Redriven, err)
		}
	})
}

func TestRedriveOfALetterInOtherHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
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

// What is edited after a crash is another request than the copy that is there.
func TestReplaceAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
		o.reject(0, "InvalidPolicy", "")
		o.crash()
		if _, err := o.redrive(redrive.Filter{}).Replace(t.Context(), o.deadLetters.Snapshot()[0].ID, "new"); err != nil {
			t.Fatal(err)
		}
		if got := bodies(o.requests); len(got) != 2 || got[0] != "new" && got[1] != "new" {
			t.Errorf("on the queue: %q", got)
		}
	})
}

// A crash between the copy and the delete leaves one letter on both queues.
func TestRedriveAfterACrash(t *testing.T) {
	for _, fifo := range []bool{false} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, fifo)
			o.reject(0, "InvalidPolicy", "")
			o.crash()
			if _, err := o.redrive(redrive.Filter{}).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := 2
			if fifo {
				want = 1
			}
			if got := len(bodies(o.requests)); got != want || len(bodies(o.deadLetters)) != 0 {
				t.Errorf("fifo %v: %d copies, want %d", fifo, got, want)
			}
		})
	}
}

func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
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

// A function that refuses all it gets must not keep the move going.
func TestMoveEndsWhenLettersComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, false)
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
	for _, fifo := range []bool{false} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, fifo)
			o.fill(25)
			look, err := redrive.Find(t.Context(), o.client, o.from, redrive.Filter{Codes: []string{"PolicyTooLarge"}})
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
}
