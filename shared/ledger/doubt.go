package ledger

// resolveDoubt is the verdict on a request that will not be applied any more,
// once no attempt of it can be what SES has. An attempt matters only if another
// request was settled for its policy, newer or not: what was settled must then be
// there.
func (d decider) resolveDoubt(verdict Decision) Decision {
	name, ok := d.doubtful()
	if !ok {
		return d.behindLeases(verdict)
	}
	if d.seen == nil || d.seen.Name != name {
		return Decision{Do: Look, Change: Change{Name: name}}
	}
	current := d.policies[name].change()
	if d.shows(current) || !d.showsAttempt(name) {
		return verdict
	}
	return d.underLease(Decision{Do: Apply, Change: current, Repair: true, Topic: d.policies[name].By.Topic, Outcome: verdict.Outcome})
}

// behindLeases is the verdict, unless another instance is calling SES for a policy
// that an attempt of this request may have changed. What it settles decides
// whether the attempt is in doubt.
func (d decider) behindLeases(verdict Decision) Decision {
	for _, attempt := range d.entry.Attempts {
		if waiting := d.underLease(Decision{Change: Change{Name: attempt.Name}}); waiting.Do == Wait {
			return waiting
		}
	}
	return verdict
}

// doubtful is the policy that an attempt of this request may have changed after
// another request was settled.
func (d decider) doubtful() (Name, bool) {
	for _, attempt := range d.entry.Attempts {
		if p := d.policies[attempt.Name]; p.known() && p.MessageID != d.entry.MessageID {
			return attempt.Name, true
		}
	}
	return Name{}, false
}

func (d decider) showsAttempt(name Name) bool {
	for _, attempt := range d.entry.Attempts {
		if attempt.Name == name && d.shows(attempt) {
			return true
		}
	}
	return false
}

// shows reports whether SES has what the change asks for.
func (d decider) shows(c Change) bool {
	if c.Action == Delete || !d.seen.Exists {
		return (c.Action == Delete) == !d.seen.Exists
	}
	return d.ledger.Same(c.Text, d.seen.Text)
}

// attempted reports whether an attempt of the request was about the policy.
func (s state) attempted(name Name) bool {
	for _, attempt := range s.entry.Attempts {
		if attempt.Name == name {
			return true
		}
	}
	return false
}

// change is the call that makes the current record so.
func (p Policy) change() Change {
	if p.Present {
		return Change{Action: Put, Name: p.Name, Text: p.Text}
	}
	return Change{Action: Delete, Name: p.Name}
}
