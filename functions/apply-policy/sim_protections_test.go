package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/apply"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
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

// protections are all of them; those of the ledger are shared with the small
// worlds.
var protections = []protection{
	memory, newestFirst, deadline, letterFirst, pace, lastOnes, lookups,
	conditions, leases, doubts, outcomes, owners, takeovers, made, deletes, rollbacks, aliases, intents,
}

// weaken disables what is in the handler.
func (p protection) weaken(h *handler, cfg aws.Config) {
	switch p {
	case letterFirst:
		h.deadLetters = deadletter.New(careless{sqs.NewFromConfig(cfg)}, h.deadLetterQueueURL)
	case pace:
		h.applier = apply.New(cfg, time.Nanosecond)
	case lastOnes:
		h.maxReceives = math.MaxInt
	}
	same := h.ledger.Same
	h.ledger = ledger.New(forgetful{p, dynamodb.NewFromConfig(cfg)}, ledgerTable)
	h.ledger.Same = same
}

// batch disables what one batch uses: what the ledger has, or the send times.
func (p protection) batch(s *simulation, batch events.SQSEvent) events.SQSEvent {
	switch p {
	case memory:
		s.tables.clear()
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
	{memory, 2, rulePolicies, "an older put that came again is applied over a newer one"},
	{memory, 4, ruleOrder, "the same, as Porcupine sees it"},
	{memory, 1, ruleOnce, "a put that came again is applied again"},
	{newestFirst, 2, ruleSuperseded, "the older of a batch is applied, the newer taken for superseded"},
	{newestFirst, 2, ruleOrder, "the same, as Porcupine sees it"},
	{deadline, 2, ruleDeadline, "a call begins seconds after the function's end"},
	{letterFirst, 15, ruleEnds, "the dead-letter queue is out, and the refused request is gone"},
	{pace, 1, rulePace, "calls come as fast as SES answers"},
	{lastOnes, 2, ruleLast, "SQS moves the request, and nobody is told"},
	{lookups, 9, ruleOwner, "a create replaces what was put by hand"},
	{conditions, 50, rulePolicies, "two instances write past each other, and the older put is recorded"},
	{conditions, 47, ruleOnce, "an outcome is written over, and the put made again"},
	{leases, 50, ruleOnce, "two instances call SES for one policy, and one's change is not recorded"},
	{doubts, 51, rulePolicies, "a late call puts the older policy, and nobody looks"},
	{outcomes, 7, ruleTold, "a create succeeds, comes again and fails"},
	{owners, 3, ruleOwner, "a request from elsewhere deletes a stack's policy"},
	{owners, 7, ruleOwner, "a stack puts another stack's policy"},
	{takeovers, 55, ruleStacks, "a rollback deletes what it should give back"},
	{made, 29, ruleStacks, "a rollback leaves what its create put"},
	{deletes, 17, ruleStacks, "a create is applied after its Delete"},
	{rollbacks, 8, ruleStacks, "a replacement is applied after its rollback"},
	{intents, 1, ruleIntent, "SES is called, and nobody would know of it after a crash"},
	{aliases, 15, ruleTold, "a create that SNS delivered twice succeeds and fails"},
}

var find = flag.String("find", "", "print seeds that show that protections are needed, those with this in their name, instead of testing the named ones")

func TestProtectionsAreNeeded(t *testing.T) {
	if *find != "" {
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
	const most, enough = 400, 4
	for _, p := range protections {
		if !strings.Contains(string(p), *find) {
			continue
		}
		begun, found := time.Now(), 0
		for seed := uint64(1); seed <= most && found < enough; seed++ {
			s := simulate(t, seed, p)
			if len(s.violations) == 0 {
				continue
			}
			found++
			for _, v := range s.violations {
				t.Logf("without %s: seed %d breaks %q: %s", p, seed, v.rule, v.text)
			}
		}
		t.Logf("without %s: %d seeds after %v", p, found, time.Since(begun).Round(time.Second))
	}
}

// broke reports whether a rule was broken.
func (s *simulation) broke(rule string) bool {
	return slices.ContainsFunc(s.violations, func(v violation) bool { return v.rule == rule })
}
