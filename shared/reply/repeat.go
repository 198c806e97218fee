package reply

import (
	"context"
	"time"
)

// repeat calls attempt until it returns again == false, at most n times, with
// exponential backoff starting at first. It gives up early if the next pause
// would outlast ctx. The error is that of the last attempt.
func repeat(ctx context.Context, n int, first time.Duration, attempt func() (again bool, err error)) error {
	again, err := attempt()
	for i := 1; again && i < n && pause(ctx, first<<(i-1)); i++ {
		again, err = attempt()
	}
	return err
}

// pause waits, and returns false at once if ctx ends before that.
func pause(ctx context.Context, length time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= length {
		return false
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
