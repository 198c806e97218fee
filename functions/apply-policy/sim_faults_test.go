package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/wire"
)

// elsewhere is the identity that the other writer writes to.
const elsewhere = "elsewhere.com"

// sesFault is what SES itself answers.
func (s *simulation) sesFault(call email.Call) wire.Fault {
	switch {
	case call.Identity == elsewhere, call.Identity == strings.ToUpper(s.stackIdentity()):
	case s.under(sesThrottles):
		return wire.Fault{Code: "Throttling", Message: "Rate exceeded"}
	case s.under(sesFails):
		return one(s.dice, "failing", wire.Fault{Code: "ServiceUnavailable"}, wire.Fault{Code: "InternalFailure"}, wire.Fault{Status: http.StatusServiceUnavailable})
	case s.under(sesDenies):
		return wire.Fault{Code: one(s.dice, "denying", "AccessDenied", "ExpiredToken", "SignatureDoesNotMatch"), Status: http.StatusForbidden}
	}
	return wire.Fault{}
}

// queueFault is what goes wrong with a call of the queues, the mapping's and
// the function's.
func (s *simulation) queueFault(call queue.Call) wire.Fault {
	failed := wire.Fault{Code: "InternalError", Status: http.StatusInternalServerError}
	switch call.Action {
	case "ReceiveMessage":
		switch {
		case s.under(receiveFails):
			return failed
		case s.under(receiveLost):
			s.lostReceives.Add(1)
			return wire.Fault{Hang: true, Act: true}
		}
		return wire.Fault{Before: s.dice.between("receiving", time.Millisecond, 40*time.Millisecond)}
	case "DeleteMessage":
		return s.deleteFault(failed)
	case "ChangeMessageVisibilityBatch":
		if s.under(delaysFail) {
			return one(s.dice, "delays failing", failed, wire.Fault{Hang: true}, wire.Fault{Hang: true, Act: true})
		}
	case "SendMessage":
		switch {
		case call.Queue != s.dead.Name():
		case s.under(lettersFail):
			return failed
		case s.under(lettersHang):
			return wire.Fault{Hang: true}
		case s.under(lettersForget):
			return wire.Fault{Hang: true, Act: true}
		}
	}
	return wire.Fault{}
}

// deleteFault fails a delete of the mapping.
func (s *simulation) deleteFault(failed queue.Fault) wire.Fault {
	if s.under(deleteFails) {
		return one(s.dice, "deletes failing", failed, wire.Fault{Hang: true}, wire.Fault{Hang: true, Act: true})
	}
	return wire.Fault{Before: s.dice.between("deleting", time.Millisecond, 20*time.Millisecond)}
}

// bucketFault is what goes wrong with an answer to a stack.
func (s *simulation) bucketFault(r *http.Request) wire.Fault {
	switch {
	case s.under(bucketFails):
		return one(s.dice, "bucket failing", wire.Fault{Status: http.StatusServiceUnavailable}, wire.Fault{Hang: true}, wire.Fault{Break: true})
	case s.under(bucketForgets):
		return one(s.dice, "bucket forgetting", wire.Fault{Act: true, Hang: true}, wire.Fault{Act: true, Break: true}, wire.Fault{Act: true, Status: http.StatusBadGateway})
	case s.under(bucketRefuses):
		a := s.waiting(func(a *asked) bool { return a.stack != nil && strings.HasSuffix(r.URL.Path, "|"+a.stack.id) })
		s.refused.add(a.origin().id)
		return wire.Fault{Status: http.StatusForbidden}
	}
	return wire.Fault{}
}

// taskFault is what goes wrong with an answer to a task.
func (s *simulation) taskFault(answer states.Answer) wire.Fault {
	s.tell(s.waiting(func(a *asked) bool { return a.token == answer.Token }), answer.Success)
	switch {
	case s.under(tasksFail):
		return one(s.dice, "tasks failing", wire.Fault{Code: "ThrottlingException", Status: http.StatusBadRequest}, wire.Fault{Status: http.StatusInternalServerError}, wire.Fault{Hang: true})
	case s.under(tasksForget):
		return one(s.dice, "tasks forgetting", wire.Fault{Act: true, Hang: true}, wire.Fault{Act: true, Break: true})
	}
	return wire.Fault{}
}

// waiting is the first request that fits: of an answer, the one that it is for.
func (s *simulation) waiting(fits func(*asked) bool) *asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[slices.IndexFunc(s.asked, fits)]
}

// busFault is what goes wrong with events.
func (s *simulation) busFault(*http.Request) wire.Fault {
	if s.under(busFails) {
		return one(s.dice, "bus failing", wire.Fault{Status: http.StatusInternalServerError}, wire.Fault{Act: true, Break: true}, wire.Fault{Hang: true})
	}
	return wire.Fault{}
}

// refusal is a transaction of which DynamoDB refuses the first write: its
// condition does not hold, or it meets another transaction.
func refusal(d *dice, body []byte) *http.Response {
	var asked struct{ TransactItems []struct{} }
	if err := json.Unmarshal(body, &asked); err != nil {
		panic(err) // the function's own SDK has written it
	}
	reasons := make([]map[string]string, len(asked.TransactItems))
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	reasons[0]["Code"] = "ConditionalCheckFailed"
	if d.chance("meeting", 0.3) {
		reasons[0]["Code"] = "TransactionConflict"
	}
	return jsonAnswer(http.StatusBadRequest, map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": reasons})
}

// unprocessed is a read of which nothing is read this time.
func unprocessed(body []byte) *http.Response {
	var asked struct{ RequestItems json.RawMessage }
	if err := json.Unmarshal(body, &asked); err != nil {
		panic(err) // the function's own SDK has written it
	}
	return jsonAnswer(http.StatusOK, map[string]any{"Responses": map[string]any{}, "UnprocessedKeys": asked.RequestItems})
}

func jsonAnswer(status int, answer any) *http.Response {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return httpAnswer(status, string(text))
}

// copyOf has a standard queue deliver a message twice.
func (s *simulation) copyOf(m queue.Message) (time.Duration, bool) {
	if !s.under(copies) {
		return 0, false
	}
	s.again.add(m.ID)
	return s.dice.between("copy", 0, 10*time.Minute), true
}

// pick has a standard queue deliver in any order.
func (s *simulation) pick(n int) int {
	if n > 1 && s.under(shuffles) {
		return s.dice.intN("pick", n)
	}
	return 0
}

// callSES calls SES past the function and all faults.
func (s *simulation) callSES(form url.Values) {
	form.Set("Version", "2010-12-01")
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := (wire.Client{Handler: s.ses}).Do(request); err != nil {
		s.t.Error(err)
	}
}

// writeElsewhere is the other writer, who has an identity of its own and the
// same allowance.
func (s *simulation) writeElsewhere() {
	for _, spell := range s.scenario.spells {
		if spell.fault != otherWriter {
			continue
		}
		time.Sleep(max(0, spell.from-time.Since(s.began)))
		for s.lasts(spell) {
			s.callSES(url.Values{"Action": {"DeleteIdentityPolicy"}, "Identity": {elsewhere}, "PolicyName": {"Other"}})
			time.Sleep(s.dice.between("other writer", 100*time.Millisecond, time.Duration(float64(2*time.Second)/spell.chance)))
		}
	}
}

// learnPrincipals has IAM tell SES of the new principal after a while.
func (s *simulation) learnPrincipals() {
	s.ses.SetUnknownPrincipals(wrongPrincipal, newPrincipal)
	time.Sleep(s.dice.between("principal", 0, 10*time.Minute))
	s.ses.SetUnknownPrincipals(wrongPrincipal)
}

// putByHand puts policies that the stacks want, before they come.
func (s *simulation) putByHand() {
	for _, name := range stackPolicies {
		if s.scenario.stacks > 0 && s.dice.chance("by hand", 0.1) {
			key, text := s.operate(name)
			s.hand[key] = text
			time.Sleep(2 * time.Second)
		}
	}
}

// drift changes a policy by hand while the stacks live. Nothing is promised of what
// becomes of it, so the rules leave that policy out.
func (s *simulation) drift() {
	if s.scenario.stacks == 0 || !s.dice.chance("drift", 0.2) {
		return
	}
	time.Sleep(s.dice.between("drift at", 0, 5*time.Minute))
	name := one(s.dice, "drifted", stackPolicies...)
	s.mu.Lock()
	s.drifted = s.stackIdentity() + "/" + name
	s.mu.Unlock()
	s.operate(name)
}

// operate has an operator put a policy, who writes identities in capitals.
func (s *simulation) operate(name string) (key, text string) {
	identity := s.stackIdentity()
	key, text = identity+"/"+name, policyText(&asked{number: 9000, identity: identity})
	s.note(key, "put by hand")
	s.callSES(url.Values{"Action": {"PutIdentityPolicy"}, "Identity": {strings.ToUpper(identity)}, "PolicyName": {name}, "Policy": {text}})
	return key, text
}
