package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/identity"
	"sespolicy/shared/outcome"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

func newDLQCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "dlq",
		Short: "Look after dead letters: list, show, redrive, edit",
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newListCommand(), newShowCommand(), newRedriveCommand(), newEditCommand())
	return command
}

// letterFlags say which letters are meant.
type letterFlags struct {
	codes, identities, policyNames []string
	olderThan, newerThan           time.Duration
}

func (l *letterFlags) register(command *cobra.Command) {
	f := command.Flags()
	f.StringSliceVar(&l.codes, "code", nil, "only letters with this code, or one of these")
	f.StringSliceVar(&l.identities, "identity", nil, "only letters about this identity, by name or ARN, or one of these")
	f.StringSliceVar(&l.policyNames, "policy-name", nil, "only letters about this policy name, or one of these")
	f.DurationVar(&l.olderThan, "older-than", 0, "only letters at least this old, such as 90m or 48h")
	f.DurationVar(&l.newerThan, "newer-than", 0, "only letters younger than this")
	complete(command, "code", outcome.MalformedRequest, outcome.UnknownEnvelope, outcome.InvalidIdentity, outcome.InvalidPolicyName,
		outcome.PolicyTooLarge, outcome.InvalidPolicy, outcome.GuardrailViolation, outcome.Expired, outcome.AlreadyAnswered,
		outcome.AlreadyExists, outcome.OwnedByStack, outcome.Cancelled, outcome.RetriesExhausted, outcome.AnswerUndelivered, redrive.RanOutOfReceives)
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
	return f, badUse(errors.Join(wrong...))
}

// sawAll says whether the letters that were seen are all there are.
func sawAll(out io.Writer, look *redrive.Look) {
	switch {
	case look.Complete():
		return
	case !look.Ended:
		_, _ = fmt.Fprintf(out, "Not all letters were seen: SQS hides a letter for 12 hours at most, and that was not enough for more than %d of about %d.\n", look.Seen, look.Counted)
		return
	}
	_, _ = fmt.Fprintf(out, "Not all letters were seen: %d of about %d.", look.Seen, look.Counted)
	if look.Others > 0 {
		_, _ = fmt.Fprintf(out, " About %d were in flight when this look began.", look.Others)
	}
	_, _ = fmt.Fprintln(out)
}

// unknownCodes says of codes that no letter has which codes there are.
func (l *letterFlags) unknownCodes(out io.Writer, look *redrive.Look) {
	codes := slices.Sorted(maps.Keys(look.Codes))
	var unknown []string
	for _, code := range l.codes {
		if !slices.ContainsFunc(codes, func(known string) bool { return strings.EqualFold(known, code) }) {
			unknown = append(unknown, code)
		}
	}
	if len(unknown) == 0 {
		return
	}
	there := "there are no letters"
	if len(codes) > 0 {
		for i, code := range codes {
			codes[i] = fmt.Sprintf("%s (%d)", code, look.Codes[code])
		}
		there = "the codes are " + strings.Join(codes, ", ")
	}
	_, _ = fmt.Fprintln(out, printout.Escape("no letter has the code "+strings.Join(unknown, ", ")+"; "+there))
}

// unseen is the error of a command that selected no letter while some were hidden.
func unseen(look *redrive.Look) error {
	if look.Complete() {
		return nil
	}
	return withHint(fmt.Errorf("about %s could not be seen, and may be the wanted ones", count(max(1, look.Counted-look.Seen), "letter")),
		"try again later: a look hides letters for half a minute, a redrive for two minutes or longer, no receive for more than 12 hours")
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
