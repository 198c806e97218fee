package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sespolicy/shared/ledger"
)

// coming is a ledger in which each request ends at its time.
type coming struct {
	began time.Time
	ends  map[string]time.Duration
	reads []time.Duration
	err   error
}

func (c *coming) Status(_ context.Context, ids ...string) (map[string]ledger.Entry, error) {
	now := time.Since(c.began)
	c.reads = append(c.reads, now)
	found := map[string]ledger.Entry{}
	for _, id := range ids {
		e := ledger.Entry{MessageID: id}
		if end, ok := c.ends[id]; ok && end <= now {
			e.Outcome.Kind = ledger.Applied
		}
		found[id] = e
	}
	return found, c.err
}

func TestFollow(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name    string
		ends    map[string]time.Duration
		err     error
		timeout time.Duration
		left    []string
		reads   []time.Duration // in seconds
		want    error
	}{
		{"all at once", map[string]time.Duration{"a": 0, "b": 0}, nil, time.Minute, nil, []time.Duration{0}, nil},
		{"pauses double while nothing comes", map[string]time.Duration{"a": 0, "b": 30}, nil, time.Minute, nil, []time.Duration{0, 1, 3, 7, 15, 25, 35}, nil},
		{"and start over when something comes", map[string]time.Duration{"a": 2, "b": 4}, nil, time.Minute, nil, []time.Duration{0, 1, 3, 4}, nil},
		{"the time is over", map[string]time.Duration{"a": 0}, nil, 5 * time.Second, []string{"b"}, []time.Duration{0, 1, 3}, nil},
		{"it cannot be read", nil, broken, time.Minute, []string{"a", "b"}, []time.Duration{0}, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &coming{began: time.Now(), ends: map[string]time.Duration{}, err: test.err}
				for id, seconds := range test.ends {
					c.ends[id] = seconds * time.Second
				}
				var came []string
				left, err := follow(t.Context(), c, []string{"a", "b"}, test.timeout, func(id string, _ ledger.Entry) { came = append(came, id) })
				for i := range c.reads {
					c.reads[i] /= time.Second
				}
				if !slices.Equal(left, test.left) || !slices.Equal(c.reads, test.reads) || !errors.Is(err, test.want) || len(came)+len(left) != 2 {
					t.Errorf("got %q left, %q came, read at %v, %v", left, came, c.reads, err)
				}
			})
		})
	}
}

func TestFollowEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		c := &coming{began: time.Now()}
		left, err := follow(ctx, c, []string{"a"}, time.Minute, nil)
		if len(left) != 1 || !errors.Is(err, context.DeadlineExceeded) || time.Since(c.began) != 2*time.Second {
			t.Errorf("got %q left, %v after %v", left, err, time.Since(c.began))
		}
	})
}
