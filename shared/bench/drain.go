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

// median is the median of a figure of the contender's runs.
func (c contender) median(figure func(drained) float64) float64 {
	figures := make([]float64, len(c.runs))
	for i, d := range c.runs {
		figures[i] = figure(d)
	}
	return median(figures)
}

func took(d drained) float64      { return d.Took.Seconds() }
func throttled(d drained) float64 { return float64(d.Throttled) }
func givenUp(d drained) float64   { return float64(d.GivenUp) }
func billed(d drained) float64    { return d.Billed.Seconds() }

// burstsTimeout limits all runs together.
const burstsTimeout = 5 * time.Minute

// measureBursts measures bursts in real time, once per run of the bench. Each run
// has its own SES. The runs wait nearly all the time, so all of them run at once.
func (b *bench) measureBursts(ctx context.Context) ([]contender, error) {
	if b.bursts != nil {
		return b.bursts, nil
	}
	bootstrap, err := b.build(ctx, ours)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, burstsTimeout)
	defer cancel()
	b.bursts = contenders(bootstrap)
	var running sync.WaitGroup
	failed := make([]error, len(b.bursts)*b.runs)
	for i := range b.bursts {
		c := &b.bursts[i]
		c.runs = make([]drained, b.runs)
		for n := range c.runs {
			running.Go(func() {
				var err error
				if c.runs[n], err = c.drain(ctx, uint64(n)); err != nil {
					failed[i*b.runs+n] = fmt.Errorf("%s, run %d: %w", c.name, n+1, err)
				}
			})
		}
	}
	running.Wait()
	return b.bursts, errors.Join(failed...)
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
	for _, c := range all[:len(all)-1] {
		s.Lines = append(s.Lines, lineOf(c.name, c.median(took), c.median(took)/ideal.Seconds(), c.median(throttled), c.median(givenUp)))
	}
	s.Goals = []goal{
		atMost("a burst, of the ideal time", all[0].median(took)/ideal.Seconds(), 1.06),
		atMost("a burst, calls throttled", max(all[0].median(throttled), all[1].median(throttled)), 0),
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
	inBurst, single := all[0].median(billed), all[len(all)-1].median(billed)
	return section{Name: "cost", Title: "Cost",
		About:   fmt.Sprintf("What Lambda bills for a thousand requests at template.yaml's %.0f MB: the measured durations of the invocations, starts left out. In a burst it is the pause between two calls that is paid for; one by one the answer of SES alone.", memory),
		Columns: []string{"GB-seconds for 1,000 requests", "of the least: a second, or an answer, each"},
		Lines: []line{
			lineOf("in a burst, ten to a batch", perThousand(inBurst, burst), inBurst/ideal.Seconds()),
			lineOf("one by one", perThousand(single, singles), single/(singles*(fastest+slowest).Seconds()/2)),
		}}, nil
}
