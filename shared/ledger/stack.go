package ledger

import "slices"

// orderOf is the place of r among the requests for the same policy. A stack's
// request keeps the place of its first delivery: when it is redriven it does not
// override what its stack asked for since, and a second copy of it from SNS does
// not cancel the first.
func (s state) orderOf(r Request) Order {
	if r.Stack != nil && s.entry.Version > 0 {
		return s.entry.Order
	}
	return r.order()
}

func (d decider) order() Order { return d.orderOf(d.Request) }

// cancelled reports whether the stack asked for the opposite since: a Delete of
// the resource after its Create, or an Update with the old physical id after
// the Update that was to replace it.
func (d decider) cancelled() bool {
	later := func(noted Noted) bool { return noted.Order.After(d.order()) && trusts(d.Topic, noted.Topic) }
	if d.is("Create") {
		for _, noted := range d.resource.Deletes {
			if later(noted) {
				return true
			}
		}
	}
	if d.Stack != nil && d.elsewhere() {
		for _, noted := range d.resource.Rollbacks {
			if noted.PhysicalID == d.Stack.PhysicalID && later(noted) {
				return true
			}
		}
	}
	return false
}

// unknown reports whether nothing is recorded of a policy, attempts included: the
// table was lost, or there is no such policy.
func (d decider) unknown(p Policy) bool {
	return !p.known() && p.Intent == nil && !d.attempted(p.Name) && !d.claimed(p)
}

// deletedSince reports whether the resource was deleted after this Update of a
// policy of which nothing is recorded. That Delete found nothing, or the table was
// lost since.
func (d decider) deletedSince(p Policy) bool {
	return d.is("Update") && !d.elsewhere() && d.unknown(p) && slices.ContainsFunc(d.resource.Deletes, func(noted Noted) bool {
		return noted.Topic == d.Topic && noted.Order.After(d.order())
	})
}

// mayHavePut reports whether an earlier request of the resource may have put
// the policy: its intent is recorded, and nobody has settled the policy since, not
// even an older request that came later.
func (d decider) mayHavePut(made Made) bool {
	p := d.policies[made.Name]
	return !made.Settled && p.Owner == nil && d.earlier(made) && p.Number == made.Number
}

// earlier reports whether what was made was made by this request or before, and
// through a topic that lets this request change it.
func (d decider) earlier(made Made) bool {
	return (made.MessageID == d.entry.MessageID || !made.Order.After(d.order())) && trusts(made.Topic, d.Topic)
}

// leftover is a policy that an Update to another policy put or may have put,
// and that the stack rolled back: this Update carries the same physical id, and
// none since carried the other's.
func (d decider) leftover() (Made, bool) {
	if !d.is("Update") {
		return Made{}, false
	}
	for _, made := range d.resource.Made {
		switch {
		case made.From == "", made.From != d.Stack.PhysicalID, made.MessageID == d.entry.MessageID, made.Name == d.policy(), !d.earlier(made), d.accepted(made):
		case d.policies[made.Name].Owner.is(d.Request), d.mayHavePut(made):
			return made, true
		}
	}
	return Made{}, false
}

// accepted reports whether the stack has gone on with what was made: an Update
// since then carries its physical id.
func (d decider) accepted(made Made) bool {
	return slices.ContainsFunc(d.resource.Rollbacks, func(noted Noted) bool {
		return noted.PhysicalID == made.physicalID() && noted.Order.After(made.Order) && trusts(made.Topic, noted.Topic)
	})
}

// removes is the policy that the Delete of a resource takes off, if any: only
// what the resource owns or, by a recorded intent, may have put, or what the
// ledger knows nothing of.
func (d decider) removes() (Name, bool) {
	if name := d.policy(); name != (Name{}) {
		return name, d.removesNamed(d.policies[name])
	}
	if !generated(d.Stack.PhysicalID) {
		return Name{}, false
	}
	made := d.latestCreate()
	return made.Name, d.policies[made.Name].Owner.is(d.Request) || d.mayHavePut(made)
}

// latestCreate is what the resource's latest earlier Create made; the zero value
// for none. Those through the request's own topic go before those that name none,
// which anybody may have sent.
func (d decider) latestCreate() Made {
	latest := Made{Settled: true}
	for _, made := range d.resource.Made {
		if made.From != "" || !d.earlier(made) {
			continue
		}
		own, ownLatest := made.Topic == d.Topic, latest.MessageID != "" && latest.Topic == d.Topic
		if own && !ownLatest || own == ownLatest && !latest.Order.After(made.Order) {
			latest = made
		}
	}
	return latest
}

// afterCreate is the verdict on a Delete that removes nothing, unless another
// instance is calling SES for what the resource may be putting.
func (d decider) afterCreate(verdict Decision) Decision {
	for _, made := range d.resource.Made {
		if made.Settled || !d.earlier(made) {
			continue
		}
		if waiting := d.underLease(Decision{Change: Change{Name: made.Name}}); waiting.Do == Wait {
			return waiting
		}
	}
	return verdict
}

func (d decider) removesNamed(p Policy) bool {
	switch {
	case p.Owner != nil:
		return p.Owner.is(d.Request)
	case !p.known() && p.Intent == nil:
		// Nothing is known of it. A resource whose Create made nothing has nothing to
		// delete.
		latest := d.latestCreate()
		return latest.MessageID == "" || !latest.nothing()
	case !p.known() && p.Intent.MessageID == d.entry.MessageID:
		return true // this request began
	}
	for _, made := range d.resource.Made {
		if made.Name == p.Name && d.mayHavePut(made) {
			return true
		}
	}
	return false
}

// removal takes a resource's policy off, or puts back what it took from another
// resource of its stack. A policy that nobody owns, and that the resource may have
// overwritten, is put back as it was recorded.
func (d decider) removal(name Name) Decision {
	p := d.policies[name]
	switch {
	case p.Owner.is(d.Request) && p.Previous != nil:
		return Decision{Do: Apply, Change: Change{Action: Put, Name: name, Text: p.Previous.Text}, Restore: true, Topic: p.Previous.Owner.Topic}
	case p.Owner == nil && p.Present:
		return Decision{Do: Apply, Change: p.change(), Restore: true, Topic: p.By.Topic}
	}
	return Decision{Do: Apply, Change: Change{Action: Delete, Name: name}}
}
