package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// exploration runs a small world through every order of its steps, the shortest
// first. Equal states are visited once.
type exploration struct {
	scenario *smallScenario
	without  protection
	faults   int // how many may strike
	copies   int // how often each message is delivered at least

	function *smallFunction
	records  []events.SQSMessage
	seen     map[[sha256.Size]byte]int // the number of a state
	from     []origin                  // by number
	steps    int
	ends     int
	broken   string // the first rule that was broken, and how it came to that
}

// origin is how a state was first reached.
type origin struct {
	state int
	step  string
}

func (e *exploration) String() string {
	return fmt.Sprintf("%d states, %d steps, %d ends, %d histories of an invocation", len(e.from), e.steps, e.ends, len(e.function.known))
}

// run explores until a rule is broken or nothing is left.
func (e *exploration) run(t *testing.T) {
	e.function, e.seen = newSmallFunction(t, e.without), map[[sha256.Size]byte]int{}
	for i, r := range e.scenario.requests {
		e.records = append(e.records, recordOf(i, r))
	}
	type open struct {
		number int
		world  *smallWorld
	}
	e.from = []origin{{-1, ""}}
	queue := []open{{0, e.beginning()}}
	for len(queue) > 0 && e.broken == "" {
		at := queue[0]
		queue = queue[1:]
		choices := e.choices(at.world)
		if len(choices) == 0 {
			e.ends++
			e.checkEnd(at.world)
			e.judge(at.number, at.world)
		}
		for _, c := range choices {
			e.steps++
			next := at.world.clone()
			c.do(next)
			digest := sha256.Sum256(next.state())
			if _, known := e.seen[digest]; known && next.faulty == "" {
				continue
			}
			number := len(e.from)
			e.seen[digest] = number
			e.from = append(e.from, origin{at.number, c.name})
			e.check(next)
			e.judge(number, next)
			queue = append(queue, open{number, next})
		}
	}
}

// judge notes the first violation, with the steps that led to it.
func (e *exploration) judge(number int, w *smallWorld) {
	if w.faulty == "" || e.broken != "" {
		return
	}
	var steps []string
	for ; number > 0; number = e.from[number].state {
		steps = append(steps, e.from[number].step)
	}
	slices.Reverse(steps)
	e.broken = w.faulty + "\n\t" + strings.Join(steps, "\n\t")
}

var moreWorlds = flag.Bool("more-worlds", false, "explore the small worlds with three requests and with two faults too, which takes long")

// TestSmallWorlds explores every scenario with two instances and one fault at
// every step: a kill, a lost answer, a call that is refused or arrives late, or a
// message that comes twice. Where it says so, every message comes twice besides.
func TestSmallWorlds(t *testing.T) {
	var states, steps, ends atomic.Int64
	t.Run("explore", func(t *testing.T) {
		for i := range smallScenarios {
			s := &smallScenarios[i]
			e := exploration{scenario: s, faults: 1, copies: 2}
			switch {
			case s.more && !*moreWorlds:
				continue
			case !s.twice:
				e.copies = 1
			}
			if *moreWorlds && !s.more {
				e.faults = 2
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				e.run(t)
				t.Log(&e)
				if e.broken != "" {
					t.Error(e.broken)
				}
				states.Add(int64(len(e.from)))
				steps.Add(int64(e.steps))
				ends.Add(int64(e.ends))
			})
		}
	})
	t.Logf("%d states, %d steps, %d ends", states.Load(), steps.Load(), ends.Load())
}
