package main

import (
	"context"
	"slices"
	"time"

	"sespolicy/shared/apply"
	"sespolicy/shared/ledger"
	"sespolicy/shared/outcome"
)

const (
	// ledgerTimeout is the longest that one step of the ledger may take, so that a
	// table that does not answer costs one request's time and not the batch's.
	ledgerTimeout = 5 * time.Second
	// defaultLease is how long a policy is leased without a deadline, when no
	// Lambda runs the handler.
	defaultLease = time.Minute
)

// batch is one batch. It lives as long as one invocation.
type batch struct {
	*handler
	requests []*request
	view     *ledger.View
	lease    time.Time // when this invocation has certainly ended
	// throttled says that SES throttled a call of this batch at every attempt: the
	// rest of the batch is not tried, since it would spend its receives on the
	// same answer.
	throttled bool
	calls     apply.Stats
}

// settle brings every request to an outcome: first those that may be applied,
// policy by policy, then the refused ones. Without the ledger nothing is decided.
func (b *batch) settle(ctx context.Context) {
	if len(b.requests) == 0 {
		return
	}
	asked := make([]ledger.Request, len(b.requests))
	for i, r := range b.requests {
		asked[i] = r.asked
	}
	reading, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	var err error
	if b.view, err = b.ledger.Read(reading, asked); err != nil {
		cause := outcome.CauseLedger
		if ctx.Err() != nil {
			cause, err = outcome.CauseNoTime, nil
		}
		for _, r := range b.requests {
			b.end(ctx, r, retried(r, cause, err))
		}
		return
	}
	for _, newestFirst := range byPolicy(b.requests) {
		b.settlePolicy(ctx, newestFirst)
	}
	for _, r := range b.requests {
		if !r.ended {
			b.end(ctx, r, b.decide(ctx, r))
		}
	}
}

// byPolicy groups the requests that may be applied by the policy they are about,
// the newest of each group first, the groups in the order of delivery. Deletes of
// what was never made name no policy: each is a group, and they come first, since
// they may cancel a later create.
func byPolicy(requests []*request) [][]*request {
	var unnamed, groups [][]*request
	place := map[ledger.Name]int{}
	for _, r := range requests {
		name := ledger.Name{Identity: r.asked.Identity, PolicyName: r.asked.PolicyName}
		i, ok := place[name]
		switch {
		case r.Refused != nil:
		case r.Request.Nothing:
			unnamed = append(unnamed, []*request{r})
		case ok:
			groups[i] = append(groups[i], r)
		default:
			place[name] = len(groups)
			groups = append(groups, []*request{r})
		}
	}
	for _, group := range groups {
		slices.SortStableFunc(group, func(a, b *request) int { return b.order().Compare(a.order()) })
	}
	return append(unnamed, groups...)
}

// settlePolicy settles the requests for one policy, the newest first. If one is
// not decided, the older ones wait with it, even if it gives up: SES may yet take
// it. Before a request is refused because the policy exists, or is owned, the
// older ones have their turn: they may be the reason.
func (b *batch) settlePolicy(ctx context.Context, newestFirst []*request) {
	for i, r := range newestFirst {
		if r.ended {
			continue
		}
		older := newestFirst[i+1:]
		if b.view.Decide(r.asked, nil, time.Now()).AfterOlder || slices.ContainsFunc(older, r.mayBelongTo) {
			b.settlePolicy(ctx, older)
		}
		v := b.decide(ctx, r)
		b.end(ctx, r, v)
		if v.Kind == outcome.Retry {
			b.hold(ctx, older, v)
			return
		}
	}
}

// hold has the older requests wait for a newer one, except those that have ended
// before. If the newer one was not tried for lack of time, neither were they.
func (b *batch) hold(ctx context.Context, older []*request, newer verdict) {
	for _, r := range older {
		if r.ended {
			continue
		}
		if b.view.Decide(r.asked, nil, time.Now()).Do == ledger.Repeat {
			b.end(ctx, r, b.decide(ctx, r))
			continue
		}
		v := retried(r, outcome.CauseOrder, nil)
		if newer.Code == outcome.CauseNoTime {
			v.Delay = 0
		}
		b.end(ctx, r, v)
	}
}
