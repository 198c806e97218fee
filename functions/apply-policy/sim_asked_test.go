package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/ledger"
	"sespolicy/shared/outcome"
)

// asked is a request of the simulation, and what is expected of it.
type asked struct {
	number   int
	identity string // canonical
	name     string
	kind     kind
	body     string
	text     string  // the policy as SES has it; empty for a delete
	token    string  // of a task; empty for none
	waits    bool    // the task waits with the token
	stack    *change // the stack's change that it asks for; nil for others

	sent     int64         // SentTimestamp, milliseconds
	sentAt   time.Duration // since the beginning
	id       string        // message id
	first    *asked        // of a request that SNS delivered twice, the first message; nil for that itself
	redriven bool          // it was put back from the dead-letter queue
	counts   *asked        // of such a request, the message under which its latest intent is recorded; nil without one
}

// origin is the request itself, of whichever message.
func (a *asked) origin() *asked {
	if a.first != nil {
		return a.first
	}
	return a
}

func (a *asked) key() string { return a.identity + "/" + a.name }

// order is the place of the request among those for its policy: of two messages,
// that of the one that was decided. In one millisecond the message id decides.
func (a *asked) order() ledger.Order {
	a = cmp.Or(a.origin().counts, a.origin())
	return ledger.Order{Millis: a.sent, MessageID: a.id}
}

// oldest is the place of the first message: a copy of it may come after its letter
// was put back, and then its end is the request's.
func (a *asked) oldest() ledger.Order {
	return ledger.Order{Millis: a.origin().sent, MessageID: a.origin().id}
}

// newer reports whether a counts as sent after b.
func (a *asked) newer(b *asked) bool { return a.order().After(b.order()) }

func (a *asked) String() string {
	text := fmt.Sprintf("#%d %s %s", a.number, a.kind, a.key())
	if a.stack != nil {
		text += fmt.Sprintf(" for %s of stack %s", a.stack.logical, a.stack.of.name)
	}
	if a.first != nil {
		text += " again"
	}
	return text
}

// sameResource reports whether both are of one resource of a stack.
func (a *asked) sameResource(b *asked) bool {
	return a.stack != nil && b.stack != nil && a.stack.of == b.stack.of && a.stack.logical == b.stack.logical
}

func (a *asked) sameStack(b *asked) bool {
	return a.stack != nil && b.stack != nil && a.stack.of == b.stack.of
}

// kind is what SES, the checks and the guardrails will say to a request.
type kind string

// The kinds.
const (
	put             kind = "put"
	remove          kind = "delete"
	misspelt        kind = "misspelt"                // MalformedRequest
	foreignResource kind = "foreign resource"        // GuardrailViolation
	refusedBySES    kind = "condition key"           // passes the checks; SES refuses it
	knownLater      kind = "principal known later"   // SES refuses it for a while
	neverKnown      kind = "principal that is wrong" // SES always refuses it
	creates         kind = "Create"                  // a stack's, as the others
	updates         kind = "Update"
	unmakes         kind = "Delete"
)

// accepted reports whether SES may take such a request, sooner or later.
func (k kind) accepted() bool {
	return !slices.Contains([]kind{misspelt, foreignResource, refusedBySES, neverKnown}, k)
}

// reachesSES reports whether such a request passes the checks.
func (k kind) reachesSES() bool { return k != misspelt && k != foreignResource }

// codes are the ErrorCodes with which such a request may be on the dead-letter
// queue.
func (s *simulation) codes(a *asked) []string {
	codes := []string{outcome.RetriesExhausted}
	if a.redriven {
		codes = append(codes, outcome.AlreadyAnswered)
	}
	switch a.kind {
	case misspelt:
		return append(codes, outcome.MalformedRequest)
	case foreignResource:
		return append(codes, outcome.GuardrailViolation)
	case refusedBySES, knownLater, neverKnown:
		codes = append(codes, outcome.InvalidPolicy)
	case creates, updates:
		codes = append(codes, outcome.AlreadyExists, outcome.OwnedByStack, outcome.Cancelled, outcome.Expired)
	case unmakes:
		codes = append(codes, outcome.Expired)
	}
	if a.token != "" || a.stack != nil {
		codes = append(codes, outcome.AnswerUndelivered)
	}
	if s.scenario.shared && s.scenario.stacks > 0 {
		codes = append(codes, outcome.OwnedByStack)
	}
	return codes
}

const (
	wrongPrincipal = "arn:aws:iam::111122223333:role/nobody"
	newPrincipal   = "arn:aws:iam::111122223333:role/new"
)

// requests are those that were sent until now.
func (s *simulation) requests() []*asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// author is the request whose policy a text is; nil for none of them.
func (s *simulation) author(text string) *asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.asked, func(a *asked) bool { return text != "" && a.text == text })
	if i < 0 {
		return nil
	}
	return s.asked[i].origin()
}

// whose names the request that a policy belongs to.
func (s *simulation) whose(text string) string {
	if _, rest, ok := strings.Cut(text, `"Sid":"r`); ok {
		number, _, _ := strings.Cut(rest, `"`)
		return "#" + number
	}
	return "nothing"
}
