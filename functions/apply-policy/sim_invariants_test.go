package main

import (
	"slices"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/outcome"
)

// The rules that hold in every run.
const (
	// ruleEnds: every request ends: applied, superseded, or on the dead-letter
	// queue. It ends once, and again only if it was delivered again.
	ruleEnds = "every request ends"
	// ruleSame: the end fits the request, so that a request that ends more than
	// once ends alike. What SES refuses is never applied, and what is refused
	// before SES is not even superseded; what SES takes gets no letter, unless its
	// retries were exhausted or its requester could not be told. Applied or
	// rejected may become superseded if a newer request was taken in between;
	// rejected becomes applied only if the principal became known in between.
	ruleSame = "ends as it deserves"
	// ruleReason: a dead letter is the message byte for byte, with the sender's
	// attributes and the code that belongs to it.
	ruleReason = "dead letters have their reason"
	// ruleReceives: what is on the dead-letter queue without a reason, or with
	// RetriesExhausted, has spent all its receives.
	ruleReceives = "exhausted only without receives left"
	// ruleLast: the last receive is the function's: it is handed back only if its
	// end could not be recorded, if its letter could not be sent, or while another
	// instance applies the same request.
	ruleLast = "the last receive ends"
	// ruleSuperseded: nothing is superseded before SES has taken something newer.
	ruleSuperseded = "superseded by what SES took"
	// ruleBack: no batch has SES do something older than it did for the same batch
	// before: while a newer request waits, the older ones wait with it.
	ruleBack = "no way back within a batch"
	// rulePolicies: whenever nothing is in flight or in doubt, SES has what the
	// newest accepted request of each policy asks for.
	rulePolicies = "the newest wins"
	// ruleLedger: whenever nothing is in flight or in doubt, SES has what the
	// ledger says.
	ruleLedger = "SES has what the ledger says"
	// ruleStacks: in the end SES has what each stack believes to have, and nothing
	// else of it.
	ruleStacks = "stacks have what they believe"
	// ruleIntent: no change of SES without its intent in the ledger.
	ruleIntent = "no call without its intent"
	// ruleOnce: SES makes a change once for each effect, unless its answer or a
	// write was lost or the process was killed.
	ruleOnce = "one effect per request"
	// ruleOwner: nobody changes a policy that belongs to somebody else's resource,
	// and no resource changes a policy that it does not own.
	ruleOwner = "changed by its owner"
	// ruleTold: a requester that waits is told one outcome, and SUCCESS only if the ledger
	// and SES say so.
	ruleTold = "told what is true, once"
	// rulePace: one instance's calls arrive a second apart.
	rulePace = "a call a second"
	// ruleDeadline: no call of SES begins that could outlive the function, and
	// the function never runs into its timeout by itself.
	ruleDeadline = "within the deadline"
)

// checkSaid checks one outcome as it is logged.
func (s *simulation) checkSaid(said *delivery) {
	s.mu.Lock()
	all, acted := slices.Clone(s.asked), slices.Clone(s.acted)
	s.mu.Unlock()
	switch {
	case said.outcome == "Superseded":
		newer := func(a *act) bool {
			return a.key == said.key() && slices.ContainsFunc(all, func(b *asked) bool { return a.mayBe(b) && b.order().After(said.oldest()) })
		}
		if !slices.ContainsFunc(acted, newer) {
			s.violate(ruleSuperseded, said.key(), "#%d is superseded by nothing", said.number)
		}
	case said.code == outcome.AlreadyExists && said.during != nil:
		if text, looked := said.during.looked[said.key()]; looked && text == "" {
			s.violate(ruleSame, said.key(), "#%d is refused, and SES had no policy", said.number)
		}
	case said.code == outcome.Cancelled:
		if !slices.ContainsFunc(all, func(b *asked) bool { return b.sameResource(said.asked) && b.newer(said.origin()) }) {
			s.violate(ruleSame, said.key(), "#%d is cancelled by nothing", said.number)
		}
	case said.outcome == "Retry" && said.receives >= s.scenario.maxReceives:
		undecided := slices.Contains([]string{outcome.CauseLedger, outcome.CauseDeadLetter, outcome.CauseNoTime}, said.code)
		if !undecided && (said.code != outcome.CauseOrder || !s.isApplied(said.asked)) {
			s.violate(ruleLast, said.key(), "#%d is handed back with %s at its last receive", said.number, said.code)
		}
	}
}

// isApplied reports whether another instance has the policy's lease for this request,
// or has ended it meanwhile. The shipped binary's ledger is not read.
func (s *simulation) isApplied(a *asked) bool {
	if s.ledger == nil {
		return true
	}
	p, _, err := s.ledger.Policy(s.t.Context(), ledger.Name{Identity: a.identity, PolicyName: a.name})
	if err != nil {
		s.t.Error(err)
	}
	return p.Intent != nil && s.request(p.Intent.MessageID).origin() == a.origin() || s.entry(a).Outcome.Kind != ""
}

// checkAct checks a change of a batch against those before it. What puts another
// request's policy back, or removes another policy, has no place in that order.
func (s *simulation) checkAct(v *invocation, a *act) {
	if a.by == nil || a.text != a.by.text || a.key != a.by.key() {
		return
	}
	if before := v.newest[a.key]; before.After(a.by.order()) {
		s.violate(ruleBack, a.key, "SES did %v after something newer", a.by)
		return
	}
	v.newest[a.key] = a.by.order()
}

// ending is how one request ended, all its deliveries together.
type ending struct {
	applied, superseded, rejected int // answered to the mapping
	letters, moved                int // on the dead-letter queue: sent by the function, moved by SQS
	exhausted                     int // of both: those that ran out of receives, and may have taken effect
	expired                       int // of the letters: those of stacks that waited no longer
}

// tookEffect reports whether it ended as what SES took, or as older than that.
func (e ending) tookEffect() bool { return e.applied+e.superseded > 0 }

// add is how both messages of a request ended.
func (e ending) add(other ending) ending {
	return ending{e.applied + other.applied, e.superseded + other.superseded, e.rejected + other.rejected, e.letters + other.letters,
		e.moved + other.moved, e.exhausted + other.exhausted, e.expired + other.expired}
}

// endings are the ends so far, by message.
func (s *simulation) endings() map[*asked]ending {
	endings := map[*asked]ending{}
	for _, said := range s.deliveries {
		if !said.answered {
			continue
		}
		e := endings[said.asked]
		switch said.outcome {
		case "Applied", "Deleted":
			e.applied++
		case "Superseded":
			e.superseded++
		case "Rejected":
			e.rejected++
		}
		endings[said.asked] = e
	}
	for _, letter := range s.everyLetter() {
		a, code := s.ofLetter(letter)
		e := endings[a]
		switch code {
		case "":
			e.moved++
			e.exhausted++
		case outcome.RetriesExhausted:
			e.letters++
			e.exhausted++
		case outcome.Expired:
			e.letters++
			e.expired++
		default:
			e.letters++
		}
		endings[a] = e
	}
	return endings
}

// ofLetter is the message that a letter is about, and its code; empty if SQS
// moved it.
func (s *simulation) ofLetter(letter queue.Message) (*asked, string) {
	code, hasReason := letter.Attributes[deadletter.ErrorCode]
	if !hasReason || letter.DeadLetterSource != "" {
		return s.byID[letter.ID], ""
	}
	return s.byID[letter.Attributes[deadletter.SourceMessageID].StringValue], code.StringValue
}

// ofRequest is how a request ended, all its messages together.
func (s *simulation) ofRequest(a *asked, endings map[*asked]ending) ending {
	var all ending
	for _, b := range s.requests() {
		if b.origin() == a.origin() {
			all = all.add(endings[b])
		}
	}
	return all
}

// check checks the rules after the run.
func (s *simulation) check() {
	endings := s.endings()
	clear(s.doubtful)
	for _, letter := range s.everyLetter() {
		s.checkLetter(letter)
	}
	for _, a := range s.asked {
		s.checkEnding(a, endings)
	}
	s.checkPolicies(endings)
	s.checkStacks(endings)
	s.checkAnswers(endings)
	s.checkOrder(endings)
}

// checkLetter checks one message on the dead-letter queue.
func (s *simulation) checkLetter(letter queue.Message) {
	a, code := s.ofLetter(letter)
	switch {
	case a == nil:
		s.violate(ruleReason, "", "a letter of no request: %v", letter.Attributes)
		return
	case code == "":
		s.exhausted++
		s.checkReceives(a)
		return
	case code == outcome.RetriesExhausted:
		s.checkReceives(a)
	}
	s.letters++
	if !slices.Contains(s.codes(a), code) || letter.Body != a.body || letter.Attributes["Team"].StringValue != "a team" {
		s.violate(ruleReason, a.key(), "%v: %v\n%s", a, letter.Attributes, letter.Body)
	}
}

// checkReceives checks that a request has spent all its receives.
func (s *simulation) checkReceives(a *asked) {
	spent := 0
	for _, b := range s.asked {
		if b.origin() == a.origin() { // of two messages, either one may have been the last
			spent = max(spent, s.spent.of[b.id])
		}
	}
	if spent += int(s.lostReceives.Load()); spent < s.scenario.maxReceives {
		s.violate(ruleReceives, a.key(), "%v is exhausted after %d receives", a, spent)
	}
}

// checkEnding checks how one message ended.
func (s *simulation) checkEnding(a *asked, endings map[*asked]ending) {
	e, whole := endings[a], s.ofRequest(a, endings)
	handed := 0
	for _, b := range s.asked {
		if b.origin() == a.origin() {
			handed += s.handed.of[b.id]
		}
	}
	ends, again := e.applied+e.superseded+e.rejected+e.moved, s.again.of[a.id]
	switch {
	case ends == 0:
		s.violate(ruleEnds, a.key(), "%v did not end: %+v", a, e)
	case ends > 1+again:
		s.violate(ruleEnds, a.key(), "%v ended %d times, and was delivered again %d times: %+v", a, ends, again, e)
	case whole.letters > handed:
		s.violate(ruleEnds, a.key(), "%v has %d letters of %d deliveries", a, whole.letters, handed)
	case e.rejected > 0 && whole.letters == 0:
		s.violate(ruleEnds, a.key(), "%v was deleted without a dead letter: %+v", a, e)
	}
	if e.applied > 0 && !a.kind.accepted() || e.superseded > 0 && !a.kind.reachesSES() {
		s.violate(ruleSame, a.key(), "%v: %+v", a, e)
	}
}
