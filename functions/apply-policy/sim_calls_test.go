package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// act is a change that SES made.
type act struct {
	key, text string // text is empty for a delete
	at        time.Duration
	by        *asked // the request whose intent it was made under; nil if nobody knows, as of the shipped binary
	during    *invocation
	late      bool // it arrived after its caller gave up
	answered  bool // its caller has SES's answer
	settled   bool // the ledger has it: the intent was replaced after the act
}

// intent is what the ledger's table was told before a call of SES.
type intent struct {
	by   *asked
	key  string
	text string // empty for a delete
}

// writtenItem is what the accounts need of an item of the ledger, in
// DynamoDB's JSON.
type writtenItem struct {
	Identity, PolicyName struct{ S string }
	Number               struct{ N string } // of a policy alone
	Intent               *struct {
		M struct {
			MessageID struct{ S string }
			Order     struct {
				M struct{ MessageID struct{ S string } }
			}
			Change struct {
				M struct{ Action, Identity, PolicyName, Text struct{ S string } }
			}
		}
	}
}

// writtenItems are the items of a TransactWriteItems.
func writtenItems(body []byte) []writtenItem {
	var asked struct {
		TransactItems []struct{ Put *struct{ Item writtenItem } }
	}
	_ = json.Unmarshal(body, &asked) // what cannot be read has none
	var items []writtenItem
	for _, each := range asked.TransactItems {
		if each.Put != nil && each.Put.Item.Number.N != "" {
			items = append(items, each.Put.Item)
		}
	}
	return items
}

// intends notes the intent that an invocation is about to write.
func (s *simulation) intends(v *invocation, items []writtenItem) {
	for _, item := range items {
		if item.Intent == nil {
			continue
		}
		written := item.Intent.M
		c := written.Change.M
		v.intent = &intent{by: s.request(written.MessageID.S), key: c.Identity.S + "/" + c.PolicyName.S, text: c.Text.S}
	}
}

// settles notes that the table has taken a write of the invocation. An intent says
// by which of its messages the request counts. A policy whose intent is gone has
// what SES was told before.
func (s *simulation) settles(v *invocation, items []writtenItem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range items {
		if item.Intent != nil {
			if a := s.byID[item.Intent.M.Order.M.MessageID.S]; a != nil {
				a.origin().counts = a
			}
		}
		for _, a := range v.acts {
			if item.Intent == nil && a.key == item.Identity.S+"/"+item.PolicyName.S && !a.late {
				a.settled = true
			}
		}
	}
}

// observe notes a call that reached SES, and holds a change to the rules. before
// is what SES had.
func (s *simulation) observe(v *invocation, of *intent, form url.Values, before string, ok, late bool) *act {
	a := &act{key: form.Get("Identity") + "/" + form.Get("PolicyName"), text: form.Get("Policy"), at: time.Since(s.began), during: v, late: late}
	verdict := "refused"
	if ok {
		verdict = "done"
	}
	if late {
		verdict += ", late"
	}
	s.note(a.key, "SES: %s %s: %s", form.Get("Action"), s.whose(a.text), verdict)
	if !ok {
		return nil
	}
	if of == nil || of.by == nil || of.key != a.key || of.text != a.text {
		s.violate(ruleIntent, a.key, "SES did %s, and the latest intent is %+v", s.whose(a.text), of)
	} else {
		a.by = of.by.origin()
		s.checkOwner(a, before)
		s.checkOnce(a)
	}
	s.mu.Lock()
	s.acted = append(s.acted, a)
	v.acts = append(v.acts, a)
	s.mu.Unlock()
	if !late {
		s.checkAct(v, a)
	}
	return a
}

// lateCall is a call that arrives after its caller gave up.
type lateCall struct {
	by     *asked // nil for a write of the ledger
	arrive func()
	done   bool
}

// postpone has a call arrive within a time, or before a later delivery of the
// same message makes a call of SES: between the two is at least half a minute.
func (s *simulation) postpone(by *asked, within time.Duration, arrive func()) {
	c := &lateCall{by: by, arrive: arrive}
	s.mu.Lock()
	s.late = append(s.late, c)
	s.mu.Unlock()
	time.AfterFunc(s.dice.between("arriving late", time.Millisecond, within), func() { s.arrive(c) })
}

func (s *simulation) arrive(c *lateCall) {
	s.mu.Lock()
	if c.done {
		s.mu.Unlock()
		return
	}
	c.done = true
	s.late = slices.DeleteFunc(s.late, func(other *lateCall) bool { return other == c })
	s.mu.Unlock()
	c.arrive()
}

// overtake has the late calls of SES for these messages arrive.
func (s *simulation) overtake(records []events.SQSMessage) {
	s.mu.Lock()
	var due []*lateCall
	for _, c := range s.late {
		if c.by != nil && slices.ContainsFunc(records, func(r events.SQSMessage) bool { return s.byID[r.MessageId].origin() == c.by.origin() }) {
			due = append(due, c)
		}
	}
	s.mu.Unlock()
	for _, c := range due {
		s.arrive(c)
	}
}

// underway reports whether calls may still arrive.
func (s *simulation) underway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.late) > 0
}
