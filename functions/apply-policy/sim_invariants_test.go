package main

import (
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/deadletter"
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
	// retries were exhausted. Applied or rejected may become superseded if a newer
	// request was taken in between; rejected becomes applied only if the principal
	// became known in between.
	ruleSame = "ends as it deserves"
	// ruleReason: a dead letter is the message byte for byte, with the sender's
	// attributes and the code that belongs to it.
	ruleReason = "dead letters have their reason"
	// ruleReceives: what is on the dead-letter queue without a reason, or with
	// RetriesExhausted, has spent all its receives.
	ruleReceives = "exhausted only without receives left"
	// ruleSuperseded: nothing is superseded before SES has taken something newer.
	ruleSuperseded = "superseded by what SES took"
	// ruleBack: no batch has SES do something older than it did for the same batch
	// before: while a newer request waits, the older ones wait with it.
	ruleBack = "no way back within a batch"
	// rulePolicies: what is on SES is what the newest request asks for; see
	// checkPolicies for what that means exactly.
	rulePolicies = "the newest wins"
	// rulePace: one instance's calls arrive a second apart.
	rulePace = "a call a second"
	// ruleDeadline: no call of SES begins that could outlive the function, and
	// the function never runs into its timeout by itself.
	ruleDeadline = "within the deadline"
)

// checkSaid checks one outcome as it is logged.
func (s *simulation) checkSaid(said *delivery) {
	if said.outcome != "Superseded" {
		return
	}
	s.mu.Lock()
	all := slices.Clone(s.asked)
	s.mu.Unlock()
	newer := func(a act) bool {
		return a.key == said.key() && slices.ContainsFunc(all, func(b *asked) bool {
			return b.key() == a.key && b.text == a.text && b.kind.accepted() && b.newer(said.asked)
		})
	}
	if !slices.ContainsFunc(s.acted, newer) {
		s.violate(ruleSuperseded, said.key(), "#%d is superseded by nothing", said.number)
	}
}

// checkAct checks a put of a batch against those before it. The text says which
// request it is; of a delete nothing does.
func (s *simulation) checkAct(v *invocation, a act) {
	at := slices.IndexFunc(v.records, func(r events.SQSMessage) bool { return a.text != "" && s.request(r.MessageId).text == a.text })
	if at < 0 {
		return
	}
	sent := s.request(v.records[at].MessageId).sent
	if before, ok := v.acted[a.key]; ok && sent < before {
		s.violate(ruleBack, a.key, "SES did %s after something newer", s.whose(a.text))
	}
	v.acted[a.key] = max(sent, v.acted[a.key])
}

// ending is how one request ended, all its deliveries together.
type ending struct {
	applied, superseded, rejected int // answered to the mapping
	letters, moved                int // on the dead-letter queue: sent by the function, moved by SQS
	exhausted                     int // of both: those that ran out of receives, and may have taken effect
}

// tookEffect reports whether it ended as what SES took, or as older than that.
func (e ending) tookEffect() bool { return e.applied+e.superseded > 0 }

// check checks the rules after the run.
func (s *simulation) check() {
	endings := map[*asked]*ending{}
	for _, a := range s.asked {
		endings[a] = &ending{}
	}
	for _, said := range s.deliveries {
		if !said.answered {
			continue
		}
		switch e := endings[said.asked]; said.outcome {
		case "Applied", "Deleted":
			e.applied++
		case "Superseded":
			e.superseded++
		case "Rejected":
			e.rejected++
		}
	}
	for _, letter := range s.dead.Snapshot() {
		s.checkLetter(letter, endings)
	}
	for _, a := range s.asked {
		s.checkEnding(a, endings[a])
	}
	s.checkPolicies(endings)
	s.checkOrder(endings)
}

// checkLetter checks one message on the dead-letter queue.
func (s *simulation) checkLetter(letter queue.Message, endings map[*asked]*ending) {
	code, hasReason := letter.Attributes[deadletter.ErrorCode]
	if !hasReason {
		a := s.byID[letter.ID]
		endings[a].moved++
		endings[a].exhausted++
		s.exhausted++
		s.checkReceives(a)
		return
	}
	a := s.byID[letter.Attributes[deadletter.SourceMessageID].StringValue]
	if a == nil {
		s.violate(ruleReason, "", "a letter of no request: %v", letter.Attributes)
		return
	}
	endings[a].letters++
	s.letters++
	if code.StringValue == outcome.RetriesExhausted {
		endings[a].exhausted++
		s.checkReceives(a)
	}
	if code.StringValue != a.kind.code() && code.StringValue != outcome.RetriesExhausted || letter.Body != a.body || letter.Attributes["Team"].StringValue != "a team" {
		s.violate(ruleReason, a.key(), "%v: %v\n%s", a, letter.Attributes, letter.Body)
	}
}

// checkReceives checks that a request has spent all its receives.
func (s *simulation) checkReceives(a *asked) {
	if spent := s.spent.of[a.id] + int(s.lostReceives.Load()); spent < s.scenario.maxReceives {
		s.violate(ruleReceives, a.key(), "%v is exhausted after %d receives", a, spent)
	}
}

// checkEnding checks how one request ended.
func (s *simulation) checkEnding(a *asked, e *ending) {
	ends, again := e.applied+e.superseded+e.rejected+e.moved, s.again.of[a.id]
	switch {
	case ends == 0:
		s.violate(ruleEnds, a.key(), "%v did not end: %+v", a, *e)
	case ends > 1+again:
		s.violate(ruleEnds, a.key(), "%v ended %d times, and was delivered again %d times: %+v", a, ends, again, *e)
	case e.letters > s.handed.of[a.id]:
		s.violate(ruleEnds, a.key(), "%v has %d letters of %d deliveries", a, e.letters, s.handed.of[a.id])
	case e.rejected > 0 && e.letters == 0:
		s.violate(ruleEnds, a.key(), "%v was deleted without a dead letter: %+v", a, *e)
	}
	if e.applied > 0 && !a.kind.accepted() || e.superseded > 0 && !a.kind.reachesSES() {
		s.violate(ruleSame, a.key(), "%v: %+v", a, *e)
	}
}

// checkPolicies compares what is on SES with what the newest accepted request
// of each key asks for.
//
// Accepted means: of a kind that SES takes, and not ended on the dead-letter
// queue alone. SES may also have taken a request that ran out of receives, if
// its answer or the function's response was lost each time; newer than all that
// were applied, its policy may stay.
func (s *simulation) checkPolicies(endings map[*asked]*ending) {
	byKey := map[string][]*asked{}
	for _, a := range s.asked {
		byKey[a.key()] = append(byKey[a.key()], a)
	}
	stored := s.ses.Policies()
	for key, requests := range byKey {
		identity, name, _ := strings.Cut(key, "/")
		has := stored[identity][name]
		newest := s.newest(requests, endings)
		wanted := ""
		if newest != nil {
			wanted = newest.text
		}
		if has != wanted && !s.isExhausted(has, requests, newest, endings) {
			s.violate(rulePolicies, key, "SES has %s, expected %v", s.whose(has), newest)
		}
	}
}

// newest is the newest accepted request; nil if there is none.
func (s *simulation) newest(requests []*asked, endings map[*asked]*ending) *asked {
	var newest *asked
	for _, a := range requests {
		e := endings[a]
		if a.kind.accepted() && (e.tookEffect() || e.letters+e.moved == 0) && (newest == nil || a.newer(newest)) {
			newest = a
		}
	}
	return newest
}

// isExhausted reports whether what SES has is of a request that ran out of
// receives and is newer than the newest that did not.
func (s *simulation) isExhausted(has string, requests []*asked, newest *asked, endings map[*asked]*ending) bool {
	return slices.ContainsFunc(requests, func(a *asked) bool {
		return a.kind.accepted() && endings[a].exhausted > 0 && a.text == has && (newest == nil || a.newer(newest))
	})
}
