package main

import (
	"encoding/json"
	"slices"

	"sespolicy/shared/ledger"
	"sespolicy/shared/local/response"
)

// checkTold checks an answer to a stack as it arrives.
func (s *simulation) checkTold(answer response.Answer) {
	a := s.waiting(func(a *asked) bool { return a.stack != nil && a.stack.id == answer.RequestID })
	s.tell(a, answer.Status == "SUCCESS")
	if answer.Problem != "" {
		s.violate(ruleTold, a.key(), "%v: %s", a, answer.Problem)
	}
	if answer.Status == "SUCCESS" {
		s.checkSuccess(a)
	}
}

// tell checks what a requester is told: always the same, and what the ledger says.
// A stack that somebody else overtook is told of a failure. A request that was
// redriven may end differently if its first answer arrived and the function does not
// know that: the requester takes the first.
func (s *simulation) tell(a *asked, success bool) {
	s.note(a.key(), "#%d is told success %v", a.number, success)
	s.mu.Lock()
	before, again := s.told[a.origin().id]
	s.told[a.origin().id] = success
	s.mu.Unlock()
	if again && before != success && !s.wasRedriven(a) {
		s.violate(ruleTold, a.key(), "%v is told success %v after %v", a, success, before)
	}
	o := s.entry(a).Outcome
	if has := o.Kind == ledger.Applied || o.Kind == ledger.Superseded && (a.stack == nil || o.Own); o.Kind == "" || success != has {
		s.violate(ruleTold, a.key(), "%v is told success %v, and the ledger says %+v", a, success, o)
	}
}

// entry is the ledger's record of a request, under whichever of its messages.
func (s *simulation) entry(a *asked) ledger.Entry {
	var ids []string
	s.mu.Lock()
	for _, b := range s.asked {
		if b.origin() == a.origin() {
			ids = append(ids, b.id)
		}
	}
	s.mu.Unlock()
	found, err := s.ledger.Status(s.t.Context(), ids...)
	if err != nil {
		s.t.Error(err)
	}
	for _, id := range ids {
		if entry, ok := found[id]; ok {
			return entry
		}
	}
	return ledger.Entry{}
}

// checkSuccess checks that what a stack asked for is there, or something newer.
// While another call for the policy is under way or in doubt, what SES has is left
// to that one's end.
func (s *simulation) checkSuccess(a *asked) {
	p, _, err := s.ledger.Policy(s.t.Context(), ledger.Name{Identity: a.identity, PolicyName: a.name})
	if err != nil {
		s.t.Error(err)
	}
	has := s.ses.Policies()[a.identity][a.name]
	last := s.lastAct(a.key())
	unsettled := p.Intent != nil || a.key() == s.drifted || last != nil && (last.late || !last.settled && last.by != a.origin())
	newer := p.Order.After(a.order())
	if a.kind == unmakes {
		mine := p.Owner != nil && p.Owner.StackID == a.stack.of.id && p.Owner.LogicalID == a.stack.logical
		left := s.author(has)
		if mine && !newer || left != nil && left.sameResource(a) && !newer && !unsettled {
			s.violate(ruleTold, a.key(), "%v is told SUCCESS, SES has %s and the ledger's owner is %v", a, s.whose(has), p.Owner)
		}
		return
	}
	if a.order().After(p.Order) || has != p.Text && !unsettled {
		s.violate(ruleTold, a.key(), "%v is told SUCCESS, SES has %s and the ledger %s of %v", a, s.whose(has), s.whose(p.Text), p.Order)
	}
}

// checkAnswers checks that every requester that waits was told in the end, except of
// a request that SQS moved, or whose answer the function gave up: because it can
// never arrive, or because it had not arrived at the last receive.
func (s *simulation) checkAnswers(endings map[*asked]ending) {
	if s.tasks == nil {
		return
	}
	answered := map[string]bool{}
	for _, answer := range s.tasks.Answers() {
		answered[answer.Token] = true
	}
	for _, answer := range s.bucket.Answers() {
		answered[answer.RequestID] = true
	}
	for _, a := range s.asked {
		e := s.ofRequest(a, endings)
		givenUp := s.givenUp.of[a.id] > 0 && (s.refused.of[a.id] > 0 || e.letters > 0 && s.receives(a) >= s.scenario.maxReceives)
		excused := e.moved > 0 || e.expired > 0 || givenUp
		switch {
		case a.first != nil, excused:
		case a.stack != nil && !answered[a.stack.id], a.waits && !answered[a.token]:
			s.violate(ruleTold, a.key(), "%v was told nothing: %+v", a, e)
		}
	}
	s.checkEvents()
}

// receives is how often the function has received one message of the request.
func (s *simulation) receives(a *asked) int {
	most := 0
	for _, said := range s.deliveries {
		if said.origin() == a.origin() {
			most = max(most, said.receives)
		}
	}
	return most
}

// checkEvents checks that the bus has no event of what did not happen. An event may
// come twice, or not at all.
func (s *simulation) checkEvents() {
	for _, event := range s.bus.Events() {
		var detail struct{ MessageID, Outcome string }
		if err := json.Unmarshal(event.Detail, &detail); err != nil {
			s.t.Error(err)
		}
		if !slices.ContainsFunc(s.deliveries, func(d *delivery) bool { return d.id == detail.MessageID && d.outcome == detail.Outcome }) {
			s.violate(ruleTold, "", "an event says that %s is %s", detail.MessageID, detail.Outcome)
		}
	}
}
