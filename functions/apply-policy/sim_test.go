package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// One seed:     go test ./functions/apply-policy -run TestAnySeed -seed 17
// Many of them: go test ./functions/apply-policy -run TestAnySeed -seeds 10000
var (
	firstSeed = flag.Uint64("seed", 0, "the first seed of the simulator; alone it is the only one")
	seeds     = flag.Int("seeds", 0, "how many seeds to simulate; 150 by default")
)

// TestAnySeed runs the simulator with many seeds.
func TestAnySeed(t *testing.T) {
	many := *seeds
	switch {
	case many == 0 && *firstSeed != 0:
		many = 1
	case many == 0:
		many = 150
	}
	sum := tally{ends: map[string]int{}}
	for i := range many {
		seed := *firstSeed + uint64(i)
		s := simulate(t, seed, nothing)
		sum.add(s)
		if len(s.violations) > 0 {
			t.Errorf("seed %d:\n%s", seed, s.report())
		}
	}
	t.Log(sum)
}

// tally is what a number of runs came to.
type tally struct {
	seeds, requests, stacks, deliveries, acts, answers, instances, letters, exhausted, operations, doubts int
	ends                                                                                                  map[string]int // by outcome and code
}

func (t *tally) add(s *simulation) {
	t.seeds++
	t.requests += len(s.asked)
	t.stacks += len(s.stacks)
	t.answers += len(s.bucket.Answers()) + len(s.tasks.Answers())
	t.deliveries += len(s.deliveries)
	t.acts += len(s.acted)
	t.instances += s.instances.made
	t.letters += s.letters
	t.exhausted += s.exhausted
	t.operations += s.operationsChecked
	for _, said := range s.deliveries {
		if said.answered {
			t.ends[strings.TrimSpace(said.outcome+" "+said.code)]++
		}
	}
	t.doubts += len(s.doubtful)
}

func (t tally) String() string {
	return fmt.Sprintf("%d seeds: %d requests, %d stacks, %d deliveries, %d changes made by SES, %d answers, %d instances, %d dead letters with a reason, %d moved by SQS, %d operations checked by Porcupine, %d policies in doubt for good, ends %v",
		t.seeds, t.requests, t.stacks, t.deliveries, t.acts, t.answers, t.instances, t.letters, t.exhausted, t.operations, t.doubts, t.ends)
}

// TestASeedIsReplayed runs seeds twice: the same must happen at the same times.
func TestASeedIsReplayed(t *testing.T) {
	for seed := range uint64(20) {
		once, twice := simulate(t, seed, nothing), simulate(t, seed, nothing)
		if !slices.Equal(once.lines, twice.lines) {
			for i := range min(len(once.lines), len(twice.lines)) {
				if once.lines[i] != twice.lines[i] {
					t.Fatalf("seed %d, line %d of %d and %d:\n%v\n%v", seed, i, len(once.lines), len(twice.lines), once.lines[i], twice.lines[i])
				}
			}
			t.Errorf("seed %d: %d lines, then %d", seed, len(once.lines), len(twice.lines))
		}
	}
}
