package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// firstInterval is the pause between the starts of two calls at the beginning:
	// the rate that SES allows is not documented, so the reader starts slowly.
	firstInterval = 100 * time.Millisecond
	minInterval   = 20 * time.Millisecond
	// maxInterval bounds what throttling does to all calls: a limit that is lower
	// still is met by the backoff of each call.
	maxInterval = 250 * time.Millisecond
	// maxBackoff bounds the pause before the next attempt of one call.
	maxBackoff = 10 * time.Second
	// maxAttempts bounds the attempts of one call. With exponential backoff the
	// last one starts more than a minute after the first.
	maxAttempts = 12
)

// throttlingCodes are the codes of a call that was made too early.
var throttlingCodes = []string{"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "LimitExceededException"}

// pace spaces the calls of all workers. A throttled call lengthens the interval
// by half. A successful call shortens it by a fourteenth, so that calls that are
// throttled at random, and not for their rate, do not slow down the rest; below
// the first interval, only every tenth does, by a tenth.
type pace struct {
	mu        sync.Mutex
	interval  time.Duration
	next      time.Time // when the next call may start
	succeeded int
	slowed    int // throttled calls
}

func newPace() *pace { return &pace{interval: firstInterval} }

// call makes a call at the pace, and repeats it with exponential backoff while
// SES throttles it or fails transiently, at most maxAttempts times.
func (p *pace) call(ctx context.Context, call func() error) error {
	var err error
	for attempt := range maxAttempts {
		if waitErr := sleep(ctx, p.turn()); waitErr != nil {
			return errors.Join(waitErr, err)
		}
		if err = call(); err == nil {
			p.success()
			return nil
		}
		switch {
		case isThrottled(err):
			p.slowDown()
		case !isTransient(err):
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		if waitErr := sleep(ctx, min(firstInterval<<attempt, maxBackoff)); waitErr != nil {
			return err
		}
	}
	return fmt.Errorf("giving up after %d attempts: %w", maxAttempts, err)
}

// turn reserves the next start and returns how long to wait for it.
func (p *pace) turn() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	start := now
	if p.next.After(now) {
		start = p.next
	}
	p.next = start.Add(p.interval)
	return start.Sub(now)
}

func (p *pace) success() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.succeeded++
	switch {
	case p.interval > firstInterval:
		p.interval = max(p.interval*13/14, firstInterval)
	case p.succeeded%10 == 0:
		p.interval = max(p.interval*9/10, minInterval)
	}
}

func (p *pace) slowDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowed++
	p.interval = min(p.interval*3/2, maxInterval)
}

func (p *pace) throttled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slowed
}

func isThrottled(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(throttlingCodes, api.ErrorCode())
}

// isTransient reports whether the same call may succeed later: no answer, or an
// answer that blames the server.
func isTransient(err error) bool {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode() >= 500
	}
	return true
}

func sleep(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
