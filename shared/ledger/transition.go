package ledger

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// transition is what a step changes: a copy of the state, and which items of it
// are to be written. Steps are computed from what was read, and again if that
// has changed.
type transition struct {
	state
	Request
	now      time.Time
	instance string

	touched   map[Name]bool
	versions  []Version
	trimmed   []key
	entryDue  bool
	aliasTo   string // the entry that the request's aliases lead to
	resources bool
}

func (v *View) begin(s state, r Request, now time.Time) *transition {
	s.policies = maps.Clone(s.policies)
	s.resource.Made = slices.Clone(s.resource.Made)
	s.resource.Deletes = slices.Clone(s.resource.Deletes)
	s.resource.Rollbacks = slices.Clone(s.resource.Rollbacks)
	s.entry.Attempts = slices.Clone(s.entry.Attempts)
	return &transition{state: s, Request: r, now: now, instance: v.ledger.instance, touched: map[Name]bool{}}
}

func (t *transition) order() Order { return t.orderOf(t.Request) }

// open makes the request's entry if there is none. A redriven letter that is
// decided again starts over.
func (t *transition) open() {
	t.entryDue = true
	if t.entry.Version == 0 {
		k := requestKey(t.MessageID)
		t.entry = Entry{header: header{PK: k.PK, SK: k.SK}, Name: t.policy(), Action: t.Action, MessageID: t.MessageID,
			BodyDigest: t.BodyDigest, Order: t.order(), By: t.requester()}
	}
	if t.entry.Delivery != t.MessageID {
		if t.SourceMessageID != "" {
			t.entry.Letter = false
			if !t.entry.Outcome.done() {
				t.entry.Outcome, t.entry.Answer = Outcome{}, Pending
			}
		}
		t.entry.Delivery = t.MessageID
	}
	t.touch()
}

// touch makes the entry due without starting over: a step after the decision.
func (t *transition) touch() {
	if t.entry.Version == 0 && t.entry.MessageID == "" {
		t.open()
		return
	}
	t.entryDue = true
	t.entry.At = t.now
	t.entry.ExpiresAt = t.now.Add(keepRequests).Unix()
	t.aliasTo = t.entry.MessageID
}

// end records the outcome.
func (t *transition) end(o Outcome) {
	o.Message = clip(o.Message)
	t.entry.Outcome = o
}

func clip(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= maxMessage {
		return text
	}
	text = text[:maxMessage]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}

func (t *transition) set(p Policy) {
	k := policyKey(p.Name)
	p.PK, p.SK = k.PK, k.SK
	t.policies[p.Name] = p
	t.touched[p.Name] = true
}

// intend records that SES is about to be called.
func (t *transition) intend(d Decision, until time.Time) {
	t.open()
	intent := &Intent{MessageID: t.entry.MessageID, Order: t.order(), Change: d.Change, Instance: t.instance, Until: until}
	if !slices.Contains(t.entry.Attempts, d.Change) {
		t.entry.Attempts = append(t.entry.Attempts, d.Change)
		t.entry.Attempts = t.entry.Attempts[max(0, len(t.entry.Attempts)-maxAttempts):]
		intent.Fresh = true
	}
	if t.makes() && d.Change.Name == t.policy() && d.Change.Action == Put && !d.Repair {
		intent.FreshEntry = t.make()
	}
	// A Delete or a rollback that is noted meanwhile must meet this intent.
	t.resources = t.resources || t.makes()
	p := t.policies[d.Change.Name]
	p.Intent = intent
	t.set(p)
	t.note()
}

// make records that the request may have put its policy; true if that is new.
func (t *transition) make() bool {
	number := t.policies[t.policy()].Number
	if i := t.made(); i >= 0 {
		t.resource.Made[i].Number = number
		return false
	}
	made := Made{Name: t.policy(), MessageID: t.entry.MessageID, Order: t.order(), Topic: t.Topic, Number: number}
	if t.is("Update") {
		made.From = t.Stack.PhysicalID
	}
	t.keep(made)
	return true
}

// makes reports whether the request is one whose effect its stack may want
// undone: a Create, or an Update to another policy.
func (t *transition) makes() bool { return t.is("Create") || t.Stack != nil && t.elsewhere() }

// made is the place of what this request made in the resource's list; -1 for
// nowhere.
func (t *transition) made() int {
	return slices.IndexFunc(t.resource.Made, func(m Made) bool { return m.MessageID == t.entry.MessageID && m.Name == t.policy() })
}

// keep adds what was made to the resource's list.
func (t *transition) keep(made Made) {
	t.resource.Made = limit(append(t.resource.Made, made), maxEntries, func(m Made) string { return m.Topic })
	t.resources = true
}

// note records when the resource was first asked for a Delete or an Update, by
// which older Creates and replacements are cancelled, and that a Create ended
// without having made anything, so that its undoing removes nothing that is older.
func (t *transition) note() {
	switch {
	case t.is("Create") && t.entry.Outcome.Kind != "" && !slices.ContainsFunc(t.resource.Made, func(m Made) bool { return m.MessageID == t.entry.MessageID }):
		nothing := Made{MessageID: t.entry.MessageID, Order: t.order(), Topic: t.Topic, Settled: true}
		t.resource.Made = without(t.resource.Made, func(m Made) bool { return m.nothing() && m.Topic == t.Topic && nothing.Order.After(m.Order) })
		t.keep(nothing)
	case t.is("Delete"):
		t.resource.Deletes = t.noted(t.resource.Deletes, Noted{Topic: t.Topic, Order: t.entry.Order})
	case t.is("Update"):
		t.resource.Rollbacks = t.noted(t.resource.Rollbacks, Noted{PhysicalID: t.Stack.PhysicalID, Topic: t.Topic, Order: t.entry.Order})
	}
}

func (t *transition) noted(list []Noted, n Noted) []Noted {
	i := slices.IndexFunc(list, func(old Noted) bool { return old.Topic == n.Topic && old.PhysicalID == n.PhysicalID })
	switch {
	case i < 0:
		t.resources = true
		return limit(append(list, n), maxNoted, func(n Noted) string { return n.Topic })
	case n.Order.After(list[i].Order):
		t.resources = true
		list[i] = n
	}
	return list
}

// limit drops the oldest entries of a list that is longer than n, each from the
// topic that has the most: what comes through one topic does not crowd out what
// came through another.
func limit[T any](list []T, n int, topic func(T) string) []T {
	for len(list) > n {
		count, most := map[string]int{}, 0
		for _, entry := range list {
			count[topic(entry)]++
			most = max(most, count[topic(entry)])
		}
		oldest := slices.IndexFunc(list, func(entry T) bool { return count[topic(entry)] == most })
		list = slices.Delete(list, oldest, oldest+1)
	}
	return list
}

// without is the list without what is gone. An empty list is nil, which is not
// stored.
func without[T any](list []T, gone func(T) bool) []T {
	var rest []T
	for _, value := range list {
		if !gone(value) {
			rest = append(rest, value)
		}
	}
	return rest
}

// holds reports whether the policy's intent is this request's and this
// instance's.
func (t *transition) holds(name Name) bool {
	intent := t.policies[name].Intent
	return intent != nil && intent.MessageID == t.entry.MessageID && intent.Instance == t.instance
}

// yield ends the lease that this request holds, if any. Without a doubt about
// the call its attempt is removed. With one, or if an earlier call for the same
// change is in doubt, it stays, so that a later delivery looks at SES.
func (t *transition) yield(inDoubt bool) {
	for name, p := range t.policies {
		if !t.holds(name) {
			continue
		}
		intent := *p.Intent
		if inDoubt || !intent.Fresh {
			intent.Until, intent.Fresh, intent.FreshEntry = t.now, false, false
			p.Intent = &intent
			t.set(p)
			continue
		}
		p.Intent = nil
		t.set(p)
		t.entry.Attempts = without(t.entry.Attempts, func(c Change) bool { return c == intent.Change })
		if i := t.made(); intent.FreshEntry && i >= 0 {
			t.resource.Made = without(t.resource.Made, func(m Made) bool { return m == t.resource.Made[i] })
			t.resources = true
		}
	}
}

// items are the items to write.
func (t *transition) items() []item {
	var items []item
	for name := range t.touched {
		p := t.policies[name]
		items = append(items, &p)
	}
	for i := range t.versions {
		items = append(items, &t.versions[i])
	}
	if t.resources && t.Stack != nil {
		k := resourceKey(*t.Stack)
		t.resource.PK, t.resource.SK = k.PK, k.SK
		t.resource.ExpiresAt = 0
		if !slices.ContainsFunc(t.resource.Made, func(m Made) bool { return !m.nothing() }) {
			t.resource.ExpiresAt = t.now.Add(keepRequests).Unix()
		}
		items = append(items, &t.resource)
	}
	if t.entryDue {
		items = append(items, &t.entry)
	}
	return items
}
