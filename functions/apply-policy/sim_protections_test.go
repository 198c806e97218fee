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

// protection is a part of the function that can be disabled, to see that the
// simulator notices. It is disabled from outside: the code that runs is the code
// that ships.
type protection string

// The protections.
const (
	nothing     protection = ""
	memory      protection = "the ledger's memory of earlier batches"
	newestFirst protection = "newest first"
	deadline    protection = "the deadline check"
	letterFirst protection = "the dead letter before the delete"
	pace        protection = "the pace"
)

// weaken disables what is in the handler.
func (p protection) weaken(h *handler, cfg aws.Config) {
	switch p {
	case letterFirst:
		h.deadLetters = deadletter.New(careless{sqs.NewFromConfig(cfg)}, h.deadLetterQueueURL)
	case pace:
		h.applier = apply.New(cfg, time.Nanosecond)
	}
}

// batch disables what one batch uses: what the ledger has, or the send times.
func (p protection) batch(s *simulation, batch events.SQSEvent) events.SQSEvent {
	switch p {
	case memory:
		if err := s.tables.Clear(ledgerTable); err != nil {
			s.t.Error(err)
		}
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

// namedSeeds are seeds that break a rule without one protection, and none with
// all. A change to the simulator changes what every seed does: then find new ones
// with -find.
var namedSeeds = []struct {
	without protection
	seed    uint64
	breaks  string // the rule
	reason  string
}{
	{memory, 3, rulePolicies, "an older put that came again is applied over a newer one"},
	{memory, 3, ruleOrder, "the same, as Porcupine sees it"},
	{newestFirst, 6, ruleOrder, "the older of a batch is applied and the newer taken for overtaken, as Porcupine sees it"},
	{memory, 4, rulePolicies, "an older put that waited is applied over a newer one"},
	{newestFirst, 6, ruleSuperseded, "the older of a batch is applied, the newer taken for superseded"},
	{deadline, 2, ruleDeadline, "a call begins half a second before the function's end"},
	{letterFirst, 39, ruleEnds, "the dead-letter queue is out, and the refused request is gone"},
	{pace, 3, rulePace, "calls come as fast as SES answers"},
}

var find = flag.Bool("find", false, "print seeds that show that each protection is needed, instead of testing the named ones")

func TestProtectionsAreNeeded(t *testing.T) {
	if *find {
		findSeeds(t)
		return
	}
	for _, named := range namedSeeds {
		t.Run(fmt.Sprintf("without %s, seed %d", named.without, named.seed), func(t *testing.T) {
			if s := simulate(t, named.seed, nothing); len(s.violations) > 0 {
				t.Errorf("with all protections:\n%s", s.report())
			}
			if s := simulate(t, named.seed, named.without); !s.broke(named.breaks) {
				t.Errorf("without %s %q still holds (%s): find another seed with -find", named.without, named.breaks, named.reason)
			}
		})
	}
}

// findSeeds looks for seeds of each protection.
func findSeeds(t *testing.T) {
	const most = 3000 // a minute or two
	for _, p := range []protection{memory, newestFirst, deadline, letterFirst, pace} {
		begun, found := time.Now(), 0
		for seed := uint64(1); seed <= most && found < 3; seed++ {
			if s := simulate(t, seed, p); len(s.violations) > 0 {
				found++
				t.Logf("without %s: seed %d after %v:\n%s", p, seed, time.Since(begun).Round(time.Millisecond), s.report())
			}
		}
		if found == 0 {
			t.Logf("without %s: no seed of %d, %v", p, most, time.Since(begun))
		}
	}
}

// broke reports whether a rule was broken.
func (s *simulation) broke(rule string) bool {
	return slices.ContainsFunc(s.violations, func(v violation) bool { return v.rule == rule })
}
