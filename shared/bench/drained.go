package main

import (
	"slices"
	"time"

	"sespolicy/shared/local/email"
)

// drained is how one contender brought requests to SES.
type drained struct {
	Took      time.Duration   // until the last request had its outcome
	Taken     []time.Duration // when SES took each call
	Throttled int             // calls refused for coming too soon
	GivenUp   int             // requests that nobody tries again
	Billed    time.Duration   // of the function's invocations
}

// read reads from the log of an SES what it took and what it refused.
func (d *drained) read(begun time.Time, calls []email.Call) {
	for _, call := range calls {
		switch call.Code {
		case "":
			d.Taken = append(d.Taken, call.Time.Sub(begun))
		case "Throttling":
			d.Throttled++
		}
	}
	slices.Sort(d.Taken)
}

// middle is the median of a figure of several runs.
func middle(runs []drained, figure func(drained) float64) float64 {
	figures := make([]float64, len(runs))
	for i, d := range runs {
		figures[i] = figure(d)
	}
	return median(figures)
}

func took(d drained) float64      { return d.Took.Seconds() }
func throttled(d drained) float64 { return float64(d.Throttled) }
func givenUp(d drained) float64   { return float64(d.GivenUp) }
func billed(d drained) float64    { return d.Billed.Seconds() }
