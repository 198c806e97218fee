package apply

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"sespolicy/shared/outcome"
)

// Pace keeps the attempts of SES calls apart: at least the interval passes from
// the end of one attempt to the start of the next. Attempts of all clients that
// share it run one at a time.
//
// SES counts a call at some time between its start s and its end e, however slow
// the network is. The next one starts at e + interval or later, so SES never
// counts two calls less than the interval apart. A shorter wait is not safe: SES
// may count one call just before its answer arrives and the next as soon as it
// is sent. So a burst takes as long as the limit plus the answer times.
//
// The exception is an attempt that ended without an answer: SES may count it
// after e, and then throttles the next one, which is retried.
//
// It knows this process only. Reserved concurrency 1 makes it hold for the
// deployment.
type Pace struct {
	interval time.Duration // from the end of one attempt to the start of the next
	attempt  time.Duration // the longest that one attempt may take

	turn  chan struct{} // holds a token while no attempt is running; its taker owns the fields below
	last  time.Time     // end of the last attempt
	stats Stats         // since the last take
}

// Stats counts what the pace did.
type Stats struct {
	Waited    time.Duration // how long attempts waited for their turn
	Throttled int           // attempts that SES refused for coming too soon
	InDoubt   int           // attempts that may have taken effect: no answer of SES came, or one of a failing service
}

// NewPace is a pace of one attempt per interval, none longer than attempt.
func NewPace(interval, attempt time.Duration) *Pace {
	p := &Pace{interval: interval, attempt: attempt, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// addTo puts the pace into a client's middleware: under the retryer, so that it
// sees every attempt, and before signing, whose time must be the attempt's.
func (p *Pace) addTo(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", p.handle), "Retry", middleware.After)
}

func (p *Pace) handle(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return middleware.FinalizeOutput{}, middleware.Metadata{}, &outcome.Transient{Cause: outcome.CauseNoTime, Err: ctx.Err()}
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
	if isInDoubt(err) {
		p.stats.InDoubt++
	}
	return out, metadata, err
}

// fits reports whether an attempt could begin and end before the context does.
func (p *Pace) fits(ctx context.Context) bool {
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	return ctx.Err() == nil && p.ends(ctx, p.pause())
}

// pause is how long the next attempt has to wait.
func (p *Pace) pause() time.Duration {
	if p.last.IsZero() {
		return 0
	}
	return max(0, time.Until(p.last.Add(p.interval)))
}

// ends reports whether an attempt that begins after the pause ends before the
// context does, even if it takes as long as it may.
func (p *Pace) ends(ctx context.Context, pause time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) >= pause+p.attempt
}

// wait returns when an attempt may begin. It gives up at once if the attempt
// might not end before the context does: nothing would read its answer.
func (p *Pace) wait(ctx context.Context) error {
	pause := p.pause()
	if !p.ends(ctx, pause) {
		return &outcome.Transient{Cause: outcome.CauseNoTime}
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
		return &outcome.Transient{Cause: outcome.CauseNoTime, Err: ctx.Err()}
	}
}

// take returns the statistics and resets them.
func (p *Pace) take() Stats {
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	stats := p.stats
	p.stats = Stats{}
	return stats
}
