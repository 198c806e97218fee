package main

import (
	"context"
	"fmt"
)

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
	for i, name := range all.names {
		runs := all.drains[i]
		s.Lines = append(s.Lines, line{name, []value{value(middle(runs, took)), value(middle(runs, took) / ideal.Seconds()),
			value(middle(runs, throttled)), value(middle(runs, givenUp))}})
	}
	s.Goals = []goal{
		atMost("a burst, of the ideal time", middle(all.drains[0], took)/ideal.Seconds(), 1.06),
		atMost("a burst, calls throttled", max(middle(all.drains[0], throttled), middle(all.drains[1], throttled)), 0),
	}
	return s, nil
}
