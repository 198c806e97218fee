package main

import (
	"context"
	"slices"
	"time"

	"sespolicy/shared/outcome"
)

// byKey groups the requests that may be applied by the policy they are about,
// the newest of each group first, the groups in the order they came. Deletes of
// what was never made are about no policy: each is a group, and they come
// first, for they cost no call and may cancel what is behind them.
func byKey(requests []*request) [][]*request {
	var groups [][]*request
	for _, r := range requests {
		if r.refused == nil && r.Request.Nothing {
			groups = append(groups, []*request{r})
		}
	}
	place := map[string]int{}
	for _, r := range requests {
		if r.refused != nil || r.Request.Nothing {
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

// settleKey settles the requests for one policy, the newest first. The older
// ones are superseded once SES has taken it; when it is refused the next older
// gets its turn; when it must wait they wait with it.
func (h *handler) settleKey(ctx context.Context, newestFirst []*request) {
	var waiting *request
	applied := false
	for _, r := range newestFirst {
		var o outcome.Outcome
		switch {
		case waiting != nil:
			o = outcome.Of(&outcome.Delay{Cause: outcome.CauseOrder}, r.Receives)
			r.untried = waiting.untried
		case applied || h.marks.overtaken(r):
			o = outcome.Outcome{Kind: outcome.Superseded}
		default:
			o = h.try(ctx, r)
		}
		h.settle(ctx, r, o)
		applied = applied || o.Kind == outcome.Applied
		if r.outcome.Kind == outcome.Retry {
			waiting = r
		}
	}
}

// try asks SES, unless there is nothing to ask.
func (h *handler) try(ctx context.Context, r *request) outcome.Outcome {
	switch {
	case r.Request.Nothing:
		h.marks.applied(r)
		return outcome.Of(nil, r.Receives)
	case h.throttled:
		return outcome.Of(&outcome.Delay{Cause: outcome.CauseThrottled}, r.Receives)
	}
	begun := time.Now()
	err := h.applier.Apply(ctx, r.Request)
	calls := h.applier.TakeStats()
	r.call = time.Since(begun) - calls.Waited
	h.calls.Waited += calls.Waited
	h.calls.Throttled += calls.Throttled
	if err == nil {
		h.marks.applied(r)
	}
	o := outcome.Of(err, r.Receives)
	h.throttled = o.Code == outcome.CauseThrottled && o.Kind == outcome.Retry
	r.untried = o.Code == outcome.CauseNoTime && o.Kind == outcome.Retry
	return o
}
