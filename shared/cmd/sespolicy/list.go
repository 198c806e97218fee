package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sespolicy/shared/account"
)

// listing is the policies of the account, for programs.
type listing struct {
	Policies []account.Listed `json:"policies"`
	Errors   []unreadJSON     `json:"errors"`
}

func newListPoliciesCommand() *cobra.Command {
	var flags accountFlags
	command := &cobra.Command{Use: "list", Short: "List the policies on the account's identities"}
	flags.register(command)
	flags.registerIdentities(command)
	return answering(command, func(command *cobra.Command, _ []string) (*answer, error) {
		v, err := flags.openAccount(command.Context())
		if err != nil {
			return nil, err
		}
		if err := v.read(command.Context(), command.ErrOrStderr(), flags.patterns); err != nil {
			return nil, err
		}
		all := listing{Policies: v.policies(), Errors: v.unread()}
		return &answer{all, func(out io.Writer) {
			v.tabulatePolicies(out, all.Policies)
			_, _ = fmt.Fprintln(command.ErrOrStderr(), v.counts())
		}}, v.unreadError()
	}, "text", "json")
}

// policies are all policies that were read.
func (v *accountView) policies() []account.Listed {
	all := []account.Listed{}
	for _, r := range v.regions {
		all = append(all, r.List()...)
	}
	return all
}

// tabulatePolicies shows policies as a table.
func (v *accountView) tabulatePolicies(out io.Writer, policies []account.Listed) {
	var rows [][]string
	for _, p := range policies {
		rows = append(rows, v.cells(p.Region, []string{p.Identity, p.PolicyName}, p.Ownership, p.Summary()))
	}
	tabulate(out, "Policies of account "+v.regions[0].Owner.Account+" in "+v.regionNames(), v.header([]string{"identity", "policy"}, "grants to"), rows, wrap)
}

// header are the columns of a table of what is in the account: the Region if
// there are several, and whose a policy is if a ledger is known.
func (v *accountView) header(first []string, last string) []string {
	return v.columns("Region", first, []string{"owner", "since"}, last)
}

// cells are a row below the header.
func (v *accountView) cells(region string, first []string, owner account.Ownership, last string) []string {
	return v.columns(region, first, owner.Cells(), last)
}

func (v *accountView) columns(region string, first, owner []string, last string) []string {
	var all []string
	if len(v.regions) > 1 {
		all = append(all, region)
	}
	all = append(all, first...)
	if v.hasLedger() {
		all = append(all, owner...)
	}
	return append(all, last)
}
