package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
)

// The full size: go test ./functions/apply-policy -run TestTheBinary -v -requests 2000
var manyRequests = flag.Int("requests", 200, "how many requests the shipped binary gets, ten for each policy")

const (
	binaryInterval   = 5 * time.Millisecond // in place of SES's second
	binaryVisibility = 3 * time.Second      // in place of six minutes: real time passes here
)

// TestTheBinaryUnderFaults runs the executable that ships on the local stack,
// in real time, kills it at random moments, and lets SES and the dead-letter
// queue fail. The rules are the simulator's; what happens when is up to the
// machine, so no seed brings a failure back.
func TestTheBinaryUnderFaults(t *testing.T) {
	bootstrap, err := local.Build(t.Context(), "../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := newBinary(t, bootstrap)
	b.run()
	b.settleAccounts()
	b.s.check()
	t.Log(b)
	if len(b.s.violations) > 0 {
		t.Error(b.s.report())
	}
}

// binary is one run: the stack, and a simulation that keeps the accounts and
// holds them to the rules.
type binary struct {
	t     *testing.T
	stack *local.Stack
	s     *simulation
	calm  atomic.Bool // no more faults

	mu    sync.Mutex
	kills []time.Time
	lines []local.Request
	done  map[string]bool // request ids of the invocations whose response the mapping got
	calls []madeCall
	took  time.Duration
}

// madeCall is a call of SES, and what was stored when it had been answered.
type madeCall struct {
	email.Call
	stored string
}

func newBinary(t *testing.T, bootstrap string) *binary {
	t.Helper()
	b := &binary{t: t, done: map[string]bool{}}
	stack, err := local.Start(t.Context(), local.Config{
		Template: "../../template.yaml", Bootstrap: bootstrap, Listen: "127.0.0.1:0", Paused: true,
		Environment:  map[string]string{envMinCallInterval: binaryInterval.String()},
		CallInterval: binaryInterval,
		Observer:     local.Observer{Request: b.heard, Mapping: b.watch, Call: b.called},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stack.Close)
	b.stack = stack
	b.s = newSimulation(t, rand.Uint64())
	b.s.source, b.s.dead, b.s.ses = stack.Source(), stack.DeadLetters(), stack.Email
	b.s.scenario = scenario{
		maxReceives: 20, concurrency: templateConcurrency(t), requests: *manyRequests, identities: *manyRequests / 20, names: 2,
		sendUntil: time.Duration(*manyRequests) * 10 * time.Millisecond, bursts: true, late: 3 * time.Second,
	}
	if err := stack.Source().SetAttributes(t.Context(), map[string]string{"VisibilityTimeout": fmt.Sprintf("%.0f", binaryVisibility.Seconds())}); err != nil {
		t.Fatal(err)
	}
	stack.Queues.SetFaults(queue.Faults{Call: b.queueFault, Duplicate: b.s.copyOf})
	stack.Email.SetFault(b.sesFault)
	return b
}

// run sends everything, goes on with the faults for a while, and waits until
// nothing is left.
func (b *binary) run() {
	b.s.ses.SetUnknownPrincipals(wrongPrincipal, newPrincipal)
	b.stack.Resume()
	var running sync.WaitGroup
	running.Go(b.s.produce)
	running.Go(b.killNowAndThen)
	running.Wait()
	b.s.ses.SetUnknownPrincipals(wrongPrincipal)
	b.calm.Store(true)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for b.s.source.Counts() != (queue.Counts{}) {
		<-tick.C
		if time.Since(b.s.began) > 5*time.Minute {
			b.s.violate(ruleEnds, "", "the queue is not empty after five minutes: %+v", b.s.source.Counts())
			break
		}
	}
	b.took = time.Since(b.s.began)
	b.stack.Close() // every line is read, every event told
}

// killNowAndThen kills the function's process at random moments until all is
// sent and a few seconds longer.
func (b *binary) killNowAndThen() {
	for left := 10; left > 0; {
		<-time.After(b.s.dice.between("kill", 50*time.Millisecond, 900*time.Millisecond))
		for _, pid := range b.stack.Function.PIDs() {
			if process, err := os.FindProcess(pid); err == nil && process.Kill() == nil {
				b.mu.Lock()
				b.kills = append(b.kills, time.Now())
				b.mu.Unlock()
			}
		}
		if b.s.produced.Load() {
			left--
		}
	}
}

// sesFault is SES on a bad day: slow, failing, refusing, forgetting, and now
// and then silent until the caller gives up.
func (b *binary) sesFault(email.Call) email.Fault {
	if b.calm.Load() {
		return email.Fault{}
	}
	switch luck := b.s.dice.intN("SES", 1000); {
	case luck < 40:
		return email.Fault{After: b.s.dice.between("stall", 10*time.Millisecond, 300*time.Millisecond)}
	case luck < 70:
		return email.Fault{Code: "ServiceUnavailable"}
	case luck < 90:
		return email.Fault{Act: true, Break: true}
	case luck < 110:
		return email.Fault{Act: true, Status: http.StatusBadGateway}
	case luck < 125:
		return email.Fault{Code: "Throttling", Message: "Rate exceeded"}
	case luck < 130:
		return email.Fault{Code: "ExpiredToken", Status: http.StatusForbidden}
	case luck < 132:
		return email.Fault{Act: true, Hang: true}
	}
	return email.Fault{}
}

// queueFault takes the dead-letter queue out for a second of every two, and
// refuses every delay: what is handed back comes again after the queue's own
// visibility timeout, not half a minute later.
func (b *binary) queueFault(call queue.Call) queue.Fault {
	switch call.Action {
	case "ChangeMessageVisibilityBatch":
		return queue.Fault{Code: "InvalidParameterValue"}
	case "SendMessage":
		if call.Queue == b.stack.DeadLetters().Name() && !b.calm.Load() && time.Since(b.s.began)%(2*time.Second) < time.Second {
			return one(b.s.dice, "outage", // the SDK tries the first again
				queue.Fault{Code: "InternalError", Status: http.StatusInternalServerError},
				queue.Fault{Code: "AccessDenied", Status: http.StatusForbidden})
		}
	}
	return queue.Fault{}
}

func (b *binary) heard(r local.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, r)
}

func (b *binary) watch(event mapping.Event) {
	b.s.watch(event)
	switch event.Kind {
	case mapping.Completed:
		b.mu.Lock()
		b.done[event.Result.RequestID] = true
		b.mu.Unlock()
	case mapping.FunctionError, mapping.BadResponse:
	default:
		return
	}
	for _, m := range event.Messages {
		b.s.handed.add(m.ID)
	}
}

// called notes a call with what SES has afterwards: the text says whose it is.
func (b *binary) called(call email.Call) {
	stored := b.stack.Email.Policies()[call.Key][call.PolicyName]
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, madeCall{call, stored})
}

// settleAccounts tells the simulation what happened: which instance said what
// of which request, and which made SES change what. An instance is what lives
// from one kill to the next.
func (b *binary) settleAccounts() {
	s := b.s
	instances := make([]*instance, len(b.kills)+1)
	for i := range instances {
		instances[i] = &instance{s: s, number: i}
	}
	at := func(t time.Time) *instance {
		before, _ := slices.BinarySearchFunc(b.kills, t, time.Time.Compare)
		return instances[before]
	}
	slices.SortStableFunc(b.calls, func(x, y madeCall) int { return x.Time.Compare(y.Time) })
	stored, last := map[string]string{}, map[*instance]time.Time{}
	for _, call := range b.calls {
		key, in := call.Key+"/"+call.PolicyName, at(call.Time)
		if pause := call.Time.Sub(last[in]); pause < binaryInterval {
			s.violate(rulePace, key, "two calls within %v", pause)
		}
		last[in] = call.Time
		if before, known := stored[key]; call.stored != before || !known || call.Code == "" {
			s.acted = append(s.acted, &act{key: key, text: call.stored})
		}
		stored[key] = call.stored
	}
	slices.SortStableFunc(b.lines, func(x, y local.Request) int { return x.Time.Compare(y.Time) })
	for _, line := range b.lines {
		said := &delivery{asked: s.byID[line.MessageID], receives: line.ReceiveCount, outcome: line.Outcome, code: line.Code, answered: b.done[line.RequestID]}
		s.deliveries = append(s.deliveries, said)
		s.checkSaid(said)
		s.lines = append(s.lines, lineAt(s, line, said))
	}
}

func lineAt(s *simulation, r local.Request, said *delivery) line {
	return line{r.Time.Sub(s.began), said.key(), fmt.Sprintf("#%d is %s %s (receive %d)", said.number, said.outcome, said.code, said.receives)}
}

// String is the figures.
func (b *binary) String() string {
	outcomes, codes := map[string]int{}, map[string]int{}
	for _, l := range b.lines {
		outcomes[l.Outcome]++
	}
	for _, c := range b.calls {
		codes[strings.TrimSpace("SES "+c.Code)]++
	}
	stats := b.stack.Stats()
	return fmt.Sprintf("%d requests over %d policies ended in %v: %d kills, %d invocations (%d failed), %d receives (%d spent on throttling), deliveries %v, calls %v, %d dead letters with a reason, %d out of receives",
		len(b.s.asked), b.s.scenario.identities*b.s.scenario.names, b.took.Round(100*time.Millisecond), len(b.kills), stats.Invocations, stats.FunctionErrors, stats.Received, stats.Dropped,
		outcomes, codes, b.s.letters, b.s.exhausted)
}
