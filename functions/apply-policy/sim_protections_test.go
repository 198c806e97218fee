package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/apply"
	"sespolicy/shared/deadletter"
)

// protection is something of the function that can be taken away, to see that
// the simulator notices. It is taken away from outside: the code that runs is
// the code that ships.
type protection string

// The protections.
const (
	nothing     protection = ""
	mark        protection = "the mark of what was applied"
	newestFirst protection = "newest first"
	deadline    protection = "the deadline check"
	letterFirst protection = "the dead letter before the delete"
	pace        protection = "the pace"
)

// weaken takes away what is in the handler for good.
func (p protection) weaken(h *handler, cfg aws.Config) {
	switch p {
	case letterFirst:
		h.deadLetters = deadletter.New(careless{sqs.NewFromConfig(cfg)}, h.deadLetterQueueURL)
	case pace:
		h.applier = apply.New(cfg, time.Nanosecond)
	}
}

// batch takes away what one batch may use: its memory of the batches before, or
// its knowledge of what was sent when.
func (p protection) batch(h *handler, batch events.SQSEvent) events.SQSEvent {
	switch p {
	case mark:
		h.marks = newMarks()
	case newestFirst:
		mirror(batch.Records)
	}
	return batch
}

// mirror turns the order of a batch's SentTimestamps round: the oldest is the
// newest.
func mirror(records []events.SQSMessage) {
	first, last := int64(math.MaxInt64), int64(0)
	sent := make([]int64, len(records))
	for i, r := range records {
		sent[i], _ = strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64) // the queue writes numbers
		first, last = min(first, sent[i]), max(last, sent[i])
	}
	for i, r := range records {
		r.Attributes["SentTimestamp"] = strconv.FormatInt(first+last-sent[i], 10)
	}
}

// deadline is the deadline that the handler is told.
func (p protection) deadline(ofLambda time.Time) time.Time {
	if p == deadline {
		return ofLambda.Add(time.Hour)
	}
	return ofLambda
}

// careless takes every letter for sent.
type careless struct {
	deadletter.SendMessageAPIClient
}

func (c careless) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	_, _ = c.SendMessageAPIClient.SendMessage(ctx, in, options...)
	return &sqs.SendMessageOutput{}, nil
}

// namedSeeds are seeds that break a rule as soon as one protection is taken
// away, and that break none with it. A change to the simulator gives every seed
// another story: then find new ones with -find.
var namedSeeds = []struct {
	without protection
	fifo    bool
	seed    uint64
	breaks  string // the rule
	reason  string
}{
	{mark, false, 3, rulePolicies, "the second copy of a delete comes after the put that was sent after it"},
	{mark, false, 4, rulePolicies, "a put that waited for its principal comes after a newer one was applied"},
	{newestFirst, false, 5, ruleSuperseded, "the older of a batch is applied, the newer taken for overtaken"},
	{newestFirst, true, 3, ruleSuperseded, "the same on a FIFO queue, where a batch has both as well"},
	{deadline, false, 45, ruleDeadline, "slow calls and failing ones: a call begins 3 seconds before the function's end"},
	{deadline, true, 28, ruleDeadline, "the same on a FIFO queue: the batch runs into the function's timeout"},
	{letterFirst, false, 39, ruleEnds, "the dead-letter queue is out, and the refused request is gone"},
	{letterFirst, true, 28, ruleEnds, "the same on a FIFO queue"},
	{pace, false, 2, rulePace, "calls come as fast as SES answers"},
}

var find = flag.Bool("find", false, "print seeds that show that each protection is needed, instead of testing the named ones")

func TestProtectionsAreNeeded(t *testing.T) {
	if *find {
		findSeeds(t)
		return
	}
	for _, named := range namedSeeds {
		t.Run(fmt.Sprintf("%s without %s, seed %d", kindOfQueue(named.fifo), named.without, named.seed), func(t *testing.T) {
			if s := simulate(t, named.seed, named.fifo, nothing); len(s.violations) > 0 {
				t.Errorf("with all protections:\n%s", s.report())
			}
			if s := simulate(t, named.seed, named.fifo, named.without); !s.broke(named.breaks) {
				t.Errorf("without %s %q holds all the same (%s): find another seed with -find", named.without, named.breaks, named.reason)
			}
		})
	}
}

// findSeeds looks for a seed of each protection on each kind of queue.
func findSeeds(t *testing.T) {
	const most = 3000 // a minute or two
	for _, p := range []protection{mark, newestFirst, deadline, letterFirst, pace} {
		for _, fifo := range []bool{false, true} {
			begun, found := time.Now(), 0
			for seed := uint64(1); seed <= most && found < 3; seed++ {
				if s := simulate(t, seed, fifo, p); len(s.violations) > 0 {
					found++
					t.Logf("without %s, %s: seed %d after %v:\n%s", p, kindOfQueue(fifo), seed, time.Since(begun).Round(time.Millisecond), s.report())
				}
			}
			if found == 0 {
				t.Logf("without %s, %s: no seed of %d, %v", p, kindOfQueue(fifo), most, time.Since(begun))
			}
		}
	}
}

// broke reports whether a rule was broken.
func (s *simulation) broke(rule string) bool {
	return slices.ContainsFunc(s.violations, func(v violation) bool { return v.rule == rule })
}
