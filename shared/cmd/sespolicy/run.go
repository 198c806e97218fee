package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/local"
	"sespolicy/shared/sample"
)

func newRunCommand() *cobra.Command {
	var flags stackFlags
	var events string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "run",
		Short: "Run everything here, send the samples, and show how each ends",
		RunE: func(command *cobra.Command, _ []string) error {
			samples, err := sample.LoadAll(events)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			lines := &live{out: out, names: map[string]string{}}
			stack, end, err := flags.start(command.Context(), out, true, lines.observer())
			if err != nil {
				return err
			}
			defer end()
			return runSamples(command.Context(), out, stack, lines, samples, timeout)
		},
	}
	flags.register(command, "127.0.0.1:0")
	command.Flags().StringVar(&events, "events", "events", "the folder of samples")
	_ = command.MarkFlagDirname("events") // the flag is there
	command.Flags().DurationVar(&timeout, "timeout", 3*time.Minute, "how long to wait for the outcomes")
	return command
}

// sent is a sample on its way: its messages on the queue.
type sent struct {
	sample.Sample
	ids []string
}

// runSamples sends the samples, waits for their outcomes and shows them.
func runSamples(ctx context.Context, out io.Writer, stack *local.Stack, lines *live, samples []sample.Sample, timeout time.Duration) error {
	start := time.Now()
	var all []sent
	var ids []string
	for _, each := range samples {
		one := sent{Sample: each}
		for i, record := range each.Records {
			id, err := stack.Send(ctx, record)
			if err != nil {
				return fmt.Errorf("the sample %s: %w", each.Name, err)
			}
			name := each.Name
			if len(each.Records) > 1 {
				name = fmt.Sprintf("%s/%d", each.Name, i)
			}
			lines.name(id, name)
			one.ids = append(one.ids, id)
			ids = append(ids, id)
		}
		all = append(all, one)
	}
	_, _ = fmt.Fprintf(out, "%d messages of %d samples are on the queue; SES takes one call a second\n", len(ids), len(all))
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stack.Resume()
	open := stack.Await(waiting, ids...)

	interrupted := ctx.Err() != nil
	unexpected := reportSamples(out, stack, lines, all, interrupted)
	reportDeadLetters(out, stack, lines.names)
	reportReplies(out, stack)
	if !interrupted {
		if err := reportAccount(ctx, out, stack); err != nil {
			return fmt.Errorf("reading the account: %w", err)
		}
	}
	took := time.Since(start).Round(time.Millisecond)
	_, _ = fmt.Fprintf(out, "\n%d messages, %d without an outcome, %d with another outcome than the sample's file name says, in %v\n",
		len(ids), len(open), len(unexpected), took)
	switch {
	case interrupted:
		return fmt.Errorf("interrupted: %d of %d messages had ended", len(ids)-len(open), len(ids))
	case len(open) > 0:
		return fmt.Errorf("%d of %d messages have no outcome after %v: look for lines with Retry or Error above", len(open), len(ids), took)
	case len(unexpected) > 0:
		return fmt.Errorf("not as its name says: %s", strings.Join(unexpected, ", "))
	}
	return nil
}

// reportSamples shows each message's outcome, and returns the names of those
// that did not end as their sample says. Messages that an interrupted run did
// not reach are not among them.
func reportSamples(out io.Writer, stack *local.Stack, lines *live, all []sent, interrupted bool) (unexpected []string) {
	last := map[string]local.Request{}
	for _, request := range stack.Requests() {
		last[request.MessageID] = request
	}
	var rows [][]string
	for _, each := range all {
		for _, id := range each.ids {
			request, note := last[id], ""
			switch {
			case interrupted && (request.Outcome == "" || !request.Final()):
				note = "not reached"
			case !expected(each.Sample, request):
				note = "not as its name says"
				unexpected = append(unexpected, lines.names[id])
			}
			rows = append(rows, []string{lines.names[id], request.Outcome, request.Code, request.Source, milliseconds(request.QueuedMS), note})
		}
	}
	tabulate(out, "Samples", []string{"sample", "outcome", "code", "came from", "queued", "remark"}, rows, cut)
	return unexpected
}

// expected says whether a request ended as its sample's name says.
func expected(each sample.Sample, request local.Request) bool {
	switch each.Expect {
	case sample.Accepted: // two samples of one policy name may overtake each other
		return slices.Contains([]string{"Applied", "Deleted", "Superseded"}, request.Outcome)
	case sample.Rejected:
		return request.Outcome == "Rejected" && request.Code == each.Code
	}
	return request.Outcome != "" && request.Final()
}
