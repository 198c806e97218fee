package main

import (
	"cmp"
	"slices"
)

// byHand is the author of what no request put.
var byHand = &asked{kind: "an operator"}

// checkOwner checks that a change comes from the owner of the policy. before is
// what SES had. Within a stack, one resource may put what another has, but only a
// resource's own request removes it. A policy that no stack has put is changed by a
// resource only if it was asked to adopt it. What a call in doubt left has no owner:
// its request repairs it, or the next request replaces it.
func (s *simulation) checkOwner(a *act, before string) {
	author, last := s.author(before), s.lastAct(a.key)
	if before == "" || before == a.text || a.key == s.drifted || a.late || author == a.by || last != nil && (last.late || !last.settled) {
		return
	}
	switch author = cmp.Or(author, byHand); {
	case author.stack != nil && (!author.sameStack(a.by) || a.text == "" && !author.sameResource(a.by)),
		author.stack == nil && a.by.stack != nil && !s.adopts(a):
		s.violate(ruleOwner, a.key, "%v changes a policy of %v", a.by, author)
	}
}

// adopts reports whether the resource has asked to take over what others put.
func (s *simulation) adopts(a *act) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.asked {
		if b.key() == a.key && b.sameResource(a.by) && b.stack.new.adopt {
			return true
		}
	}
	return false
}

// lastAct is the last change of a policy; nil for none.
func (s *simulation) lastAct(key string) *act {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range slices.Backward(s.acted) {
		if a.key == key {
			return a
		}
	}
	return nil
}

// checkOnce checks that a change is not made again once it is settled.
func (s *simulation) checkOnce(a *act) {
	if a.late {
		return
	}
	s.mu.Lock()
	again := false
	for _, b := range s.acted {
		again = again || b.by == a.by && b.key == a.key && b.text == a.text && b.settled
	}
	s.mu.Unlock()
	if again {
		s.violate(ruleOnce, a.key, "%v has SES do %s again, though the ledger has it", a.by, s.whose(a.text))
	}
}

// checkInvocation checks that the ledger has what SES did for an invocation, unless
// an answer or a write was lost or the invocation was broken off.
func (s *simulation) checkInvocation(v *invocation) {
	if v.struck || v.broken {
		return
	}
	s.mu.Lock()
	var missing *act
	for _, a := range v.acts {
		if a.answered && !a.settled {
			missing = a
		}
	}
	s.mu.Unlock()
	if missing != nil {
		s.violate(ruleOnce, missing.key, "SES did %s, and the ledger does not have it", s.whose(missing.text))
	}
}
