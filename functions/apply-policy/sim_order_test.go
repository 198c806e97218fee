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

// effect is how it ended: "Applied", "Superseded", or "unknown" for a request that
// ran out of receives, which SES may have taken. A reading has the text.
type effect struct{ outcome, text string }

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
		r, a, e := state.(register), input.(asking), output.(effect)
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
		e, hasEffect := output.(effect)
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
// reading of each policy at the end.
func (s *simulation) operations(endings map[*asked]*ending) []porcupine.Operation {
	now := time.Since(s.began).Nanoseconds()
	var history []porcupine.Operation
	stored := s.ses.Policies()
	read := map[string]bool{}
	for _, a := range s.asked {
		e, at := s.firstEnd(a), now
		switch {
		case e.outcome != "":
			at = s.endedAt[a].Nanoseconds()
		case endings[a].exhausted > 0 && a.kind.accepted():
			e.outcome = "unknown"
		default:
			continue
		}
		history = append(history, porcupine.Operation{ClientId: a.number, Input: asking{a.key(), a.sent, a.id, a.text, false}, Output: e,
			Call: s.sentAt[a].Nanoseconds(), Return: at})
		if !read[a.key()] {
			read[a.key()] = true
			history = append(history, porcupine.Operation{ClientId: len(s.asked), Input: asking{key: a.key(), reading: true}, Output: effect{text: stored[a.identity][a.name]},
				Call: now + 1, Return: now + 2})
		}
	}
	return history
}

// firstEnd is what the function said first of a request that has its effect.
func (s *simulation) firstEnd(a *asked) effect {
	i := slices.IndexFunc(s.deliveries, func(d *delivery) bool {
		return d.asked == a && (d.outcome == "Applied" || d.outcome == "Deleted" || d.outcome == "Superseded")
	})
	switch {
	case i < 0:
		return effect{}
	case s.deliveries[i].outcome == "Superseded":
		return effect{outcome: "Superseded"}
	}
	return effect{outcome: "Applied"}
}

// checkOrder has Porcupine check the history. A violation is drawn. The shipped
// binary has no history: nobody knows when each of its effects was there.
func (s *simulation) checkOrder(endings map[*asked]*ending) {
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
