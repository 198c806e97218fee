package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// bursts are the results of bursts in real time, each run with its own SES. The
// runs wait nearly all the time, so all of them run at once.
type bursts struct {
	names  []string
	drains [][]drained // by contender
	single []drained   // one request every other second
}

const (
	// burstsTimeout limits all runs together.
	burstsTimeout = 5 * time.Minute
	// singleEvery is longer than the pause after a call, so that no request waits.
	singleEvery = 2 * time.Second
)

// measureBursts measures them, once per run of the bench.
func (b *bench) measureBursts(ctx context.Context) (*bursts, error) {
	if b.bursts != nil {
		return b.bursts, nil
	}
	bootstrap, err := b.executable(ctx, ours)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, burstsTimeout)
	defer cancel()
	var all bursts
	var running sync.WaitGroup
	failed := make(chan error, 100*b.runs)
	into := func(runs []drained, what string, drain drainer, requests []request) {
		for n := range runs {
			running.Go(func() {
				seed := uint64(n)
				d, err := drain(ctx, seed, requests)
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
		into(runs, c.Name, c.drain, distinct())
	}
	all.single = make([]drained, b.runs)
	into(all.single, "one by one", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
		return drainBatches(ctx, bootstrap, seed, requests, 1, singleEvery)
	}, distinct()[:singles])
	running.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	b.bursts = &all
	return &all, errors.Join(errs...)
}
