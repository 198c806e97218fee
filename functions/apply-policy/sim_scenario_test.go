package main

import (
	"fmt"
	"time"
)

// fault is something that goes wrong. Each is a spell: it begins, it strikes
// with some chance while it lasts, and it ends.
type fault string

// The faults.
const (
	sesThrottles  fault = "SES throttles"                         // Throttling, whatever the pace
	sesFails      fault = "SES fails"                             // 5xx, with a code or without
	sesDenies     fault = "SES denies access"                     // the role or the credentials
	sesHangs      fault = "SES does not answer"                   // nothing is done
	sesBreaks     fault = "SES breaks the connection"             // nothing is done
	sesForgets    fault = "SES acts and its answer is lost"       // hangs, breaks or says 500 after it acted
	sesDelays     fault = "SES acts after its caller gave up"     // minutes later, over what was applied since
	otherWriter   fault = "somebody else uses the allowance"      // calls of SES from elsewhere
	networkSlow   fault = "the network is slow"                   // up to seconds each way
	receiveFails  fault = "receiving fails"                       // the mapping's receive
	receiveLost   fault = "what was received is lost"             // in flight to nobody, a receive spent
	deleteFails   fault = "deleting fails"                        // the mapping's delete
	delaysFail    fault = "changing the visibility fails"         // the function's delays
	lettersFail   fault = "the dead-letter queue refuses"         // 5xx
	lettersHang   fault = "the dead-letter queue does not answer" // nothing is done
	lettersForget fault = "the dead-letter queue takes a letter and its answer is lost"
	tableDown     fault = "the ledger is unreachable"
	tableSlow     fault = "the ledger is slow"                              // up to seconds each way
	tableForgets  fault = "the ledger takes a write and its answer is lost" // breaks, hangs or says 500
	tableDelays   fault = "the ledger takes a write after its caller gave up"
	tableRefuses  fault = "a condition fails" // or transactions meet
	tableSkips    fault = "keys stay unprocessed"
	bucketFails   fault = "the response bucket fails"   // 5xx, or no answer
	bucketRefuses fault = "the response bucket refuses" // 4xx: the URL is over
	bucketForgets fault = "the response bucket takes an answer and its own is lost"
	tasksFail     fault = "Step Functions throttles or fails"
	tasksForget   fault = "Step Functions takes an answer and its own is lost"
	busFails      fault = "the event bus fails"       // or takes events and its answer is lost
	crashes       fault = "the function crashes"      // at a call, before it or after it was sent, or before the response
	freezes       fault = "the function freezes"      // the same, until its timeout
	responseLost  fault = "the response is lost"      // the instance lives on
	coldStarts    fault = "instances are replaced"    // between two batches
	pollersWait   fault = "invocations are throttled" // by Lambda, though the instance is free
	copies        fault = "SQS delivers a message twice"
	shuffles      fault = "SQS delivers in any order"
)

// faults are all of them.
var faults = []fault{
	sesThrottles, sesFails, sesDenies, sesHangs, sesBreaks, sesForgets, sesDelays, otherWriter, networkSlow,
	receiveFails, receiveLost, deleteFails, delaysFail, lettersFail, lettersHang, lettersForget,
	tableDown, tableSlow, tableForgets, tableDelays, tableRefuses, tableSkips,
	bucketFails, bucketRefuses, bucketForgets, tasksFail, tasksForget, busFails,
	crashes, freezes, responseLost, coldStarts, pollersWait, copies, shuffles,
}

// spell is a time during which a fault strikes.
type spell struct {
	fault       fault
	from, until time.Duration // since the beginning
	chance      float64       // at each opportunity
}

func (s spell) String() string {
	return fmt.Sprintf("%s from %v to %v, %.0f%%", s.fault, s.from.Round(time.Second), s.until.Round(time.Second), s.chance*100)
}

// scenario is everything about a run that is known before it begins.
type scenario struct {
	maxReceives int
	concurrency int     // MaximumConcurrency of the mapping
	instances   int     // that run at once: one is reserved concurrency
	requests    int     // that no stack sends
	tasks       float64 // how many of them have a task token
	identities  int
	names       int           // policy names of each identity
	sendUntil   time.Duration // from the beginning
	bursts      bool          // they come in bursts, not one by one
	late        time.Duration // how late some arrive at most
	twice       float64       // how many of those with an id come twice, as SNS may deliver
	stacks      int
	redrives    bool // an operator puts letters back
	shared      bool // the stacks want policies that others ask for too
	spells      []spell
}

func (s scenario) String() string {
	return fmt.Sprintf("maxReceiveCount %d, MaximumConcurrency %d, %d instances, %d stacks, shared %v", s.maxReceives, s.concurrency, s.instances, s.stacks, s.shared)
}

// faultsEnd is when the last request was sent and the last spell is over.
const faultsEnd = time.Hour

// newScenario draws one. Few keys and many requests for each make the order
// matter, many keys make batches long; a few kinds of faults at a time make
// each of them matter.
func newScenario(d *dice) scenario {
	s := scenario{
		maxReceives: one(d, "maxReceiveCount", 3, 5, 20, 20),
		concurrency: one(d, "MaximumConcurrency", 0, 2, 2, 5),
		instances:   one(d, "instances", 1, 1, 2, 2, 3),
		requests:    4 + d.intN("requests", 36),
		tasks:       one(d, "tasks", 0, 0.3),
		identities:  1 + d.intN("identities", 3),
		names:       one(d, "names", 1, 2, 3, 12),
		sendUntil:   one(d, "sending", time.Second, time.Minute, 5*time.Minute, 30*time.Minute),
		bursts:      d.chance("bursts", 0.5),
		late:        3 * time.Minute,
		twice:       one(d, "twice", 0, 0, 0.2),
		stacks:      one(d, "stacks", 0, 0, 1, 2, 3),
		shared:      d.chance("shared", 0.4),
		redrives:    d.chance("an operator", 0.15),
	}
	if s.stacks > 0 {
		s.requests /= 3
	}
	for range d.intN("spells", 10) {
		from := d.between("from", 0, one(d, "early or late", s.sendUntil, 30*time.Minute)) // while much is sent, or at any time
		s.spells = append(s.spells, spell{
			fault: one(d, "fault", faults...), from: from,
			until:  from + d.between("length", time.Second, one(d, "long", time.Minute, 5*time.Minute, 30*time.Minute)),
			chance: one(d, "chance", 0.1, 0.3, 0.6, 1),
		})
	}
	if d.chance("a bad start", 0.15) { // batches that fill the function's minute
		s.sendUntil, s.names = time.Second, 12
		s.spells = append(s.spells, spell{networkSlow, 0, 20 * time.Minute, 1},
			spell{one(d, "bad", sesHangs, sesFails, sesBreaks, sesForgets), 0, 10 * time.Minute, 0.6})
	}
	for _, f := range []fault{copies, shuffles} { // what a standard queue does on any day
		if d.chance(string(f), 0.6) {
			s.spells = append(s.spells, spell{f, 0, faultsEnd, 0.2})
		}
	}
	return s
}
