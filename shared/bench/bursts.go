package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// bursts is what becomes of requests in real time, each run against an SES of
// its own. They wait nearly all the time, so all run at once.
type bursts struct {
	names   []string
	drains  [][]drained // by contender
	repeats []drained
	single  []drained // one request every other second
}

const (
	// burstsPatience is the longest that they may take: a queue's time and more.
	burstsPatience = 5 * time.Minute
	// singleEvery is longer than the pause after a call: none has to wait.
	singleEvery = 2 * time.Second
)

// measureBursts runs them, once in a run of the bench.
func (b *bench) measureBursts(ctx context.Context) (*bursts, error) {
	if b.bursts != nil {
		return b.bursts, nil
	}
	bootstrap, err := b.executable(ctx, ours)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, burstsPatience)
	defer cancel()
	var all bursts
	var running sync.WaitGroup
	failed := make(chan error, 100*b.runs)
	into := func(runs []drained, what string, drain drainer, requests func(seed uint64) []request) {
		for n := range runs {
			running.Go(func() {
				seed := uint64(n)
				d, err := drain(ctx, seed, requests(seed))
				if err != nil {
					failed <- fmt.Errorf("%s, run %d: %w", what, n+1, err)
				}
				runs[n] = d
			})
		}
	}
	for _, c := range contenders(bootstrap) {
		runs := make([]drained, b.runs)
		all.names, all.drains = append(all.names, c.Name), append(all.drains, runs)
		into(runs, c.Name, c.drain, func(uint64) []request { return distinct() })
	}
	all.repeats, all.single = make([]drained, b.runs), make([]drained, b.runs)
	batches := contenders(bootstrap)[0].drain
	into(all.repeats, "repeats", batches, repeated)
	into(all.single, "one by one", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
		return drainBatches(ctx, bootstrap, seed, requests, 1, singleEvery)
	}, func(uint64) []request { return distinct()[:singles] })
	running.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	b.bursts = &all
	return &all, errors.Join(errs...)
}
