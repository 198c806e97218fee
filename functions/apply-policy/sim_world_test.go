package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sespolicy/shared/ledger"
	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/template"
	"sespolicy/shared/local/wire"
)

// simulation is one run in virtual time: producers and stacks, the queue, the
// event source mapping, the function with the real handler and the real SDK
// clients, and all that it calls. Everything that happens follows from the seed.
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
	tables       *memoryTable
	ledger       *ledger.Ledger // reads the table, past all faults
	bucket       *response.Bucket
	tasks        *states.Server
	bus          *bus.Server
	mapping      *mapping.Mapping
	instances    *instances
	stacks       []*stackModel

	produced, lived    atomic.Bool
	letters, exhausted int
	lostReceives       atomic.Int64
	again              counts // by message id: what made a request come again after it had ended
	spent              counts // by message id: receives whose end is known
	handed             counts // by message id: deliveries that the function saw
	givenUp            counts // by message id: answers that the function gave up
	refused            counts // by message id: answers that can never arrive
	operationsChecked  int
	doubtful           map[string]bool // the policies that were left in doubt for good

	mu          sync.Mutex
	asked       []*asked
	byID        map[string]*asked
	invocations int
	deliveries  []*delivery
	acted       []*act
	late        []*lateCall
	seen        []queue.Message          // letters that were there when one was put back
	endedAt     map[*asked]time.Duration // since the beginning: had its effect, as the function said first
	told        map[string]bool          // by message id: whether the requester was told of success
	hand        map[string]string        // policies that were there before: the texts
	drifted     string                   // the policy that was changed by hand

	history
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

func newSimulation(t *testing.T, seed uint64) *simulation {
	return &simulation{t: t, dice: newDice(seed), began: time.Now(), byID: map[string]*asked{}, endedAt: map[*asked]time.Duration{}, told: map[string]bool{}, hand: map[string]string{}, doubtful: map[string]bool{}}
}

// simulate runs one seed to its end and checks it.
func simulate(t *testing.T, seed uint64, without protection) (s *simulation) {
	synctest.Test(t, func(t *testing.T) {
		s = newSimulation(t, seed)
		s.scenario, s.without = newScenario(s.dice), without
		s.assemble()
		s.putByHand()
		ctx, stop := context.WithCancel(context.Background())
		var running, living sync.WaitGroup
		running.Go(func() { s.mapping.Run(ctx) })
		running.Go(s.produce)
		running.Go(s.writeElsewhere)
		running.Go(s.learnPrincipals)
		running.Go(s.drift)
		living.Go(s.redriveLetters)
		for _, stack := range s.stacks {
			living.Go(stack.live)
		}
		running.Go(func() {
			living.Wait()
			s.lived.Store(true)
		})
		s.drain()
		stop()
		running.Wait()
		s.check()
	})
	s.t = t
	return s
}

// drainWithin is how long after the last fault everything must have ended: the
// longest delay and the visibility timeout several times over, and the patience
// of the stacks' operators.
const drainWithin = 8 * time.Hour

// drain waits until all is sent, no fault is left and the queue is empty. Whenever
// nothing is under way, it checks the policies.
func (s *simulation) drain() {
	checked := -1
	for time.Since(s.began) < faultsEnd+drainWithin {
		time.Sleep(time.Minute + 7*time.Nanosecond)
		if resting := s.resting(); resting && s.produced.Load() && s.lived.Load() && time.Since(s.began) > faultsEnd {
			return
		} else if changes := s.changes(); resting && changes != checked {
			s.checkPolicies(s.endings())
			checked = changes
		}
	}
	s.violate(ruleEnds, "", "the queue is not empty %v after the last fault: %+v", drainWithin, s.source.Counts())
}

// resting reports whether nothing is in flight: no message, no invocation, no call.
func (s *simulation) resting() bool {
	return s.source.Counts() == (queue.Counts{}) && s.instances.resting() && !s.underway()
}

func (s *simulation) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acted)
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
	s.queues = queue.New(queue.Config{BaseURL: endpoint, NewID: func() string {
		ids++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids)
	}})
	s.source, s.dead = createQueues(s.t, s.queues, stack)
	s.assembleServices()
	s.queues.SetFaults(queue.Faults{Call: s.queueFault, Duplicate: s.copyOf, Pick: s.pick})
	s.instances = &instances{s: s, slots: make([]slot, s.scenario.instances)}
	events := described.EventSources[0]
	s.mapping, err = mapping.New(mapping.Config{
		Queue: s.source, Function: s.instances, FunctionTimeout: described.Timeout,
		BatchSize: events.BatchSize, MaximumConcurrency: s.scenario.concurrency,
		ReportBatchItemFailures: events.ReportBatchItemFailures, Observe: s.watch,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range s.scenario.stacks {
		s.stacks = append(s.stacks, newStack(s, i))
	}
}

// assembleServices makes what the function calls beside the queues.
func (s *simulation) assembleServices() {
	s.ses, s.bucket, s.tasks, s.bus = email.New(email.Config{}), response.New(), states.New(), bus.New()
	s.ses.SetFault(s.sesFault)
	s.bucket.SetFault(s.bucketFault)
	s.bucket.Observe = s.checkTold
	s.tasks.SetFault(s.taskFault)
	s.bus.SetFault(s.busFault)
	s.tables = &memoryTable{items: map[string]json.RawMessage{}}
	s.ledger = ledger.New(dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: wire.Client{Handler: s.tables}, Credentials: aws.AnonymousCredentials{},
	}), ledgerTable)
}
