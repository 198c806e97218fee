package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"sespolicy/shared/local/queue"
	"sespolicy/shared/outcome"
)

// asked is a request of the simulation, and what is expected of it.
type asked struct {
	number   int
	identity string // canonical
	name     string
	kind     kind
	body     string
	text     string // the policy as SES has it; empty for a delete
	sent     int64  // SentTimestamp, milliseconds
	id       string // message id
}

func (a *asked) key() string { return a.identity + "/" + a.name }

// newer reports whether a counts as sent after b: in one millisecond the message
// id decides.
func (a *asked) newer(b *asked) bool {
	return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.id, b.id)) > 0
}

func (a *asked) String() string { return fmt.Sprintf("#%d %s %s", a.number, a.kind, a.key()) }

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
)

// code is the ErrorCode of a request of the kind on the dead-letter queue;
// empty for what belongs nowhere near it.
func (k kind) code() string {
	switch k {
	case misspelt:
		return outcome.MalformedRequest
	case foreignResource:
		return outcome.GuardrailViolation
	case refusedBySES, knownLater, neverKnown:
		return outcome.InvalidPolicy
	}
	return ""
}

// accepted reports whether SES may take such a request, sooner or later.
func (k kind) accepted() bool { return k == put || k == remove || k == knownLater }

// reachesSES reports whether such a request passes the checks.
func (k kind) reachesSES() bool { return k != misspelt && k != foreignResource }

const (
	wrongPrincipal = "arn:aws:iam::111122223333:role/nobody"
	newPrincipal   = "arn:aws:iam::111122223333:role/new"
)

// newRequest draws a request. Its policy is like no other's: the text on SES
// says whose it is.
func (s *simulation) newRequest(number int) *asked {
	d := s.dice
	a := &asked{
		number:   number,
		identity: fmt.Sprintf("example%d.com", d.intN("identity", s.scenario.identities)),
		name:     fmt.Sprintf("Policy%d", d.intN("name", s.scenario.names)),
		kind:     one(d, "kind", put, put, put, put, put, put, put, remove, remove, misspelt, foreignResource, refusedBySES, knownLater, neverKnown),
	}
	spelling := one(d, "spelling", a.identity, strings.ToUpper(a.identity), identityARN(a.identity))
	if a.kind == remove {
		a.body = fmt.Sprintf(`{"Action":"DeleteIdentityPolicy","Identity":%q,"PolicyName":%q}`, spelling, a.name)
		return a
	}
	a.text = policyText(a)
	a.body = fmt.Sprintf(`{"Identity":%q,"PolicyName":%q,"Policy":%s}`, spelling, a.name, a.text)
	if d.chance("as a string", 0.3) {
		a.body = fmt.Sprintf(`{"Identity":%q,"PolicyName":%q,"Policy":%q}`, spelling, a.name, a.text)
	}
	if a.kind == misspelt {
		a.body = strings.Replace(a.body, "PolicyName", "Policyname", 1)
	}
	return a
}

func policyText(a *asked) string {
	principal, resource, condition := "111122223333", identityARN(a.identity), ""
	switch a.kind {
	case foreignResource:
		resource = identityARN("elsewhere.com")
	case refusedBySES:
		condition = `,"Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"}}`
	case knownLater:
		principal = newPrincipal
	case neverKnown:
		principal = wrongPrincipal
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"r%d","Effect":"Allow","Principal":{"AWS":%q},"Action":"ses:SendEmail","Resource":%q%s}]}`,
		a.number, principal, resource, condition)
}

func identityARN(identity string) string {
	return "arn:aws:ses:us-east-1:123456789012:identity/" + identity
}

// produce sends all requests. Some are delayed on their way to the consumer, as
// any SQS message may be.
func (s *simulation) produce() {
	average := s.scenario.sendUntil / time.Duration(s.scenario.requests)
	for number := range s.scenario.requests {
		switch {
		case !s.scenario.bursts:
			time.Sleep(s.dice.between("pause", 0, 2*average))
		case s.dice.chance("burst", 0.2):
			time.Sleep(s.dice.between("pause", 0, 10*average))
		case s.dice.chance("same moment", 0.7):
			time.Sleep(s.dice.between("moment", time.Microsecond, 5*time.Millisecond))
		}
		s.send(s.newRequest(number))
	}
	s.produced.Store(true)
}

func (s *simulation) send(a *asked) {
	input := queue.Input{Body: a.body, Attributes: map[string]queue.Attribute{"Team": {DataType: "String", StringValue: "a team"}}}
	if s.dice.chance("late", 0.2) {
		late := s.dice.between("late by", 0, s.scenario.late)
		input.Delay = &late
	}
	a.sent = time.Now().UnixMilli()
	s.sentAt[a] = time.Since(s.began)
	// The lock keeps the message from being delivered before it is known.
	s.mu.Lock()
	sent, err := s.source.Send(s.t.Context(), input)
	if err != nil {
		s.t.Error(err)
	}
	a.id = sent.MessageID
	s.asked = append(s.asked, a)
	s.byID[a.id] = a
	s.mu.Unlock()
	s.note(a.key(), "sent %v", a)
}
