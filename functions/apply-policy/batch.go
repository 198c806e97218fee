package main

import (
	"context"
	"slices"
	"time"

	"sespolicy/shared/apply"
	"sespolicy/shared/outcome"
)

// batch is one batch. It lives as long as one invocation.
type batch struct {
	*handler
	requests []*request
	// throttled says that SES throttled a call of this batch at every attempt: the
	// rest of the batch is not tried, since it would spend its receives on the
	// same answer.
	throttled bool
	calls     apply.Stats
}

// settle brings every request to an outcome: first those that may be applied,
// key by key, then the refused ones.
func (b *batch) settle(ctx context.Context) {
	for _, newestFirst := range byKey(b.requests) {
		b.settleKey(ctx, newestFirst)
	}
	for _, r := range b.requests {
		if r.Refused != nil {
			b.end(ctx, r, outcome.Of(r.Refused, r.Receives))
		}
	}
}

// byKey groups the requests that may be applied by the policy they are about,
// the newest of each group first, the groups in the order of delivery. Deletes
// of what was never made are about no policy: each is a group, and they come
// first, since they cost no call and may cancel a later create.
func byKey(requests []*request) [][]*request {
	var groups [][]*request
	for _, r := range requests {
		if r.Refused == nil && r.Request.Nothing {
			groups = append(groups, []*request{r})
		}
	}
	place := map[string]int{}
	for _, r := range requests {
		if r.Refused != nil || r.Request.Nothing {
			continue
		}
		key := r.Request.Key()
		i, ok := place[key]
		if !ok {
			i = len(groups)
			place[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	for _, group := range groups {
		slices.SortFunc(group, func(a, b *request) int {
			if a.newer(b) {
				return -1
			}
			return 1
		})
	}
	return groups
}

// settleKey settles the requests for one policy, the newest first. Once SES has
// taken one, the older ones are superseded; if one must wait, the older ones
// wait with it; if one is refused, the next older gets its turn.
func (b *batch) settleKey(ctx context.Context, newestFirst []*request) {
	var newer *outcome.Outcome // the last one that decides the older ones
	for _, r := range newestFirst {
		var o outcome.Outcome
		switch {
		case newer != nil && newer.HoldsOlder():
			o = outcome.Of(&outcome.Transient{Cause: outcome.CauseOrder}, r.Receives)
			if newer.Code == outcome.CauseNoTime {
				o.Delay = 0 // it was not tried either
			}
		case newer != nil, b.marks.overtaken(r):
			o = outcome.Outcome{Kind: outcome.Superseded}
		default:
			o = b.try(ctx, r)
		}
		o = b.end(ctx, r, o)
		if o.HoldsOlder() || newer == nil && o.Kind == outcome.Applied {
			newer = &o
		}
	}
}

// try calls SES, unless there is nothing to do.
func (b *batch) try(ctx context.Context, r *request) outcome.Outcome {
	switch {
	case r.Request.Nothing:
		b.marks.applied(r)
		return outcome.Of(nil, r.Receives)
	case b.throttled:
		return outcome.Of(&outcome.Transient{Cause: outcome.CauseThrottled}, r.Receives)
	}
	begun := time.Now()
	err := b.applier.Apply(ctx, r.Request)
	calls := b.applier.TakeStats()
	r.call = time.Since(begun) - calls.Waited
	b.calls.Waited += calls.Waited
	b.calls.Throttled += calls.Throttled
	if err == nil {
		b.marks.applied(r)
	}
	o := outcome.Of(err, r.Receives)
	b.throttled = o.Kind == outcome.Retry && o.Code == outcome.CauseThrottled
	return o
}
