package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// cleanupTime bounds the removal of what was made: at one call a second, twenty
// policies and some throttling.
const cleanupTime = 3 * time.Minute

// cleanup knows how to remove what the checks made. It is safe for concurrent
// use.
type cleanup struct {
	mu    sync.Mutex
	steps []step
}

type step struct {
	what   string // "queue NAME"
	remove func(context.Context) error
}

// add plans a removal. Call it before making the thing: an interrupted call may
// have taken effect. The same thing is removed once. forget takes the plan back,
// unless an earlier call made it.
func (c *cleanup) add(what string, remove func(context.Context) error) (forget func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.steps, func(s step) bool { return s.what == what }) {
		return func() {}
	}
	c.steps = append(c.steps, step{what, remove})
	return func() { c.done(what) }
}

// done forgets a thing that its check has removed.
func (c *cleanup) done(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = slices.DeleteFunc(c.steps, func(s step) bool { return s.what == what })
}

// run removes everything, the newest first, also when ctx has ended. The error
// names what is left.
func (c *cleanup) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	var left []error
	for _, each := range slices.Backward(c.steps) {
		if err := each.remove(ctx); err != nil {
			left = append(left, fmt.Errorf("left behind: %s: %w", each.what, err))
		}
	}
	c.steps = nil
	return errors.Join(left...)
}
