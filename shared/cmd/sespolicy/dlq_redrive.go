package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

// defaultRate is how many letters are put back per second. The function applies
// one per second; the others wait on the request queue.
const defaultRate = 10

// redriveFlags are those of redrive beside the queues and the letters.
type redriveFlags struct {
	all, dryRun, yes bool
	rate             int
}

func newRedriveCommand() *cobra.Command {
	var at target
	var letters letterFlags
	var flags redriveFlags
	command := &cobra.Command{
		Use:   "redrive [ID...]",
		Short: "Put dead letters back on the request queue",
		RunE: func(command *cobra.Command, ids []string) error {
			filter, err := letters.filter(ids)
			if err != nil {
				return err
			}
			if err := flags.check(filter); err != nil {
				return badUse(err)
			}
			found, err := at.open(command.Context(), requestQueue|deadLetterQueue)
			switch {
			case err != nil:
				return err
			case flags.dryRun:
				return found.dryRun(command, &letters, filter)
			case flags.all:
				return found.moveAll(command, flags)
			default:
				return found.redrive(command, &letters, filter, flags.rate)
			}
		},
	}
	at.register(command, requestQueue|deadLetterQueue|ledgerTable)
	letters.register(command)
	f := command.Flags()
	f.BoolVar(&flags.all, "all", false, "every letter")
	f.BoolVar(&flags.yes, "yes", false, "do not ask before --all, on a terminal")
	f.BoolVar(&flags.dryRun, "dry-run", false, "only show what would be put back")
	f.IntVar(&flags.rate, "rate", defaultRate, fmt.Sprintf("letters a second, 1 to %d", redrive.MaxRate))
	return command
}

func (f redriveFlags) check(filter redrive.Filter) error {
	switch {
	case f.rate < 1 || f.rate > redrive.MaxRate:
		return fmt.Errorf("--rate is %d, 1 to %d was expected", f.rate, redrive.MaxRate)
	case f.all && !filter.All():
		return errors.New("got --all and ids or filters, one of them was expected")
	case !f.all && filter.All():
		return withHint(errors.New("no letters are named"), "give ids, --code and the like, or --all")
	default:
		return nil
	}
}

// dryRun shows what would be put back.
func (q *queues) dryRun(command *cobra.Command, letters *letterFlags, filter redrive.Filter) error {
	look, err := q.look(command, filter)
	if err != nil {
		return err
	}
	errs := command.ErrOrStderr()
	known := q.know(command.Context(), errs, look.Letters)
	would := slices.DeleteFunc(slices.Clone(look.Letters), func(l *redrive.Letter) bool { return known.Told(l) && !filter.All() })
	tabulateLetters(command.OutOrStdout(), "Would be put back on "+q.requests.URL, would, known)
	warn(errs, known, would)
	_, _ = fmt.Fprintf(errs, "%s of %d seen would be put back\n", count(len(would), "letter"), look.Seen)
	if left := len(look.Letters) - len(would); left > 0 {
		_, _ = fmt.Fprintf(errs, "%s would be left: their requesters were told\n", count(left, "letter"))
	}
	if len(filter.IDs) == 0 {
		letters.unknownCodes(errs, look)
		sawAll(errs, look)
	}
	return missing(filter.Missing(look.Letters))
}

// warn names the letters of which a redrive is not what it seems.
func warn(errs io.Writer, known redrive.Knowledge, letters []*redrive.Letter) {
	for _, l := range letters {
		if text := known[l].Says(); text != "" {
			_, _ = fmt.Fprintf(errs, "%s: %s\n", l.ID, printout.Escape(text))
		}
	}
}

func missing(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("%s not found: %q: %w", count(len(ids), "letter"), ids, redrive.ErrGone)
}

func (q *queues) redrive(command *cobra.Command, letters *letterFlags, filter redrive.Filter, rate int) error {
	errs := command.ErrOrStderr()
	var bar *progressbar.ProgressBar
	var seen []*redrive.Letter
	var known redrive.Knowledge
	total := 0
	run := redrive.Redrive{Client: q.client, From: q.deadLetters, To: q.requests, Filter: filter, Rate: rate, Waiting: sayWaiting(errs),
		Told: func(ctx context.Context, letters []*redrive.Letter) func(*redrive.Letter) bool {
			known = q.know(ctx, errs, letters)
			return known.Told
		},
		Chosen: func(n int) {
			if total += n; bar == nil {
				bar = progress(errs, total, "redriving")
			}
			bar.ChangeMax(total)
		},
		Done: func(l *redrive.Letter, id string) {
			seen = append(seen, l)
			_ = bar.Clear() // a bar that cannot be drawn must not stop the work
			_, _ = fmt.Fprintf(command.OutOrStdout(), "%s was sent again as message %s\n", l.ID, id)
			_ = bar.Add(1)
		},
	}
	report, err := run.Run(command.Context())
	if bar != nil {
		_ = bar.Finish()
	}
	_, _ = fmt.Fprintf(errs, "%s put back on %s\n", count(report.Redriven, "letter"), q.requests.URL)
	warn(errs, known, seen)
	for _, l := range report.Answered {
		_, _ = fmt.Fprintf(errs, "left: %s, %s (see dlq edit --as-new)\n", l.ID, printout.Escape(known.ToldText(l)))
	}
	for _, l := range report.Taken {
		_, _ = fmt.Fprintf(errs, "left: %s, another consumer has received it\n", l.ID)
	}
	if err != nil {
		return err
	}
	if len(filter.IDs) == 0 {
		letters.unknownCodes(errs, report.Look)
		sawAll(errs, report.Look)
		if report.Redriven+len(report.Answered)+len(report.Taken) == 0 {
			return unseen(report.Look)
		}
	}
	return missing(filter.Missing(slices.Concat(seen, report.Answered, report.Taken)))
}

// moveAll has SQS move everything. It asks a person first; a script is not asked.
func (q *queues) moveAll(command *cobra.Command, flags redriveFlags) error {
	if !flags.yes && isTerminal(command.InOrStdin()) {
		question := fmt.Sprintf("Put all letters of %s back on %s? [y/N] ", q.deadLetters.URL, q.requests.URL)
		if yes, err := ask(command.Context(), command.ErrOrStderr(), bufio.NewReader(command.InOrStdin()), question, false); err != nil || !yes {
			return errors.Join(errors.New("nothing was put back"), err)
		}
	}
	bar, there := progress(command.ErrOrStderr(), 1, "redriving"), 0
	moved, err := redrive.Move(command.Context(), q.client, q.deadLetters, q.requests, flags.rate, func(moved, all int) {
		there = all
		bar.ChangeMax(max(all, moved, 1))
		_ = bar.Set(moved) // a bar that cannot be drawn must not stop the work
	})
	_ = bar.Finish()
	if err == nil || moved > 0 {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "about %s moved to %s\n", count(moved, "letter"), q.requests.URL)
		if there > 0 && moved > there {
			_, _ = fmt.Fprintf(command.ErrOrStderr(), "there were %d letters: those that were refused again came back and were moved again\n", there)
		}
	}
	return err
}
