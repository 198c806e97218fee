package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
)

// Many of them: go test ./functions/apply-policy -run TestStackLives$ -lives 10000
var lives = flag.Int("lives", 60, "how many worlds of stacks to play")

// TestStackLives plays the lives of a few stacks that want the same policies, by
// a model of CloudFormation, against two instances of the real handler.
func TestStackLives(t *testing.T) {
	operations, requests := 0, 0
	for seed := range uint64(*lives) {
		l := playLives(t, seed, nothing)
		for _, s := range l.stacks {
			operations += s.operations
		}
		requests += l.requests
		if len(l.wrong) > 0 {
			t.Errorf("seed %d:\n%s\n%s", seed, strings.Join(l.wrong, "\n"), strings.Join(l.lines, "\n"))
		}
	}
	t.Logf("%d worlds, %d operations of stacks, %d requests", *lives, operations, requests)
}

// stackWorld is the function with everything it calls, the stacks, and what was
// on SES before they came.
type stackWorld struct {
	t       *testing.T
	dice    *dice
	ses     *email.Server
	queues  *queue.Server
	source  *queue.Queue
	table   *table.Server
	bucket  *response.Bucket
	stacks  []*stackModel
	slots   chan *handler // the instances that are idle
	began   time.Time
	without protection
	hand    map[string]string // policies made by hand, by name
	adopted map[string]bool   // names that somebody asked to adopt
	drifted map[string]bool   // names that somebody changed by hand meanwhile

	mu       sync.Mutex
	requests int
	lines    []string
	wrong    []string
}

func (l *stackWorld) note(format string, values ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("\t%8v ", time.Since(l.began).Round(time.Millisecond))+fmt.Sprintf(format, values...))
}

func (l *stackWorld) violate(format string, values ...any) {
	l.note("BROKEN: "+format, values...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, values...))
}

// ServeHTTP is all of AWS.
func (l *stackWorld) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(l.dice.between("way", time.Millisecond, 60*time.Millisecond))
	serve(r, l.queues, l.table, nil, l.bucket, l.ses).ServeHTTP(w, r)
}

// Invoke hands a batch to an instance that is idle.
func (l *stackWorld) Invoke(_ context.Context, payload []byte) (function.Result, error) {
	select {
	case h := <-l.slots:
		defer func() { l.slots <- h }()
		var batch events.SQSEvent
		if err := json.Unmarshal(payload, &batch); err != nil {
			return function.Result{}, err
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		answer, err := h.handle(ctx, batch)
		if err != nil {
			return function.Result{}, err
		}
		text, err := json.Marshal(answer)
		return function.Result{Payload: text}, err
	default:
		return function.Result{}, function.ErrTooManyRequests
	}
}

func playLives(t *testing.T, seed uint64, without protection) (l *stackWorld) {
	l = &stackWorld{dice: newDice(seed), without: without, drifted: map[string]bool{}, hand: map[string]string{}, adopted: map[string]bool{}, slots: make(chan *handler, 2)}
	synctest.Test(t, func(t *testing.T) {
		l.t, l.began, l.slots = t, time.Now(), make(chan *handler, 2)
		poller := l.assemble()
		ctx, stop := context.WithCancel(context.Background())
		var running, living sync.WaitGroup
		running.Go(func() { poller.Run(ctx) })
		for i := range 1 + l.dice.intN("stacks", 3) {
			s := &stackModel{world: l, id: stackARN(string(rune('A' + i))), name: string(rune('A' + i)), resources: map[string]resourceModel{}}
			l.stacks = append(l.stacks, s)
			living.Go(s.live)
		}
		living.Go(l.drift)
		living.Wait()
		for range 600 {
			if l.source.Counts() == (queue.Counts{}) {
				break
			}
			time.Sleep(time.Minute)
		}
		stop()
		running.Wait()
		l.check()
	})
	return l
}

func (l *stackWorld) assemble() *mapping.Mapping {
	stack, err := deploy(0)
	if err != nil {
		l.t.Fatal(err)
	}
	ids := 0
	l.queues = queue.New(queue.Config{Account: "123456789012", Region: "us-east-1", BaseURL: endpoint, NewID: func() string {
		ids++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids)
	}})
	var dead *queue.Queue
	l.source, dead = createQueues(l.t, l.queues, stack)
	l.queues.SetFaults(queue.Faults{
		Pick: func(n int) int { return l.dice.intN("pick", n) },
		Duplicate: func(queue.Message) (time.Duration, bool) {
			return l.dice.between("copy", 0, time.Minute), l.dice.chance("copies", 0.1)
		},
	})
	l.ses, l.table, l.bucket = email.New(email.Config{MinInterval: -1}), newTable(l.t), response.New()
	if l.dice.chance("lossy", 0.4) {
		l.ses.SetFault(func(call email.Call) email.Fault {
			lost := call.Key != "" && l.dice.chance("lost", 0.5)
			return email.Fault{Act: lost, Break: lost}
		})
	}
	for _, name := range policyNames {
		if l.dice.chance("by hand", 0.15) {
			l.hand[name] = policyNumber(9000)
			l.putByHand(name, l.hand[name])
		}
	}
	for range 2 {
		cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: wire.Client{Handler: l}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		h := newHandler(testEnvironment(l.t, dead.URL(), guardrail.Config{}), cfg, slog.New(slog.NewTextHandler(noteWriter{l}, nil)), io.Discard)
		same := h.ledger.Same
		h.ledger = ledger.New(forgetful{l.without, dynamodb.NewFromConfig(cfg)}, ledgerTable)
		h.ledger.Same = same
		l.slots <- h
	}
	described, _ := stack.Function("ApplyPolicyFunction")
	poller, err := mapping.New(mapping.Config{Queue: l.source, Function: l, FunctionTimeout: described.Timeout,
		BatchSize: described.EventSources[0].BatchSize, MaximumConcurrency: 2, ReportBatchItemFailures: true})
	if err != nil {
		l.t.Fatal(err)
	}
	return poller
}

// drift changes a policy by hand in some worlds.
func (l *stackWorld) drift() {
	if !l.dice.chance("drift", 0.3) {
		return
	}
	time.Sleep(l.dice.between("drift at", 0, time.Minute))
	name := one(l.dice, "drifted", policyNames...)
	l.note("%s is changed by hand", name)
	l.drifted[name] = true
	l.putByHand(name, policyNumber(9001))
}

// forgetful is a table that forgets an attribute.
type forgetful struct {
	without protection
	ledger.Client
}

// TransactWriteItems writes what it does not forget.
func (f forgetful) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for i, write := range in.TransactItems {
		if write.Put != nil {
			put := *write.Put
			put.Item = f.without.forget(put.Item)
			if f.without == conditions {
				put.ConditionExpression, put.ExpressionAttributeValues = nil, nil
			}
			in.TransactItems[i].Put = &put
		}
	}
	return f.Client.TransactWriteItems(ctx, in, options...)
}

// livesNeed are the protections without which some stack's life soon ends wrong,
// and how many worlds are played at most to see it. Those without a number are
// needed too, but are seen in the course of hundreds of worlds: with -find.
var livesNeed = []struct {
	without protection
	most    uint64
}{
	{owners, 10}, {takeovers, 20}, {made, 10}, {outcomes, 20},
	{deletes, 0}, {rollbacks, 0}, {doubts, 0}, {conditions, 0},
}

func TestStackLivesNeedEachProtection(t *testing.T) {
	for _, n := range livesNeed {
		if *find {
			n.most = 400
		}
		if n.most == 0 {
			continue
		}
		t.Run(string(n.without), func(t *testing.T) {
			for seed := range n.most {
				if l := playLives(t, seed, n.without); len(l.wrong) > 0 {
					t.Logf("seed %d: %s", seed, l.wrong[0])
					return
				}
			}
			t.Errorf("%d worlds end well without it", n.most)
		})
	}
}

// noteWriter notes the function's log.
type noteWriter struct{ l *stackWorld }

// Write notes a line.
func (w noteWriter) Write(line []byte) (int, error) {
	w.l.note("log: %s", line)
	return len(line), nil
}

func (l *stackWorld) putByHand(name, text string) {
	form := "Action=PutIdentityPolicy&Version=2010-12-01&Identity=example.com&PolicyName=" + name + "&Policy=" + escape(text)
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// An answer that is lost changes nothing: SES has acted.
	_, _ = wire.Client{Handler: l.ses}.Do(request)
}

// check compares SES with what the stacks have: each exactly its policies, and
// what was made by hand is there unless somebody adopted it.
func (l *stackWorld) check() {
	want := map[string]string{}
	maps.Copy(want, l.hand)
	owners := map[string]string{}
	for _, s := range l.stacks {
		for logical, r := range s.resources {
			if owner, taken := owners[r.name]; taken {
				l.violate("%s and %s of stack %s have one policy, %s", owner, logical, s.name, r.name)
			}
			owners[r.name] = logical + " of stack " + s.name
			want[r.name] = policyNumber(r.text)
		}
	}
	has := l.ses.Policies()["example.com"]
	for _, name := range policyNames {
		switch {
		case has[name] == want[name], l.drifted[name]:
		case owners[name] == "" && l.adopted[name] && has[name] == "": // adopted and given up
		case owners[name] == "":
			l.violate("nobody has %s any more, and SES has %q, want %q", name, brief(has[name]), brief(want[name]))
		default:
			l.violate("%s has %s, and SES has %q, want %q", owners[name], name, brief(has[name]), brief(want[name]))
		}
	}
	l.checkAnswers()
}

// checkAnswers checks that nobody was told two things.
func (l *stackWorld) checkAnswers() {
	told := map[string]string{}
	for _, a := range l.bucket.Answers() {
		if before, ok := told[a.RequestID]; ok && before != a.Status {
			l.violate("request %s was told %s and %s", a.RequestID, before, a.Status)
		}
		told[a.RequestID] = a.Status
		if a.Problem != "" {
			l.violate("request %s: %s", a.RequestID, a.Problem)
		}
	}
	if len(told) != l.requests {
		l.violate("%d requests, and %d were answered", l.requests, len(told))
	}
}

// policyNames are the names that all stacks want.
var policyNames = []string{"P", "Q", "R", "S"}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
