package reply

import (
	"context"
	"time"
)

// persist tries until a try says that another would not help, or there were so many. It pauses
// before the second for first, and twice as long before each other; it ends where the pause would
// outlast ctx. The error is that of the last try.
func persist(ctx context.Context, tries int, first time.Duration, try func() (again bool, err error)) error {
	again, err := try()
	for n := 1; again && n < tries && pause(ctx, first<<(n-1)); n++ {
		again, err = try()
	}
	return err
}

// pause waits, unless ctx would end before that.
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
