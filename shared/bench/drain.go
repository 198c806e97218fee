package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sespolicy/shared/local/email"
)

// drained is how one contender brought requests to SES.
type drained struct {
	Took      time.Duration // until the last request had its outcome
	Throttled int           // calls refused for coming too soon
	GivenUp   int           // requests that nobody tries again
	Billed    time.Duration // of the function's invocations
}

// finish notes that the last request has its outcome, and what the SES refused.
func (d *drained) finish(begun time.Time, calls []email.Call) {
	d.Took = time.Since(begun)
	for _, call := range calls {
		if call.Code == "Throttling" {
			d.Throttled++
		}
	}
}

// runs are the runs of one contender.
type runs []drained

// median is the median of a figure.
func (r runs) median(figure func(drained) float64) float64 {
	figures := make([]float64, len(r))
	for i, d := range r {
		figures[i] = figure(d)
	}
	return median(figures)
}

func took(d drained) float64      { return d.Took.Seconds() }
func throttled(d drained) float64 { return float64(d.Throttled) }
func givenUp(d drained) float64   { return float64(d.GivenUp) }
func billed(d drained) float64    { return d.Billed.Seconds() }

// bursts are the results of bursts in real time, each run with its own SES. The
// runs wait nearly all the time, so all of them run at once.
type bursts struct {
	contenders []contender
	drains     []runs // by contender
	single     runs   // one request every other second
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
	bootstrap, err := b.build(ctx, ours)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, burstsTimeout)
	defer cancel()
	var running sync.WaitGroup
	var mu sync.Mutex
	var failed error
	measure := func(c contender, requests []request) runs {
		found := make(runs, b.runs)
		for n := range found {
			running.Go(func() {
				d, err := c.drain(ctx, uint64(n), requests)
				mu.Lock()
				defer mu.Unlock()
				if found[n] = d; err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s, run %d: %w", c.name, n+1, err))
				}
			})
		}
		return found
	}
	all := bursts{contenders: contenders(bootstrap)}
	for _, c := range all.contenders {
		all.drains = append(all.drains, measure(c, distinct()))
	}
	all.single = measure(batches("one by one", bootstrap, 1, singleEvery), distinct()[:singles])
	running.Wait()
	b.bursts = &all
	return &all, failed
}

// drain measures a burst: sixty requests at once, each for another policy.
func drain(ctx context.Context, b *bench) (section, error) {
	all, err := b.measureBursts(ctx)
	if err != nil {
		return section{}, err
	}
	s := section{Name: "drain", Title: "Drain",
		About: fmt.Sprintf("%d valid requests at once; SES accepts one call a second, throttles the rest, and answers after %v to %v at random, half of that before the call takes effect. "+
			"The ideal is %.2f s, the time of a caller that knows when SES will accept each call. Real time, over HTTP, one SES per run, the same answer times for all; medians of %d runs. "+
			"This project runs as its executable behind a Lambda Runtime API: once with one batch after the other, once with the event source mapping of template.yaml, "+
			"whose second, throttled batch waits up to 2 s between its attempts (AWS does not document how long).",
			burst, fastest, slowest, ideal.Seconds(), b.runs),
		Columns: []string{"seconds", "of the ideal", "calls throttled", "requests given up"}}
	for i, c := range all.contenders {
		d := all.drains[i]
		s.Lines = append(s.Lines, lineOf(c.name, d.median(took), d.median(took)/ideal.Seconds(), d.median(throttled), d.median(givenUp)))
	}
	s.Goals = []goal{
		atMost("a burst, of the ideal time", all.drains[0].median(took)/ideal.Seconds(), 1.06),
		atMost("a burst, calls throttled", max(all.drains[0].median(throttled), all.drains[1].median(throttled)), 0),
	}
	return s, nil
}

// cost works out what a thousand requests are billed.
func cost(ctx context.Context, b *bench) (section, error) {
	all, err := b.measureBursts(ctx)
	if err != nil {
		return section{}, err
	}
	memory, err := memorySize()
	if err != nil {
		return section{}, err
	}
	perThousand := func(seconds float64, requests int) float64 { return seconds / float64(requests) * 1000 * memory / 1024 }
	inBurst, single := all.drains[0].median(billed), all.single.median(billed)
	return section{Name: "cost", Title: "Cost",
		About:   fmt.Sprintf("What Lambda bills for a thousand requests at template.yaml's %.0f MB: the measured durations of the invocations, starts left out. In a burst it is the pause between two calls that is paid for; one by one the answer of SES alone.", memory),
		Columns: []string{"GB-seconds for 1,000 requests", "of the least: a second, or an answer, each"},
		Lines: []line{
			lineOf("in a burst, ten to a batch", perThousand(inBurst, burst), inBurst/ideal.Seconds()),
			lineOf("one by one", perThousand(single, singles), single/(singles*(fastest+slowest).Seconds()/2)),
		}}, nil
}
