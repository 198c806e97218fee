package main

import (
	"strings"

	"sespolicy/shared/ledger"
)

// mayBe reports whether a change may be the request's.
func (a *act) mayBe(b *asked) bool {
	if a.by != nil {
		return a.by == b.origin()
	}
	return b.key() == a.key && b.text == a.text && b.kind.accepted()
}

// effect is what one accepted request made of a policy.
type effect struct {
	by   *asked
	text string // empty for a delete
}

// newest are the newest effects, by policy. A request has its effect once the
// ledger has a change that SES made for it, even if its end was never told. A
// request that no stack sent has it also if it ended as what SES took, or as older
// than that. To which policy a stack's request did what is known from its calls
// alone: a Delete may remove nothing, and an Update may remove another policy
// besides.
func (s *simulation) newest(endings map[*asked]ending) map[string]effect {
	newest := map[string]effect{}
	add := func(key string, e effect) {
		if before, ok := newest[key]; !ok || e.by.newer(before.by) {
			newest[key] = e
		}
	}
	for _, a := range s.requests() {
		e := s.ofRequest(a, endings)
		if a.first == nil && a.stack == nil && a.kind.accepted() && (e.tookEffect() || e.letters+e.moved == 0) {
			add(a.key(), effect{a, a.text})
		}
	}
	last := map[[2]string]*act{}
	for _, a := range s.acted {
		if a.by != nil {
			last[[2]string{a.by.id, a.key}] = a
		}
	}
	for _, a := range last {
		if a.settled || a.by.stack != nil && s.ofRequest(a.by, endings).applied > 0 {
			add(a.key, effect{a.by, a.text})
		}
	}
	return newest
}

// checkPolicies compares what SES has with what the newest accepted requests ask
// for, and with the ledger.
func (s *simulation) checkPolicies(endings map[*asked]ending) {
	newest, stored := s.newest(endings), s.ses.Policies()
	keys := map[string]bool{}
	for _, a := range s.requests() {
		keys[a.key()] = true
	}
	for key := range keys {
		identity, name, _ := strings.Cut(key, "/")
		has, want := stored[identity][name], newest[key]
		if key == s.drifted || s.inDoubt(key, has, want.by, endings) {
			continue
		}
		if has != want.text && (want.by != nil || s.author(has) != nil) {
			s.violate(rulePolicies, key, "SES has %s, expected %s of %v", s.whose(has), s.whose(want.text), want.by)
		}
		s.checkLedger(key, has)
	}
}

// checkLedger compares what SES has with the ledger's record. Of a policy that the
// ledger does not know, nothing may have been put but by hand.
func (s *simulation) checkLedger(key, has string) {
	if s.ledger == nil {
		return
	}
	identity, name, _ := strings.Cut(key, "/")
	p, known, err := s.ledger.Policy(s.t.Context(), ledger.Name{Identity: identity, PolicyName: name})
	switch {
	case err != nil:
		s.t.Error(err)
	case known && has != p.Text, !known && s.author(has) != nil:
		s.violate(ruleLedger, key, "SES has %s, the ledger says %s", s.whose(has), s.whose(p.Text))
	}
}

// inDoubt reports whether what SES has is in doubt for good: the last change was
// made by a request that ran out of receives, or whose stack gave up, before its
// answer and its record were safe, so nobody looks any more. It must be newer than
// all accepted requests, or have arrived after its caller gave up. A stack sends a
// rollback or a Delete after such a request, so in the end only a late change is
// in doubt.
func (s *simulation) inDoubt(key, has string, newest *asked, endings map[*asked]ending) bool {
	last := s.lastAct(key)
	if last == nil || last.settled || last.text != has {
		return false
	}
	for _, a := range s.requests() {
		if e := s.ofRequest(a, endings); a.first != nil || !last.mayBe(a) || e.exhausted+e.expired == 0 {
			continue
		}
		if last.late || (newest == nil || a.newer(newest)) && (a.stack == nil || !s.lived.Load()) {
			s.doubtful[key] = true
			return true
		}
	}
	return false
}

// checkStacks compares SES with what the stacks believe to have in the end.
func (s *simulation) checkStacks(endings map[*asked]ending) {
	if len(s.stacks) == 0 {
		return
	}
	identity := s.stackIdentity()
	stored, newest := s.ses.Policies()[identity], s.newest(endings)
	wanted := map[string]string{}
	skip := func(name string) bool {
		key := identity + "/" + name
		return key == s.drifted || s.inDoubt(key, stored[name], newest[key].by, endings)
	}
	for _, stack := range s.stacks {
		for logical, r := range stack.resources {
			if _, taken := wanted[r.name]; taken {
				s.violate(ruleStacks, identity+"/"+r.name, "two resources have one policy")
			}
			wanted[r.name] = r.text
			if stored[r.name] != r.text && !skip(r.name) {
				s.violate(ruleStacks, identity+"/"+r.name, "%s of stack %s has %s, and SES has %s", logical, stack.name, s.whose(r.text), s.whose(stored[r.name]))
			}
		}
	}
	for name, text := range stored {
		if a := s.author(text); a != nil && a.stack != nil && wanted[name] != text && !skip(name) {
			s.violate(ruleStacks, identity+"/"+name, "SES has %s of stack %s, which does not have it any more", s.whose(text), a.stack.of.name)
		}
	}
}
