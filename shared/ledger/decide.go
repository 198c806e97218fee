package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Do is what is to be done with a request.
type Do string

// What a decision can ask for.
const (
	Apply     Do = "Apply"     // Intend, call SES for Change, Settle
	AskExists Do = "AskExists" // ask SES whether it has the policy of Change; decide again with the answer
	Look      Do = "Look"      // the same, because an attempt is in doubt
	Finish    Do = "Finish"    // Outcome is final without a call: Finish, letter, answer
	Repeat    Do = "Repeat"    // Outcome is recorded: only the steps that are missing
	Wait      Do = "Wait"      // another instance has the policy's lease: the message must come again
	Unread    Do = "Unread"    // the ledger could not be read: the message must come again
)

// The codes of outcomes that the ledger decides.
const (
	AlreadyExists     = "AlreadyExists"
	OwnedByStack      = "OwnedByStack"
	Cancelled         = "Cancelled"
	AlreadyAnswered   = "AlreadyAnswered"
	AnswerUndelivered = "AnswerUndelivered"
)

// Decision is what the ledger says about one request.
type Decision struct {
	Do      Do
	Change  Change  // Apply: the call to make. AskExists and Look: the policy to ask for
	Outcome Outcome // Finish and Repeat; and Apply with Repair
	// Letter and Answer are the steps that are missing. The answer is missing
	// only if anybody waits for one.
	Letter, Answer bool
	// AfterOlder says that the batch's older requests for the same policy are
	// settled first and then this one is decided again.
	AfterOlder bool
	// More says that the change only cleans up: decide again after Settle.
	More bool
	// Repair says that the change puts the current record back in place of a
	// late attempt. If a guardrail refuses its text, log an error and Finish.
	Repair bool
	// Restore says that the change puts back what a takeover took. If a guardrail
	// refuses its text, make a deletion of the change.
	Restore bool
	Topic   string    // Repair and Restore: the verified topic that the text came through; empty for none
	Until   time.Time // Wait: the end of the lease
	// Same says that the call it waits for is this very request's, by another of
	// its deliveries, whose outcome counts.
	Same bool
}

// Seen is what SES has, for AskExists and Look.
type Seen struct {
	Name
	Exists bool
	Text   string
}

// Decide says what is to be done with r now. seen is what SES answered to the
// preceding decision; nil otherwise. It reads no item and changes nothing.
func (v *View) Decide(r Request, seen *Seen, now time.Time) Decision {
	r = r.bounded()
	s, ok := v.state(r)
	if !ok {
		return Decision{Do: Unread}
	}
	if seen != nil && seen.Name != r.policy() && !s.attempted(seen.Name) {
		seen = nil
	}
	d := decider{state: s, Request: r, ledger: v.ledger, seen: seen, now: now}
	return d.decide()
}

// decider decides on one request. It is a value: nothing is changed by it.
type decider struct {
	state
	Request
	ledger *Ledger
	seen   *Seen
	now    time.Time
}

func (d decider) decide() Decision {
	if recorded, ok := d.recorded(); ok {
		return recorded
	}
	verdict := d.judge()
	if verdict.Do != Finish {
		return verdict
	}
	return d.resolveDoubt(verdict)
}

// recorded is the decision about a request that has ended. A redriven letter of
// a rejection is decided again, unless the requester was told.
func (d decider) recorded() (Decision, bool) {
	e := d.entry
	if p := d.policies[d.policy()]; e.Outcome.Kind == "" && p.known() && p.Order == d.order() {
		return Decision{Do: Repeat, Outcome: Outcome{Kind: Applied}, Answer: true}, true
	}
	if e.Outcome.Kind == "" {
		return Decision{}, false
	}
	if redriven := d.SourceMessageID != "" && d.MessageID != e.Delivery; redriven && !e.Outcome.done() {
		if e.Answer != Told {
			return Decision{}, false
		}
		return finish(AlreadyAnswered, "the requester was told that this request failed, so it may not take effect any more. Send a new request"), true
	}
	letter := e.Outcome.Kind == Rejected || e.Outcome.Code == AnswerUndelivered
	return Decision{Do: Repeat, Outcome: e.Outcome, Letter: letter && !e.Letter, Answer: e.Answer == Pending}, true
}

// judge decides on a request that has not ended.
func (d decider) judge() Decision {
	if d.Refusal != nil {
		return Decision{Do: Finish, Outcome: *d.Refusal}
	}
	if d.cancelled() {
		return finish(Cancelled, "the stack deleted the resource, or rolled it back, before this request was applied")
	}
	if made, ok := d.leftover(); ok {
		removal := d.removal(made.Name)
		removal.More = true
		return d.underLease(removal)
	}
	name := d.policy()
	if d.is("Delete") {
		var mine bool
		if name, mine = d.removes(); !mine {
			return d.afterCreate(nothingDeleted("the resource owns no policy of that name"))
		}
	}
	p := d.policies[name]
	switch {
	case p.known() && p.Order.After(d.order()):
		own := d.Stack != nil && p.By.StackID == d.Stack.StackID && p.By.Topic == d.Topic
		return Decision{Do: Finish, Outcome: Outcome{Kind: Superseded, Own: own}}
	case d.deletedSince(p):
		return Decision{Do: Finish, Outcome: Outcome{Kind: Superseded, Own: true}}
	case d.is("Delete") && d.unknown(p) && d.seen == nil:
		return d.underLease(Decision{Do: AskExists, Change: Change{Name: name}})
	case d.is("Delete") && d.unknown(p) && !d.seen.Exists:
		return nothingDeleted("the identity has no policy of that name")
	case d.is("Delete"):
		return d.underLease(d.removal(name))
	case d.Action == Delete:
		return d.underLease(d.remove(p))
	}
	return d.underLease(d.put(p))
}

// put decides on a put that is newer than the current record.
func (d decider) put(p Policy) Decision {
	apply := Decision{Do: Apply, Change: d.change()}
	switch {
	case p.Owner.sameStack(d.Request), d.Stack == nil && p.Owner == nil:
		return apply
	case p.Owner != nil && !d.ledger.SharePolicies:
		return ownedByStack(p)
	case !d.is("Create") && !d.elsewhere(), d.claimed(p), d.seen != nil && !d.seen.Exists:
		return apply
	case d.seen == nil:
		return Decision{Do: AskExists, Change: Change{Name: p.Name}, AfterOlder: true}
	case d.Stack.AdoptExisting && p.Owner == nil:
		return apply
	}
	refused := finish(AlreadyExists, fmt.Sprintf("%s has a policy %s already that this resource did not create. Set AdoptExisting to true to take it over, or choose another name", p.Identity, p.PolicyName))
	refused.AfterOlder = true
	return refused
}

// claimed reports whether the ledger holds an intent by which the policy may be
// the resource's own, though nothing was settled.
func (d decider) claimed(p Policy) bool {
	for _, made := range d.resource.Made {
		if made.Name == p.Name && d.mayHavePut(made) {
			return true
		}
	}
	return false
}

// remove decides on a bare request's deletion.
func (d decider) remove(p Policy) Decision {
	if p.Owner != nil && !d.ledger.SharePolicies {
		return ownedByStack(p)
	}
	return Decision{Do: Apply, Change: d.change()}
}

// underLease is the decision, unless another instance is calling SES for the
// policy.
func (d decider) underLease(decision Decision) Decision {
	intent := d.policies[firstNamed(decision.Change.Name, d.policy())].Intent
	if intent == nil || intent.Instance == d.ledger.instance || !d.now.Before(intent.Until) {
		return decision
	}
	return Decision{Do: Wait, Until: intent.Until, Same: intent.MessageID == d.entry.MessageID}
}

// firstNamed is the first of the names that is not empty.
func firstNamed(a, b Name) Name {
	if a != (Name{}) {
		return a
	}
	return b
}

// nothingDeleted is the verdict on a stack's Delete that changes nothing. No
// deletion is recorded, so that it cannot overtake anybody else's request.
func nothingDeleted(why string) Decision {
	return Decision{Do: Finish, Outcome: Outcome{Kind: Applied, Message: "nothing was deleted: " + why}}
}

func finish(code, message string) Decision {
	return Decision{Do: Finish, Outcome: Outcome{Kind: Rejected, Code: code, Message: message}}
}

func ownedByStack(p Policy) Decision {
	stack := "a stack"
	if name := p.Owner.StackName(); name != "" {
		stack = "the stack " + name
	}
	refused := finish(OwnedByStack, fmt.Sprintf("the policy %s of %s belongs to %s, which alone may change it. To release it from the stack, the owner of the deployment runs: sespolicy release %s %s", p.PolicyName, p.Identity, stack, p.Identity, p.PolicyName))
	refused.AfterOlder = true
	return refused
}

// generated reports whether a physical id was not made by this project: it is
// CloudFormation's own, or says that nothing was made. Identities and policies
// have a slash between them.
func generated(physicalID string) bool { return !strings.Contains(physicalID, "/") }
