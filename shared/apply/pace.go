package apply

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"sespolicy/shared/outcome"
)

// Pace keeps the attempts of SES calls apart: from the end of one to the start
// of the next passes at least the interval. It is one attempt at a time, for
// every client that shares it.
//
// SES counts a call after it was sent and before its answer is here: after s
// and before e by this process's clock, wherever the network holds it up. The
// next one is sent at e + interval or later and counted after that, so two
// calls cannot be counted less than the interval apart. Nothing shorter would
// do: SES may count one call just before its answer arrives and the next as
// soon as it is sent, and no fast calls of the past say that a faster one cannot
// come. So a burst takes its answers' times longer than the limit itself.
//
// The exception is an attempt that ended without an answer: it may still be on
// its way, and be counted later than e. SES then throttles the next, which is
// tried again.
//
// It knows of this process alone. One execution environment, which reserved
// concurrency one means, makes it hold for the deployment.
type Pace struct {
	interval time.Duration // from the end of one attempt to the start of the next
	attempt  time.Duration // the longest that one attempt may take

	turn  chan struct{} // holds a token while no attempt is under way; whoever took it owns the rest
	last  time.Time     // end of the last attempt
	stats Stats         // since they were last taken
}

// Stats is what the pace has seen.
type Stats struct {
	Waited    time.Duration // how long attempts waited for their turn
	Throttled int           // attempts that SES refused for coming too soon
}

// NewPace is a pace of one attempt per interval, none longer than attempt.
func NewPace(interval, attempt time.Duration) *Pace {
	p := &Pace{interval: interval, attempt: attempt, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// addTo puts the pace into a client's middleware, under the retryer, where
// every attempt of every call comes by, and before the signature, whose time
// must be that of the call.
func (p *Pace) addTo(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.handle), "Retry", middleware.After)
}

func (p *Pace) handle(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return middleware.FinalizeOutput{}, middleware.Metadata{}, &outcome.Delay{Cause: outcome.CauseNoTime, Err: ctx.Err()}
	}
	defer func() { p.turn <- struct{}{} }()
	if err := p.wait(ctx); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.attempt)
	defer cancel()
	out, metadata, err := next.HandleFinalize(ctx, in)
	p.last = time.Now()
	if api, ok := errors.AsType[smithy.APIError](err); ok && throttled[api.ErrorCode()] {
		p.stats.Throttled++
	}
	return out, metadata, err
}

// wait returns when an attempt may begin. It gives up at once when the attempt
// could not end before the context does: a call that outlives the function is
// one whose answer nobody reads.
func (p *Pace) wait(ctx context.Context) error {
	pause := time.Duration(0)
	if !p.last.IsZero() {
		pause = max(0, time.Until(p.last.Add(p.interval)))
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause+p.attempt {
		return &outcome.Delay{Cause: outcome.CauseNoTime}
	}
	if pause == 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.stats.Waited += pause
		return nil
	case <-ctx.Done():
		return &outcome.Delay{Cause: outcome.CauseNoTime, Err: ctx.Err()}
	}
}

// take is what was seen since it was last taken.
func (p *Pace) take() Stats {
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	stats := p.stats
	p.stats = Stats{}
	return stats
}
