package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/ledger"
)

const (
	// firstPause is between two reads of the ledger while outcomes come: SES takes
	// one call a second. It doubles up to maxPause while none comes.
	firstPause = time.Second
	maxPause   = 10 * time.Second
	// defaultPatience is how long --wait waits by default.
	defaultPatience = 15 * time.Minute
)

// registerWait adds --wait and --timeout.
func (flags *sendFlags) registerWait(command *cobra.Command) {
	command.Flags().BoolVar(&flags.wait, "wait", false, "wait for the outcomes, and fail unless all were applied")
	command.Flags().DurationVar(&flags.timeout, "timeout", defaultPatience, "how long --wait waits, such as 90s or 2h")
}

// check says what is wrong with --wait and --timeout.
func (flags *sendFlags) check(command *cobra.Command) error {
	switch {
	case flags.timeout <= 0:
		return fmt.Errorf("--timeout is %v, more than 0 was expected", flags.timeout)
	case command.Flags().Changed("timeout") && !flags.wait:
		return errors.New("got --timeout without --wait")
	}
	return nil
}

// readyToWait opens the ledger and reads it once, so that nothing is sent whose
// outcome could not be read.
func (f *found) readyToWait(ctx context.Context) (*ledger.Ledger, error) {
	l, err := f.openLedger()
	if err == nil {
		_, err = l.Status(ctx, "none")
	}
	if err == nil {
		return l, nil
	}
	hint := hintOf(err)
	if f.table != "" {
		hint = strings.TrimSpace(hint + "\nin another account, send without --wait and get outcomes as events: " + eventsPage)
	}
	return nil, withHint(fmt.Errorf("nothing was sent: --wait needs the ledger: %w", err), "%s", hint)
}

// outcomes reads what became of requests.
type outcomes interface {
	Status(ctx context.Context, ids ...string) (map[string]ledger.Entry, error)
}

// follow reads the ledger until all requests have an outcome, and calls each
// with every one as it comes. It returns the ids that have none when the time is
// over or the context ends.
func follow(ctx context.Context, l outcomes, ids []string, timeout time.Duration, each func(id string, e ledger.Entry)) ([]string, error) {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	left, pause := slices.Clone(ids), firstPause
	for {
		entries, err := l.Status(ctx, left...)
		if err != nil {
			return left, err
		}
		before := len(left)
		left = slices.DeleteFunc(left, func(id string) bool {
			e, ok := entries[id]
			ended := ok && e.Outcome.Kind != ""
			if ended {
				each(id, e)
			}
			return ended
		})
		if len(left) == 0 {
			return nil, nil
		}
		if len(left) < before {
			pause = firstPause
		}
		select {
		case <-time.After(pause):
		case <-deadline.C:
			return left, nil
		case <-ctx.Done():
			return left, ctx.Err()
		}
		pause = min(2*pause, maxPause)
	}
}

// await waits for what was sent, and shows and notes each outcome. It fails
// unless all requests were applied.
func (flags sendFlags) await(command *cobra.Command, all []sentJSON) error {
	out, errs := command.OutOrStdout(), command.ErrOrStderr()
	place, ids := map[string]int{}, make([]string, len(all))
	for i, s := range all {
		place[s.MessageID], ids[i] = i, s.MessageID
	}
	bar, counts := progress(errs, len(all), "waiting"), map[string]int{}
	left, err := follow(command.Context(), flags.ledger, ids, flags.timeout, func(id string, e ledger.Entry) {
		s := statusOf(id, e)
		counts[s.Outcome]++
		sent := &all[place[id]]
		sent.Outcome, sent.Code, sent.Message, sent.At = s.Outcome, s.Code, s.Message, s.At
		_ = bar.Clear() // a bar that cannot be drawn must not stop the work
		if flags.format == "text" {
			showOutcome(out, *sent)
		}
		_ = bar.Add(1)
	})
	_ = bar.Finish()
	applied := counts["Applied"] + counts["Deleted"]
	_, _ = fmt.Fprintf(errs, "%d of %s applied", applied, count(len(all), "request"))
	for _, other := range []string{"Rejected", "Superseded"} {
		if n := counts[other]; n > 0 {
			_, _ = fmt.Fprintf(errs, ", %d %s", n, strings.ToLower(other))
		}
	}
	_, _ = fmt.Fprintln(errs)
	switch {
	case err != nil:
		return withHint(fmt.Errorf("waiting for %s: %w", count(len(left), "outcome"), err), "all was sent; sespolicy status ID shows what became of it")
	case len(left) > 0:
		return withHint(fmt.Errorf("%s without an outcome after %v: %s", count(len(left), "request"), flags.timeout, strings.Join(left, " ")),
			"they are still on the queue; sespolicy status ID shows what becomes of them")
	case applied < len(all):
		return errShown
	}
	return nil
}

// showOutcome shows how a request ended, with what was wrong below.
func showOutcome(out io.Writer, s sentJSON) {
	showLine(out, strings.TrimRight(fmt.Sprintf("%-10s %s  %s  %s %s", s.Outcome, s.MessageID, s.place(), s.Identity, s.PolicyName), " "))
	if s.Code == "" && s.Message == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(s.Code+": "+s.Message, ": "), "\n") {
		paragraph(out, "    ", line)
	}
}
