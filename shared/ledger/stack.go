package ledger

import "slices"

// sent is when the request was first sent: redriving a stack's request does not
// make it newer than what its stack asked for since.
func (d decider) sent() Order {
	if d.entry.Version > 0 && d.order().After(d.entry.Order) {
		return d.entry.Order
	}
	return d.order()
}

// cancelled reports whether the stack asked for the opposite since: a Delete of
// the resource after its Create, or an Update with the old physical id after
// the Update that was to replace it.
func (d decider) cancelled() bool {
	later := func(noted Noted) bool { return noted.Order.After(d.sent()) && trusts(d.Topic, noted.Topic) }
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
		return noted.Topic == d.Topic && noted.Order.After(d.sent())
	})
}

// mayHavePut reports whether an earlier request of the resource may have put
// the policy: its intent is recorded, and nobody has settled it since.
func (d decider) mayHavePut(made Made) bool {
	p := d.policies[made.Name]
	overtaken := p.known() && p.Order.After(made.Order)
	return !made.Settled && p.Owner == nil && d.earlier(made) && !overtaken
}

// earlier reports whether what was made was made before, and through a topic
// that lets this request change it.
func (d decider) earlier(made Made) bool {
	return !made.Order.After(d.order()) && trusts(made.Topic, d.Topic)
}

// leftover is a policy that an Update to another policy put or may have put,
// and that the stack rolled back: this Update carries the same physical id.
func (d decider) leftover() (Made, bool) {
	if !d.is("Update") {
		return Made{}, false
	}
	for _, made := range d.resource.Made {
		switch {
		case made.From == "", made.From != d.Stack.PhysicalID, made.MessageID == d.entry.MessageID, made.Name == d.policy(), !d.earlier(made):
		case d.policies[made.Name].Owner.is(d.Request), d.mayHavePut(made):
			return made, true
		}
	}
	return Made{}, false
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
	for i := len(d.resource.Made) - 1; i >= 0; i-- {
		if made := d.resource.Made[i]; made.From == "" && d.earlier(made) {
			return made.Name, d.policies[made.Name].Owner.is(d.Request) || d.mayHavePut(made)
		}
	}
	return Name{}, false
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
	case !p.known() && (p.Intent == nil || p.Intent.MessageID == d.entry.MessageID):
		return true // nothing is known of it, but perhaps that this request began
	}
	for _, made := range d.resource.Made {
		if made.Name == p.Name && d.mayHavePut(made) {
			return true
		}
	}
	return false
}

// removal takes a resource's policy off, or puts back what it took from another
// resource of its stack.
func (d decider) removal(name Name) Decision {
	p := d.policies[name]
	if p.Owner.is(d.Request) && p.Previous != nil {
		return Decision{Do: Apply, Change: Change{Action: Put, Name: name, Text: p.Previous.Text}, Restore: true, Topic: p.Previous.Owner.Topic}
	}
	return Decision{Do: Apply, Change: Change{Action: Delete, Name: name}}
}
