package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/template"
	"sespolicy/shared/local/wire"
)

// simulation is one run in virtual time: producers, the queue, the event source
// mapping, the function with the real handler and the real SDK clients, and SES.
// Everything that happens follows from the seed.
type simulation struct {
	t        *testing.T
	dice     *dice
	scenario scenario
	without  protection // that is taken away; empty for none
	began    time.Time
	timeout  time.Duration // the function's

	queues       *queue.Server
	source, dead *queue.Queue
	ses          *email.Server
	tables       *table.Server
	mapping      *mapping.Mapping
	instances    *instances

	produced           atomic.Bool
	letters, exhausted int
	lostReceives       atomic.Int64
	invocations        int
	deliveries         []*delivery
	acted              []act
	again              counts // by message id: what made a request come again after it had ended
	spent              counts // by message id: receives whose end is known
	handed             counts // by message id: deliveries that the function saw

	sentAt, endedAt   map[*asked]time.Duration // since the beginning; ended: had its effect, as the function said first
	operationsChecked int

	mu    sync.Mutex
	asked []*asked
	byID  map[string]*asked

	history
}

// act is something that SES did.
type act struct {
	key      string
	text     string // empty for a delete
	instance *instance
}

// counts counts by name, from any goroutine.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
}

// simulate runs one seed to its end and checks it.
func simulate(t *testing.T, seed uint64, without protection) *simulation {
	s := &simulation{t: t, dice: newDice(seed), without: without, byID: map[string]*asked{}, sentAt: map[*asked]time.Duration{}, endedAt: map[*asked]time.Duration{}}
	s.scenario = newScenario(s.dice)
	synctest.Test(t, func(t *testing.T) {
		s.t, s.began = t, time.Now()
		s.assemble()
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { s.mapping.Run(ctx) })
		running.Go(s.produce)
		running.Go(s.writeElsewhere)
		running.Go(s.learnPrincipals)
		s.drain()
		stop()
		running.Wait()
		s.check()
	})
	s.t = t
	return s
}

// drainWithin is how long after the last fault everything must have ended: the
// longest delay and the visibility timeout several times over.
const drainWithin = 8 * time.Hour

// drain waits until all is sent, no fault is left and the queue is empty.
func (s *simulation) drain() {
	for time.Since(s.began) < faultsEnd+drainWithin {
		if s.produced.Load() && time.Since(s.began) > faultsEnd && s.source.Counts() == (queue.Counts{}) {
			return
		}
		time.Sleep(time.Minute + 7*time.Nanosecond)
	}
	s.violate(ruleEnds, "", "the queue is not empty %v after the last fault: %+v", drainWithin, s.source.Counts())
}

// under reports whether a fault strikes now.
func (s *simulation) under(f fault) bool {
	for _, spell := range s.scenario.spells {
		if spell.fault == f && s.lasts(spell) && s.dice.chance(string(f), spell.chance) {
			return true
		}
	}
	return false
}

func (s *simulation) lasts(spell spell) bool {
	now := time.Since(s.began)
	return spell.from <= now && now < spell.until
}

// deployed is the template with its defaults but for MaxReceiveCount, by that.
var deployed = struct {
	sync.Mutex
	stacks map[int]*template.Stack
}{stacks: map[int]*template.Stack{}}

func deploy(maxReceives int) (*template.Stack, error) {
	deployed.Lock()
	defer deployed.Unlock()
	parameters := map[string]string{}
	if maxReceives > 0 {
		parameters["MaxReceiveCount"] = strconv.Itoa(maxReceives)
	}
	if stack, ok := deployed.stacks[maxReceives]; ok {
		return stack, nil
	}
	parsed, err := template.Load("../../template.yaml")
	if err != nil {
		return nil, err
	}
	stack, err := parsed.Resolve(template.Settings{BaseURL: endpoint, Parameters: parameters})
	deployed.stacks[maxReceives] = stack
	return stack, err
}

// createQueues makes the two queues as the template describes them.
func createQueues(t *testing.T, on *queue.Server, stack *template.Stack) (source, dead *queue.Queue) {
	t.Helper()
	for _, id := range []string{"DeadLetterQueue", "RequestQueue"} {
		described, ok := stack.Queue(id)
		if !ok {
			t.Fatalf("the template has no %s", id)
		}
		attributes := maps.Clone(described.Attributes)
		delete(attributes, "RedriveAllowPolicy") // names the source, which is made after it
		source, dead = create(t, on, described.Name, attributes), source
	}
	return source, dead
}

// assemble puts the parts together, with the template's numbers.
func (s *simulation) assemble() {
	stack, err := deploy(s.scenario.maxReceives)
	if err != nil {
		s.t.Fatal(err)
	}
	described, _ := stack.Function("ApplyPolicyFunction")
	s.timeout = described.Timeout
	ids := 0
	s.queues = queue.New(queue.Config{Account: "123456789012", Region: "us-east-1", BaseURL: endpoint, NewID: func() string {
		ids++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids)
	}})
	s.source, s.dead = createQueues(s.t, s.queues, stack)
	s.queues.SetFaults(queue.Faults{Call: s.queueFault, Duplicate: s.copyOf, Pick: s.pick})
	s.tables = newTable(s.t)
	s.ses = email.New(email.Config{})
	s.ses.SetFault(s.sesFault)
	s.instances = &instances{s: s}
	events := described.EventSources[0]
	s.mapping, err = mapping.New(mapping.Config{
		Queue: s.source, Function: s.instances, FunctionTimeout: described.Timeout,
		BatchSize: events.BatchSize, Window: events.BatchingWindow, MaximumConcurrency: s.scenario.concurrency,
		ReportBatchItemFailures: events.ReportBatchItemFailures, Observe: s.watch,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// copyOf has a standard queue deliver a message twice.
func (s *simulation) copyOf(m queue.Message) (time.Duration, bool) {
	if !s.under(copies) {
		return 0, false
	}
	s.again.add(m.ID)
	return s.dice.between("copy", 0, 10*time.Minute), true
}

// pick has a standard queue deliver in any order.
func (s *simulation) pick(n int) int {
	if n > 1 && s.under(shuffles) {
		return s.dice.intN("pick", n)
	}
	return 0
}

// writeElsewhere is the other writer, who has an identity of its own and the
// same allowance.
func (s *simulation) writeElsewhere() {
	for _, spell := range s.scenario.spells {
		if spell.fault != otherWriter {
			continue
		}
		time.Sleep(max(0, spell.from-time.Since(s.began)))
		for s.lasts(spell) {
			form := url.Values{"Action": {"DeleteIdentityPolicy"}, "Version": {"2010-12-01"}, "Identity": {elsewhere}, "PolicyName": {"Other"}}
			request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
			if err != nil {
				s.t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if _, err := (wire.Client{Handler: s.ses}).Do(request); err != nil {
				s.t.Error(err)
				return
			}
			time.Sleep(s.dice.between("other writer", 100*time.Millisecond, time.Duration(float64(2*time.Second)/spell.chance)))
		}
	}
}

// learnPrincipals has IAM tell SES of the new principal after a while.
func (s *simulation) learnPrincipals() {
	s.ses.SetUnknownPrincipals(wrongPrincipal, newPrincipal)
	time.Sleep(s.dice.between("principal", 0, 10*time.Minute))
	s.ses.SetUnknownPrincipals(wrongPrincipal)
}
