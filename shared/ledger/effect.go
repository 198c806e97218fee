package ledger

import "slices"

// settle records that SES has taken the decision's change.
func (t *transition) settle(d Decision) {
	t.open()
	p := t.policies[d.Change.Name]
	p.Intent = nil
	if d.Repair {
		t.set(p)
		t.entry.Attempts = nil
		t.end(d.Outcome)
		t.note()
		return
	}
	t.settleOwner(&p, d)
	t.archive(&p)
	p.Record = Record{Number: p.Number + 1, Present: d.Change.Action == Put, Text: d.Change.Text, Order: t.order(),
		MessageID: t.entry.MessageID, By: t.requester(), At: t.now}
	t.set(p)
	t.settleResource(d)
	t.note()
	t.entry.Attempts = without(t.entry.Attempts, func(c Change) bool { return c.Name == d.Change.Name })
	if !d.More {
		t.entry.Effect = true
		t.end(Outcome{Kind: Applied})
	}
}

// settleOwner says whose the policy is after the change.
func (t *transition) settleOwner(p *Policy, d Decision) {
	switch {
	case d.Restore && d.Change.Action == Put && p.Previous != nil:
		owner := p.Previous.Owner
		p.Owner, p.Previous = &owner, nil
	case d.Change.Action == Delete && (p.Owner == nil || p.Owner.is(t.Request)):
		p.Owner, p.Previous = nil, nil
	case d.Change.Action == Delete:
		p.Previous = nil // revoked: what a takeover took does not come back
	case p.Owner.is(t.Request), t.Stack == nil:
	case p.Owner.sameStack(t.Request):
		// Who takes back what was taken has rolled the takeover back: the taker has
		// nothing left that could come back.
		returned := p.Previous != nil && p.Previous.Owner.is(t.Request)
		taken := Previous{Owner: *p.Owner, Text: p.Text}
		p.Owner, p.Previous = t.owner(), nil
		if p.Present && !returned {
			p.Previous = &taken
		}
	case p.Owner == nil && !d.Restore && (t.makes() || !p.known()):
		p.Owner = t.owner()
	}
}

func (t *transition) owner() *Owner {
	return &Owner{StackID: t.Stack.StackID, LogicalID: t.Stack.LogicalID, Topic: t.Topic}
}

// archive makes an earlier version of the current record.
func (t *transition) archive(p *Policy) {
	if !p.known() {
		return
	}
	k := versionKey(p.Name, p.Number)
	t.versions = append(t.versions, Version{header: header{PK: k.PK, SK: k.SK}, Name: p.Name, Record: p.Record})
	p.Kept = append(slices.Clone(p.Kept), p.Number)
	for len(p.Kept) > maxVersions {
		t.trimmed = append(t.trimmed, versionKey(p.Name, p.Kept[0]))
		p.Kept = p.Kept[1:]
	}
}

// settleResource keeps what the resource has put and forgets what is gone.
func (t *transition) settleResource(d Decision) {
	if t.Stack == nil {
		return
	}
	before := len(t.resource.Made)
	if t.is("Delete") || d.More {
		t.resource.Made = without(t.resource.Made, func(m Made) bool { return m.Name == d.Change.Name })
		t.resources = t.resources || len(t.resource.Made) != before
	}
	if i := t.made(); i >= 0 && !t.resource.Made[i].Settled && !d.More {
		t.resource.Made[i].Settled = true
		t.resources = true
	}
}

// release forgets that a takeover took the policy from this resource, once the
// resource is deleted.
func (t *transition) release() {
	if !t.is("Delete") {
		return
	}
	for _, p := range t.policies {
		if p.Previous != nil && p.Previous.Owner.is(t.Request) {
			p.Previous = nil
			t.set(p)
		}
	}
}
