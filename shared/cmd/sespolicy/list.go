package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
)

func newListPoliciesCommand() *cobra.Command {
	var flags accountFlags
	var format string
	command := &cobra.Command{
		Use:   "list",
		Short: "List the policies on the account's identities",
		Long: "List reads all identities of the account, a Region or several, and shows each policy with whom it lets in and whom it\n" +
			"keeps out. With --stack, --table or --local it also shows whose the policy is by the ledger, since when, and whether it\n" +
			"was changed by somebody else.\n\n" +
			"No deployment is needed. It needs the permissions ses:ListEmailIdentities and ses:GetEmailIdentity. The exit status is\n" +
			"2 when something could not be read.",
		Example: "  sespolicy list\n" +
			"  sespolicy list --regions us-east-1,eu-west-1 --identity '*example.com'\n" +
			"  sespolicy list --stack sespolicy --format json",
		Args: cobra.NoArgs,
		RunE: orCouldNot(func(command *cobra.Command, _ []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			v, err := flags.openAccount(command.Context())
			if err != nil {
				return err
			}
			if err := v.read(command.Context(), command.ErrOrStderr(), flags.patterns); err != nil {
				return err
			}
			return v.list(command, format)
		}),
	}
	flags.register(command)
	flags.registerIdentities(command)
	formatFlag(command, &format, "text", "json")
	couldNotUse(command)
	return command
}

// listedPolicy is a policy, for programs.
type listedPolicy struct {
	Region     string     `json:"region"`
	Identity   string     `json:"identity"`
	PolicyName string     `json:"policyName"`
	Grants     []grantRow `json:"grants"`
	Problem    string     `json:"problem,omitempty"` // why the grants are not known
	ownership
}

// listing is what list prints for programs.
type listing struct {
	Policies []listedPolicy `json:"policies"`
	Errors   []unreadJSON   `json:"errors"`
}

// policies are all policies that were read.
func (v *accountView) policies() []listedPolicy {
	all := []listedPolicy{}
	for _, r := range v.regions {
		for _, id := range r.contents.Identities {
			for _, p := range id.Policies {
				all = append(all, r.listed(id.Name, p))
			}
		}
	}
	return all
}

// list shows the policies.
func (v *accountView) list(command *cobra.Command, format string) error {
	all := listing{Policies: v.policies(), Errors: v.unread()}
	if format == "json" {
		if err := writeJSON(command, all); err != nil {
			return err
		}
		return v.unreadError()
	}
	v.tabulatePolicies(command.OutOrStdout(), all.Policies)
	_, _ = fmt.Fprintln(command.ErrOrStderr(), v.counts())
	return v.unreadError()
}

// listed is one policy with its grants.
func (r *regionView) listed(identity string, p account.Policy) listedPolicy {
	l := listedPolicy{Region: r.owner.Region, Identity: identity, PolicyName: p.Name, Grants: []grantRow{}, ownership: r.ownership(identity, p)}
	policies, err := access.Read(r.identity(identity), map[string]string{p.Name: p.Text})
	if err != nil {
		l.Problem = err.Error()
		return l
	}
	l.Grants = r.grants(policies, map[string]ownership{p.Name: l.ownership})
	return l
}

// tabulatePolicies shows policies as a table.
func (v *accountView) tabulatePolicies(out io.Writer, policies []listedPolicy) {
	title := "Policies of account " + v.regions[0].owner.Account + " in " + v.regionNames()
	header := []string{"identity", "policy"}
	if v.several() {
		header = append([]string{"Region"}, header...)
	}
	if v.hasLedger() {
		header = append(header, "owner", "since")
	}
	header = append(header, "grants to")
	var rows [][]string
	for _, p := range policies {
		cells := []string{p.Identity, p.PolicyName}
		if v.several() {
			cells = append([]string{p.Region}, cells...)
		}
		if v.hasLedger() {
			cells = append(cells, p.cells()...)
		}
		rows = append(rows, append(cells, p.summary()))
	}
	tabulate(out, title, header, rows, wrap)
}

// summary is whom a policy lets in and keeps out, in words.
func (p listedPolicy) summary() string {
	if p.Problem != "" {
		return "not known: " + p.Problem
	}
	var grants, denials []string
	for _, g := range p.Grants {
		who := g.Who
		if len(g.Conditions) > 0 {
			who += " (conditions)"
		}
		if g.denies() {
			denials = append(denials, who)
		} else {
			grants = append(grants, who)
		}
	}
	words := strings.Join(distinct(grants), ", ")
	if len(denials) > 0 {
		words = strings.TrimPrefix(words+"; denied: "+strings.Join(distinct(denials), ", "), "; ")
	}
	if words == "" {
		return "nobody"
	}
	return words
}

// distinct drops repeated texts and keeps the order.
func distinct(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
