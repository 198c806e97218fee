package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
)

// atOnce is how many checks run at the same time, those of SES apart, which run
// one after the other.
const atOnce = 8

// Report is what became of all assumptions that were asked.
type Report struct {
	Target      string   `json:"target"`
	Holds       int      `json:"holds"`
	Differ      int      `json:"differ"`
	CannotAsk   int      `json:"cannotBeAsked"`
	Interrupted int      `json:"interrupted"`
	Assumptions []Result `json:"assumptions"`
}

// where names the endpoint.
func (w *world) where() string {
	switch w.kind {
	case onAccount:
		return w.kind + ", " + w.owner.Region + ", identity " + w.identity
	default:
		return w.kind + " at " + w.endpoint
	}
}

// report asks the assumptions. Each is told every result in the order of the
// assumptions, as soon as it is known; it may be nil.
func (w *world) report(ctx context.Context, assumptions []Assumption, each func(Result)) Report {
	report := Report{Target: w.where(), Assumptions: make([]Result, len(assumptions))}
	if err := w.learnOwner(ctx); err != nil && ctx.Err() == nil {
		report.Target += " (account and Region are guessed: " + brief(err) + ")"
	}
	done := make([]chan struct{}, len(assumptions))
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	run := func(i int) {
		report.Assumptions[i] = ask(ctx, w, assumptions[i])
		close(done[i])
	}
	var mail []int
	for i, a := range assumptions {
		done[i] = make(chan struct{})
		if strings.HasPrefix(a.Name, "ses/") {
			mail = append(mail, i)
			continue
		}
		running.Go(func() {
			slots <- struct{}{}
			run(i)
			<-slots
		})
	}
	running.Go(func() {
		for _, i := range mail {
			run(i)
		}
	})
	for i := range assumptions {
		<-done[i]
		report.count(report.Assumptions[i])
		if each != nil {
			each(report.Assumptions[i])
		}
	}
	running.Wait()
	return report
}

func (r *Report) count(result Result) {
	switch result.Verdict {
	case holds:
		r.Holds++
	case differing:
		r.Differ++
	case cannotAsk:
		r.CannotAsk++
	default:
		r.Interrupted++
	}
}

// status is the exit status of a report.
func (r *Report) status() int {
	switch {
	case r.Interrupted > 0:
		return 2
	case r.Differ > 0:
		return 1
	}
	return 0
}

func printJSON(out io.Writer, r Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// printResult prints a line, and below it what is not as it should be. Errors of
// writing are nobody's to tell.
func printResult(out io.Writer, r Result) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-15s  %-46s  %s\n", r.Verdict, r.Name, r.Sure)
	switch r.Verdict {
	case differing:
		fmt.Fprintf(&b, "    %s\n    expected %s, got %s\n    source: %s\n", r.Statement, r.Expected, r.Got, r.Source)
	case cannotAsk:
		fmt.Fprintf(&b, "    %s\n", r.Reason)
	}
	if r.Observed != "" {
		fmt.Fprintf(&b, "    %s\n", r.Observed)
	}
	_, _ = io.WriteString(out, b.String())
}

func printSummary(out io.Writer, r Report) {
	_, _ = fmt.Fprintf(out, "\n%s: %d hold, %d differ, %d cannot be asked", r.Target, r.Holds, r.Differ, r.CannotAsk)
	if r.Interrupted > 0 {
		_, _ = fmt.Fprintf(out, ", %d interrupted", r.Interrupted)
	}
	_, _ = fmt.Fprintln(out)
}

func printList(out io.Writer, assumptions []Assumption) {
	for _, a := range assumptions {
		_, _ = fmt.Fprintf(out, "%s (%s)\n    %s\n    source: %s\n", a.Name, a.Sure, a.Statement, a.Source)
	}
}
