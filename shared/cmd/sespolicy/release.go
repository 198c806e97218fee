package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
)

// releaseTries is how often a release is tried while the function writes the
// same record.
const releaseTries = 3

func newReleaseCommand() *cobra.Command {
	var at target
	var yes bool
	command := &cobra.Command{
		Use:   "release IDENTITY NAME",
		Short: "Give up a stack's ownership of a policy",
		RunE: func(command *cobra.Command, arguments []string) error {
			_, l, name, err := at.policy(command, arguments)
			if err != nil {
				return err
			}
			return release(command, l, name, yes)
		},
	}
	at.register(command, ledgerTable)
	command.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return command
}

func release(command *cobra.Command, l *ledger.Ledger, name ledger.Name, yes bool) error {
	ctx, out := command.Context(), command.OutOrStdout()
	policy, ok, err := l.Policy(ctx, name)
	switch {
	case err != nil:
		return err
	case !ok:
		return noRecord(name)
	case policy.Owner == nil:
		_, err := fmt.Fprintf(out, "%s of %s belongs to no stack: nothing to do\n", printout.Escape(name.PolicyName), printout.Escape(name.Identity))
		return err
	}
	if !yes {
		question := printout.Escape(fmt.Sprintf("%s of %s belongs to %s. Afterwards anybody whom the guardrails allow can change it. Release it?",
			name.PolicyName, name.Identity, account.StackWords(*policy.Owner))) + " [y/N] "
		agreed, err := ask(ctx, command.ErrOrStderr(), bufio.NewReader(command.InOrStdin()), question, false)
		if err != nil {
			return withHint(fmt.Errorf("nothing was released: %w", err), "--yes does not ask")
		}
		if !agreed {
			return errors.New("nothing was released")
		}
	}
	owner, err := releaseOwner(ctx, l, name)
	if err != nil {
		return err
	}
	if owner == nil {
		owner = policy.Owner // somebody else was faster
	}
	_, err = fmt.Fprintf(out, "%s of %s no longer belongs to %s\n", printout.Escape(name.PolicyName), printout.Escape(name.Identity), printout.Escape(account.StackWords(*owner)))
	return err
}

// releaseOwner clears the owner, again if the function wrote at the same time.
func releaseOwner(ctx context.Context, l *ledger.Ledger, name ledger.Name) (owner *ledger.Owner, err error) {
	for range releaseTries {
		owner, err = l.Release(ctx, name, time.Now())
		if !errors.Is(err, ledger.ErrChanged) {
			break
		}
	}
	return owner, err
}
