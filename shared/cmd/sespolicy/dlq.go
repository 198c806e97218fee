package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sespolicy/shared/identity"
	"sespolicy/shared/redrive"
)

func newDLQCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "dlq",
		Short: "Look after dead letters: list, show, redrive, edit",
		Long: "A dead letter is a request that could not be done, with the reason on it. Letters without a reason were moved by SQS\n" +
			"itself: they ran out of receives. Their code is " + redrive.RanOutOfReceives + " here.\n\n" +
			"SQS cannot be looked at without taking the messages: while a command looks, the letters are hidden from others, and\n" +
			"each look counts as a receive. They are given back when it is done, also after Ctrl-C. Where the command is killed, or\n" +
			"an answer of SQS is lost, they come back by themselves, after half a minute or about three times as long as it had\n" +
			"looked; what could not be seen for that reason is said.",
	}
	command.AddCommand(newListCommand(), newShowCommand(), newRedriveCommand(), newEditCommand())
	return command
}

// letterFlags say which letters are meant.
type letterFlags struct {
	codes, identities, policyNames []string
	olderThan, newerThan           time.Duration
}

func (l *letterFlags) register(f *pflag.FlagSet) {
	f.StringSliceVar(&l.codes, "code", nil, "only letters with this code, or one of these")
	f.StringSliceVar(&l.identities, "identity", nil, "only letters about this identity, by name or ARN, or one of these")
	f.StringSliceVar(&l.policyNames, "policy-name", nil, "only letters about this policy name, or one of these")
	f.DurationVar(&l.olderThan, "older-than", 0, "only letters at least so old, such as 90m or 48h")
	f.DurationVar(&l.newerThan, "newer-than", 0, "only letters not yet so old")
}

func (l *letterFlags) filter(ids []string) (redrive.Filter, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	f := redrive.Filter{
		IDs: slices.Compact(ids), Codes: l.codes, PolicyNames: l.policyNames, OlderThan: l.olderThan, NewerThan: l.newerThan,
	}
	var wrong []error
	for _, text := range l.identities {
		id, err := identity.Parse(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--identity %s: %w", text, err))
		}
		f.Identities = append(f.Identities, id.Key())
	}
	return f, errors.Join(wrong...)
}

// sawAll says how far what was seen is all there is.
func sawAll(out io.Writer, look *redrive.Look, fifo bool) {
	switch {
	case look.Complete():
		return
	case !look.Ended:
		_, _ = fmt.Fprintf(out, "Not all were seen: SQS hides a letter for 12 hours at most, and that was not enough for more than %d of about %d.\n", look.Seen, look.Counted)
		return
	}
	_, _ = fmt.Fprintf(out, "Not all were seen: %d of about %d.", look.Seen, look.Counted)
	if look.Others > 0 {
		_, _ = fmt.Fprintf(out, " About %d were hidden when this look began: in use, or not yet given back by an earlier look.", look.Others)
	}
	if fifo {
		_, _ = fmt.Fprint(out, " Of each message group of a FIFO queue only the first ten letters can be seen; those behind come up when these are redriven or deleted.")
	}
	_, _ = fmt.Fprintln(out)
}

// unseen is the error of a command that chose no letter while some were hidden.
func unseen(look *redrive.Look) error {
	if look.Complete() {
		return nil
	}
	return fmt.Errorf("about %s could not be seen, the wanted ones may be among them: a look hides letters for half a minute, a redrive for two or longer, no receive for more than 12 hours; try again then",
		count(max(1, look.Counted-look.Seen), "letter"))
}

// age is how old something is, in its two largest units.
func age(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%ds", max(d, 0)/time.Second)
	}
}

// reason is why a letter is here, in a line.
func reason(l *redrive.Letter) string {
	text := l.Message
	if l.RanOut {
		text = "ran out of receives"
		if l.Code != "" {
			text += "; before that it was refused: " + l.Code + ": " + l.Message
		}
	}
	if l.AnsweredTo != "" {
		text += " [" + l.AnsweredTo + " was told]"
	}
	return strings.TrimSpace(text)
}
