package main

import (
	"context"
	"fmt"
)

// backlogFile is the plot of Drain, beside the report.
const backlogFile = "backlog.svg"

// drain measures a burst: sixty requests at once, each about a policy of its
// own.
func drain(ctx context.Context, b *bench) (section, error) {
	all, err := b.measureBursts(ctx)
	if err != nil {
		return section{}, err
	}
	s := section{Name: "drain", Title: "Drain", Plot: backlogFile,
		About: fmt.Sprintf("%d valid requests at once, an SES that takes one call a second and throttles the rest, answers after %v to %v at random, half of it on the way there. "+
			"The ideal is %.2f s: what a caller needs who knows when SES will take each call. In real time, over HTTP, each run against an SES of its own with the same answer times for all; medians of %d runs. "+
			"This project runs as its executable behind a Lambda Runtime API: once handed batch after batch, once driven by the event source mapping of template.yaml, "+
			"which keeps a second batch at hand that waits between its tries for up to 2 s when the others are done (AWS does not document how long it waits).",
			burst, fastest, slowest, ideal.Seconds(), b.runs),
		Columns: []string{"seconds", "of the ideal", "calls throttled", "requests given up"}}
	var series []plotted
	for i, name := range all.names {
		runs := all.drains[i]
		s.Lines = append(s.Lines, line{name, []value{value(middle(runs, took)), value(middle(runs, took) / ideal.Seconds()),
			value(middle(runs, throttled)), value(middle(runs, givenUp))}})
		series = append(series, plotted{Name: name, Taken: runs[0].Taken, Ended: runs[0].Took})
	}
	b.backlog = plot(series)
	s.Goals = []goal{
		atMost("a burst, of the ideal time", middle(all.drains[0], took)/ideal.Seconds(), 1.06),
		atMost("a burst, calls throttled", max(middle(all.drains[0], throttled), middle(all.drains[1], throttled)), 0),
	}
	return s, nil
}

// repeats measures requests that overtake one another.
func repeats(ctx context.Context, b *bench) (section, error) {
	all, err := b.measureBursts(ctx)
	if err != nil {
		return section{}, err
	}
	return section{Name: "repeats", Title: "Repeats",
		About: fmt.Sprintf("%d requests at once over %d policies, in random order, in batches of ten: within a batch the newest alone is put. Otherwise as Drain; whoever looks at each request by itself makes all %d calls. Medians of %d runs.",
			burst, keys, burst, b.runs),
		Columns: []string{"calls", "of all", "seconds", "of the ideal of all"},
		Lines: []line{{"this project", []value{value(middle(all.repeats, calls)), value(middle(all.repeats, calls) / burst),
			value(middle(all.repeats, took)), value(middle(all.repeats, took) / ideal.Seconds())}}},
	}, nil
}
