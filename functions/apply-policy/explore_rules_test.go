package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
)

// tell is an answer to a stack: always the same one, and SUCCESS only if SES has
// what the stack asked for, or its stack has asked for something else since.
func (e *exploration) tell(w *smallWorld, body string) {
	var answer cfn.Response
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		w.faulty = "an answer is no JSON: " + body
		return
	}
	for i, r := range e.scenario.requests {
		if r.stack == "" || r.id() != answer.RequestID {
			continue
		}
		m := &w.messages[i]
		if m.status != "" && m.status != answer.Status {
			w.faulty = fmt.Sprintf("the stack of message %d is told %s and %s", i, m.status, answer.Status)
		}
		m.status = answer.Status
		if answer.Status == cfn.StatusSuccess && r.kind != cfn.RequestDelete && w.ses[r.name] != policyNumber(r.text) && !e.overtaken(w, r) {
			w.faulty = fmt.Sprintf("the stack of message %d is told SUCCESS, and SES has %q", i, w.holdings())
		}
	}
}

// overtaken reports whether the stack has sent something newer, or a call of
// somebody else's is in doubt, whose next delivery sees to it.
func (e *exploration) overtaken(w *smallWorld, r smallRequest) bool {
	if slices.ContainsFunc(w.messages, func(m smallMessage) bool { return m.inDoubt }) {
		return true
	}
	return slices.ContainsFunc(e.scenario.requests, func(other smallRequest) bool { return other.stack == r.stack && other.sent > r.sent })
}

// check checks the rule that holds whenever nothing is in flight or in doubt: SES
// has what the newest of those that ended asks for. Stacks decline requests, so
// theirs are checked at the end.
func (e *exploration) check(w *smallWorld) {
	if w.faulty != "" || !w.resting() || len(w.underway) > 0 {
		return
	}
	newest := -1
	for i, m := range w.messages {
		switch r := e.scenario.requests[i]; {
		case r.stack != "" || m.inDoubt:
			return
		case m.ended && (newest < 0 || r.sent > e.scenario.requests[newest].sent):
			newest = i
		}
	}
	if newest >= 0 && w.ses[e.scenario.requests[newest].name] != policyNumber(e.scenario.requests[newest].text) {
		w.faulty = fmt.Sprintf("nothing is in flight, message %d has ended, and SES has %q", newest, w.holdings())
	}
}

// checkEnd checks the rules that hold when nothing more can happen.
func (e *exploration) checkEnd(w *smallWorld) {
	for i, m := range w.messages {
		switch {
		case !m.ended:
			w.faulty = fmt.Sprintf("nothing more can happen, and message %d has not ended", i)
		case e.scenario.requests[i].stack != "" && m.status == "":
			w.faulty = fmt.Sprintf("the stack of message %d was told nothing", i)
		}
	}
	struck := e.faults - w.budget
	switch {
	case w.faulty != "":
	case !slices.Contains(e.scenario.want, e.ended(w)):
		w.faulty = fmt.Sprintf("in the end: %s, want one of %q", e.ended(w), e.scenario.want)
	case w.changes > len(w.messages)+e.scenario.cleanups+2*struck:
		w.faulty = fmt.Sprintf("%d requests and %d faults: %d changes of SES", len(w.messages), struck, w.changes)
	}
}

// ended is what SES has and what the stacks were told: name=number …: S or F for
// each stack's request.
func (e *exploration) ended(w *smallWorld) string {
	text := w.holdings()
	for i, m := range w.messages {
		if e.scenario.requests[i].stack != "" {
			text += " " + string(m.status[:1])
		}
	}
	return text
}

// holdings is what SES has: name=number, sorted.
func (w *smallWorld) holdings() string {
	var list []string
	for _, name := range []string{"P", "Q"} {
		if _, rest, ok := strings.Cut(w.ses[name], `"Sid":"r`); ok {
			number, _, _ := strings.Cut(rest, `"`)
			list = append(list, name+"="+number)
		}
	}
	return strings.Join(list, " ")
}
