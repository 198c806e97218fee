package main

import (
	"fmt"
	"strings"
	"time"

	"sespolicy/shared/local/queue"
)

// newRequest draws a request that no stack sends. Its policy is like no other's:
// the text on SES says whose it is.
func (s *simulation) newRequest(number int) *asked {
	d := s.dice
	a := &asked{
		number:   number,
		identity: fmt.Sprintf("example%d.com", d.intN("identity", s.scenario.identities)),
		name:     fmt.Sprintf("Policy%d", d.intN("name", s.scenario.names)),
		kind:     one(d, "kind", put, put, put, put, put, put, put, remove, remove, misspelt, foreignResource, refusedBySES, knownLater, neverKnown),
	}
	spelling := one(d, "spelling", a.identity, strings.ToUpper(a.identity), identityARN(a.identity))
	token := ""
	if d.chance("task", s.scenario.tasks) {
		a.token = fmt.Sprintf("token-%d", number)
		token = fmt.Sprintf(`"TaskToken":%q,`, a.token)
		if d.chance("still waits", 0.9) {
			a.waits = true
			s.tasks.Issue(a.token)
		}
	}
	if a.kind == remove {
		a.body = fmt.Sprintf(`{%s"Action":"DeleteIdentityPolicy","Identity":%q,"PolicyName":%q}`, token, spelling, a.name)
		return a
	}
	a.text = policyText(a)
	a.body = fmt.Sprintf(`{%s"Identity":%q,"PolicyName":%q,"Policy":%s}`, token, spelling, a.name, a.text)
	if d.chance("as a string", 0.3) {
		a.body = fmt.Sprintf(`{%s"Identity":%q,"PolicyName":%q,"Policy":%q}`, token, spelling, a.name, a.text)
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
	average := s.scenario.sendUntil / time.Duration(max(1, s.scenario.requests))
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

// send sends a request, and some a second time, under another message id: SNS
// delivers at least once.
func (s *simulation) send(a *asked) {
	s.transmit(a)
	if (a.token != "" || a.stack != nil) && s.dice.chance("twice", s.scenario.twice) {
		again := *a
		again.first = a
		s.transmit(&again)
	}
}

func (s *simulation) transmit(a *asked) {
	input := queue.Input{Body: a.body, Attributes: map[string]queue.Attribute{"Team": {DataType: "String", StringValue: "a team"}}}
	if s.dice.chance("late", 0.2) {
		late := s.dice.between("late by", 0, s.scenario.late)
		input.Delay = &late
	}
	a.sent, a.sentAt = time.Now().UnixMilli(), time.Since(s.began)
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
