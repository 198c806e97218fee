package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/function"
)

// instances is the function as Lambda runs it: as many execution environments at
// a time as its concurrency allows, and another one in the place of one that has
// crashed, or whenever Lambda wants to. It is the mapping's Function.
type instances struct {
	s *simulation

	mu    sync.Mutex
	slots []slot
	made  int
}

// slot is the place of one execution environment.
type slot struct {
	busy    bool
	current *instance // nil before the first, and after a crash
}

// instance is one execution environment: the real handler with the real SDK
// clients, and what it remembers.
type instance struct {
	s       *simulation
	number  int
	slot    *slot
	handler *handler
	arrived []time.Time // its calls of SES, as they arrived

	running  *invocation
	lastUsed time.Time
}

// invocation is one batch in an instance.
type invocation struct {
	number   int
	deadline time.Time
	records  []events.SQSMessage
	said     []*delivery
	newest   map[string]ledger.Order // by key: of what SES did for it
	calls    int                     // AWS calls so far
	breaksAt int                     // it ends at this call; 0: it does not
	breaking fault                   // crashes or freezes
	sends    bool                    // the call at which it ends is still sent
	response []byte

	intent *intent           // the latest that it wrote
	acts   []*act            // the changes that SES made for it
	looked map[string]string // by policy: what SES had when it was asked last
	struck bool              // a call of the ledger failed
	broken bool              // it did not end by itself
}

// delivery is what the function said of one delivery of a request.
type delivery struct {
	*asked
	during   *invocation // nil of the shipped binary
	receives int
	outcome  string // as the log has it
	code     string
	answered bool // the mapping was told
}

// end is thrown when an instance ends in the middle of something.
type end struct{ fault fault }

// Invoke runs the handler on a batch, as Lambda would.
func (f *instances) Invoke(_ context.Context, payload []byte) (function.Result, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return function.Result{}, err
	}
	first := batch.Records[0]
	d := f.s.dice.about("invoking", first.MessageId+"/"+first.Attributes["ApproximateReceiveCount"])
	time.Sleep(time.Duration(1 + d.IntN(int(30*time.Millisecond))))
	if f.s.under(pollersWait) {
		return function.Result{}, function.ErrTooManyRequests
	}
	free := f.claim()
	if free == nil {
		return function.Result{}, function.ErrTooManyRequests
	}
	defer f.release(free)
	in := f.instance(free)
	if err := f.s.run(in, batch); err != nil {
		f.s.note("", "instance %d: %v", in.number, err)
		return function.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}, nil
	}
	return function.Result{Payload: in.running.response}, nil
}

// claim takes a slot; nil if all are busy.
func (f *instances) claim() *slot {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.slots {
		if !f.slots[i].busy {
			f.slots[i].busy = true
			return &f.slots[i]
		}
	}
	return nil
}

func (f *instances) release(s *slot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.busy = false
}

// resting reports whether no instance is in an invocation.
func (f *instances) resting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.slots {
		if s.busy {
			return false
		}
	}
	return true
}

// instance is the slot's warm one, or a new one if there is none.
func (f *instances) instance(in *slot) *instance {
	idle := f.s.dice.between("idle", 5*time.Minute, 20*time.Minute)
	if in.current == nil || time.Since(in.current.lastUsed) > idle || f.s.under(coldStarts) {
		time.Sleep(f.s.dice.between("cold start", 50*time.Millisecond, 400*time.Millisecond))
		f.mu.Lock()
		f.made++
		number := f.made
		f.mu.Unlock()
		in.current = newInstance(f.s, in, number)
		f.s.note("", "instance %d starts", number)
	}
	return in.current
}

func newInstance(s *simulation, in *slot, number int) *instance {
	made := &instance{s: s, number: number, slot: in}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: network{s, made},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		// The SDK's own retryer but for its waits, which come from the seed.
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.RateLimiter = ratelimit.None
				o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
					return s.dice.between("backoff", 0, time.Second<<attempt), nil
				})
			})
		},
	}
	env := testEnvironment(s.t, s.dead.URL(), guardrail.Config{RequireMatchingResource: true})
	env.MaxReceiveCount, env.EventBusName, env.AnswerStepFunctions = s.scenario.maxReceives, "outcomes", true
	h := newHandler(env, cfg, slog.New(listener{made}), io.Discard)
	h.visibility = seededDelays{s.dice, h.visibility}
	s.without.weaken(h, cfg)
	made.handler = h
	return made
}

// run is one invocation, to its end whatever that is. An error is the function
// error that Lambda reports.
func (s *simulation) run(in *instance, batch events.SQSEvent) (err error) {
	v := s.begin(in, batch.Records)
	ctx, cancel := context.WithDeadline(context.Background(), s.without.deadline(v.deadline))
	defer cancel()
	defer func() {
		in.lastUsed = time.Now()
		switch thrown := recover().(type) {
		case nil:
		case end:
			in.slot.current, v.broken = nil, true
			err = fmt.Errorf("%s", thrown.fault)
		default:
			panic(thrown)
		}
		s.checkInvocation(v)
	}()
	s.note("", "instance %d, batch %d: %s", in.number, v.number, s.numbers(batch.Records))
	response, err := in.handler.handle(ctx, s.without.batch(s, batch))
	if err != nil {
		return err
	}
	if v.response, err = json.Marshal(response); err != nil {
		return err
	}
	if v.breaksAt > 0 { // it made fewer calls than that: it ends before its response
		s.breakOff(v)
	}
	if !time.Now().Before(v.deadline) {
		in.slot.current = nil
		s.violate(ruleDeadline, "", "batch %d ran %v past its deadline", v.number, time.Since(v.deadline))
		return context.DeadlineExceeded
	}
	if s.under(responseLost) {
		return fmt.Errorf("%s", responseLost)
	}
	for _, each := range v.said {
		each.answered = true
	}
	return nil
}

// begin begins an invocation. What earlier deliveries of its messages have sent
// to SES arrives before.
func (s *simulation) begin(in *instance, records []events.SQSMessage) *invocation {
	s.mu.Lock()
	s.invocations++
	v := &invocation{number: s.invocations, deadline: time.Now().Add(s.timeout), records: records, newest: map[string]ledger.Order{}, looked: map[string]string{}}
	s.mu.Unlock()
	in.running = v
	for _, f := range []fault{crashes, freezes} {
		if v.breaksAt == 0 && s.under(f) {
			v.breaksAt, v.breaking, v.sends = 1+s.dice.intN("step", one(s.dice, "steps", 12, 40)), f, s.dice.chance("sends", 0.5)
		}
	}
	for _, r := range records {
		s.handed.add(r.MessageId)
	}
	s.overtake(records)
	return v
}

// breakOff ends the instance: immediately, or at its deadline.
func (s *simulation) breakOff(v *invocation) {
	if v.breaking == freezes {
		time.Sleep(time.Until(v.deadline))
	}
	panic(end{v.breaking})
}

// numbers names the requests of a batch.
func (s *simulation) numbers(records []events.SQSMessage) string {
	text := ""
	for _, r := range records {
		text += " #" + strconv.Itoa(s.request(r.MessageId).number) + "(" + r.Attributes["ApproximateReceiveCount"] + ")"
	}
	return text
}

// seededDelays replaces the jitter of the delays, which takes no seed.
type seededDelays struct {
	dice *dice
	ChangeMessageVisibilityBatchAPIClient
}

func (c seededDelays) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, options ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	for i := range in.Entries {
		entry := &in.Entries[i]
		for _, full := range []int32{30, 60, 120, 240, 480, 900} {
			if entry.VisibilityTimeout > 0 && entry.VisibilityTimeout <= full {
				entry.VisibilityTimeout = full - int32(c.dice.intN("jitter", int(full/10)))
				break
			}
		}
	}
	return c.ChangeMessageVisibilityBatchAPIClient.ChangeMessageVisibilityBatch(ctx, in, options...)
}
