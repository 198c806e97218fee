package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// ruleOrder: the history of each policy is one of a register in which the newest
// by time asked wins. Porcupine decides that; its code is not this project's.
const ruleOrder = "linearizable, newest by time asked"

// asking is an operation of the register: a request, or reading what SES has.
type asking struct {
	key     string
	millis  int64
	id      string
	text    string // empty for a delete
	reading bool
}

// finish is how it ended: "Applied", "Superseded", or "unknown" for a request that
// ran out of receives, which SES may have taken. A reading has the text.
type finish struct{ outcome, text string }

// register is the policy: the newest request that was applied, and what SES has.
type register struct {
	millis int64
	id     string
	has    string
}

func (r register) olderThan(a asking) bool {
	return r.millis < a.millis || r.millis == a.millis && r.id < a.id
}

// newestByTimeAsked is the specification.
var newestByTimeAsked = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, o := range history {
			key := o.Input.(asking).key
			byKey[key] = append(byKey[key], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []any { return []any{register{}} },
	Step: func(state, input, output any) []any {
		r, a, e := state.(register), input.(asking), output.(finish)
		applied := register{a.millis, a.id, a.text}
		switch {
		case a.reading && r.has == e.text, e.outcome == "Superseded" && !r.olderThan(a):
			return []any{r}
		case e.outcome == "Applied" && r.olderThan(a):
			return []any{applied}
		case e.outcome == "unknown":
			return []any{r, applied, register{r.millis, r.id, a.text}} // not taken, recorded, taken only
		}
		return nil
	},
	DescribeOperation: func(input, output any) string {
		a, isAsking := input.(asking)
		e, hasEffect := output.(finish)
		if !isAsking || !hasEffect { // the drawing also asks about the state before any operation
			return ""
		}
		if a.reading {
			return "SES has " + brief(e.text)
		}
		return fmt.Sprintf("%s at %d: %s", brief(a.text), a.millis, e.outcome)
	},
	DescribeState: func(state any) string { return fmt.Sprint(state) },
}

func brief(text string) string {
	if _, rest, ok := strings.Cut(text, `"Sid":"`); ok {
		number, _, _ := strings.Cut(rest, `"`)
		return number
	}
	return "nothing"
}

// operations are the simulation's requests that SES may have taken, and one
// reading of each policy at the end. A stack's request is one operation for each
// policy that SES changed for it, and unknown unless it was applied.
func (s *simulation) operations(endings map[*asked]ending) []porcupine.Operation {
	now := time.Since(s.began).Nanoseconds()
	var history []porcupine.Operation
	read := map[string]bool{}
	add := func(a *asked, key, text, outcome string, at int64) {
		order := a.order()
		if said := s.firstEnd(a); outcome == "Superseded" {
			order = said.oldest()
		}
		history = append(history, porcupine.Operation{ClientId: a.number, Input: asking{key, order.Millis, order.MessageID, text, false},
			Output: finish{outcome: outcome}, Call: a.sentAt.Nanoseconds(), Return: at})
		read[key] = true
	}
	for _, a := range s.asked {
		if a.first != nil {
			continue
		}
		outcome, at := "", now
		if said := s.firstEnd(a); said != nil {
			outcome, at = "Applied", s.endedAt[a].Nanoseconds()
			if said.outcome == "Superseded" {
				outcome = said.outcome
			}
		}
		done := map[string]string{} // the text, by policy
		for _, made := range s.acted {
			if made.by == a && a.stack != nil {
				done[made.key] = made.text
			}
		}
		switch {
		case outcome == "Superseded" && len(done) == 0, outcome != "" && a.stack == nil:
			add(a, a.key(), a.text, outcome, at)
		case a.stack == nil && s.ofRequest(a, endings).exhausted > 0 && a.kind.accepted():
			add(a, a.key(), a.text, "unknown", now)
		}
		for key, text := range done {
			if outcome == "Applied" {
				add(a, key, text, outcome, at)
			} else {
				add(a, key, text, "unknown", now)
			}
		}
	}
	stored := s.ses.Policies()
	for key, text := range s.hand {
		history = append(history, porcupine.Operation{ClientId: -1, Input: asking{key: key, id: "by hand", text: text}, Output: finish{outcome: "Applied"}, Call: -2, Return: -1})
	}
	for key := range read {
		identity, name, _ := strings.Cut(key, "/")
		history = append(history, porcupine.Operation{ClientId: -1, Input: asking{key: key, reading: true}, Output: finish{text: stored[identity][name]}, Call: now + 1, Return: now + 2})
	}
	return slices.DeleteFunc(history, func(o porcupine.Operation) bool { return o.Input.(asking).key == s.drifted })
}

// firstEnd is what the function said first of a request that has its effect; nil
// for others.
func (s *simulation) firstEnd(a *asked) *delivery {
	i := slices.IndexFunc(s.deliveries, func(d *delivery) bool { return d.origin() == a && d.tookEffect() })
	if i < 0 {
		return nil
	}
	return s.deliveries[i]
}

// checkOrder has Porcupine check the history. A violation is drawn. The shipped
// binary has no history: nobody knows when each of its effects was there.
func (s *simulation) checkOrder(endings map[*asked]ending) {
	if len(s.endedAt) == 0 {
		return
	}
	history := s.operations(endings)
	s.operationsChecked = len(history)
	model := newestByTimeAsked.ToModel()
	result, info := porcupine.CheckOperationsVerbose(model, history, 0)
	if result == porcupine.Ok {
		return
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("order-seed-%d.html", s.dice.seed))
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		s.t.Error(err)
	}
	s.violate(ruleOrder, "", "no order of the requests explains what was applied and superseded; see %s", path)
}
