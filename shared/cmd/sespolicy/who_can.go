package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
	"sespolicy/shared/identity"
)

func newWhoCanCommand() *cobra.Command {
	var flags accountFlags
	var format string
	command := &cobra.Command{
		Use:   "who-can IDENTITY",
		Short: "Show who may send as an identity, and which statement says so",
		Long: "Who-can shows what the policies of an address, a domain, or the ARN of one grant: who may do what, under which\n" +
			"conditions, by which policy and statement, and then who is denied. With --stack, --table or --local it also shows whose\n" +
			"each policy is by the ledger, and since when.\n\n" +
			"An address that has policies of its own is decided by them alone; otherwise its domain's policies count. Who-can says\n" +
			"which, and what of the domain does not count; JSON has what counts. Principals of the owner's own account may also have\n" +
			"IAM permissions, which are not read.\n\n" +
			"It needs ses:ListEmailIdentities and ses:GetEmailIdentity. The exit status is 2 when something could not be read.",
		Example: "  sespolicy who-can example.com\n" +
			"  sespolicy who-can news@example.com --stack sespolicy\n" +
			"  sespolicy who-can example.com --regions us-east-1,eu-west-1 --format json",
		Args: cobra.ExactArgs(1),
		RunE: orCouldNot(func(command *cobra.Command, arguments []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			id, err := identity.Parse(arguments[0])
			if err != nil {
				return fmt.Errorf("identity %s: %w", arguments[0], err)
			}
			if id.Region != "" && len(flags.regions) == 0 {
				flags.regions = []string{id.Region}
			}
			v, err := flags.openAccount(command.Context())
			if err != nil {
				return err
			}
			if id.Account != "" && id.Account != v.regions[0].owner.Account {
				return fmt.Errorf("%s is in account %s, not in %s", arguments[0], id.Account, v.regions[0].owner.Account)
			}
			if err := v.read(command.Context(), command.ErrOrStderr(), account.Levels(id.Name)); err != nil {
				return err
			}
			return v.whoCan(command, id.Name, format)
		}),
	}
	flags.register(command)
	formatFlag(command, &format, "text", "json")
	couldNotUse(command)
	return command
}

// level is one identity that may decide, with its grants.
type level struct {
	name     string
	policies int
	grants   []grantRow
}

// levels are those that decide who sends as name: an address, then its domain.
func (r *regionView) levels(name string) ([]level, []*access.Policies, error) {
	var levels []level
	var read []*access.Policies
	for _, id := range r.contents.Deciding(name) {
		policies, err := access.Read(r.identity(id.Name), id.Texts())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: the policies of %s: %w", r.owner.Region, id.Name, err)
		}
		owners := map[string]ownership{}
		for _, p := range id.Policies {
			owners[p.Name] = r.ownership(id.Name, p)
		}
		levels = append(levels, level{id.Name, len(id.Policies), r.grants(policies, owners)})
		read = append(read, policies)
	}
	return levels, read, nil
}

// whoCan shows what decides in each Region.
func (v *accountView) whoCan(command *cobra.Command, name, format string) error {
	rows := []grantRow{}
	var notes []string
	var lost []level
	found := false
	for _, r := range v.regions {
		levels, _, err := r.levels(name)
		if err != nil {
			return errors.Join(err, v.unreadError())
		}
		if len(levels) == 0 {
			if len(r.contents.Failures) == 0 {
				notes = append(notes, fmt.Sprintf("%s is no identity in %s, and no domain of it is", name, r.owner.Region))
			}
			continue
		}
		found = true
		deciding := slices.IndexFunc(levels, func(l level) bool { return l.policies > 0 })
		rows = append(rows, levels[max(deciding, 0)].grants...)
		notes = append(notes, r.whichDecides(name, levels, deciding))
		if deciding >= 0 {
			lost = append(lost, levels[deciding+1:]...)
		}
	}
	if !found {
		return couldNot(errors.Join(errors.New(strings.Join(notes, "\n")), v.unreadError()))
	}
	slices.SortStableFunc(rows, func(a, b grantRow) int { return boolOrder(a.denies(), b.denies()) })
	if format == "json" {
		return errors.Join(writeJSON(command, rows), v.unreadError())
	}
	out := command.OutOrStdout()
	for _, note := range notes {
		paragraph(out, "", note)
	}
	denied := slices.IndexFunc(rows, grantRow.denies)
	if denied < 0 {
		denied = len(rows)
	}
	v.tabulateGrants(command, "Who may send as "+name, rows[:denied])
	if denied < len(rows) {
		v.tabulateGrants(command, "Who is denied, whatever else allows it", rows[denied:])
	}
	for _, l := range lost {
		if len(l.grants) > 0 {
			v.tabulateGrants(command, "What does not count: the policies of "+l.name, l.grants)
		}
	}
	return v.unreadError()
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// whichDecides says whose policies count.
func (r *regionView) whichDecides(name string, levels []level, deciding int) string {
	in := " in " + r.owner.Region
	switch {
	case deciding < 0:
		return fmt.Sprintf("%s%s has no policies: only the account %s itself may send as it", levels[0].name, in, r.owner.Account)
	case levels[deciding].name != name && !strings.EqualFold(levels[deciding].name, name):
		return fmt.Sprintf("%s%s has no policies of its own: those of %s count", name, in, levels[deciding].name)
	case deciding+1 < len(levels) && levels[deciding+1].policies > 0:
		return fmt.Sprintf("%s%s has policies of its own: those of %s do not count for it", name, in, levels[deciding+1].name)
	default:
		return fmt.Sprintf("%s%s: its own policies count", name, in)
	}
}

// tabulateGrants shows grants as a table.
func (v *accountView) tabulateGrants(command *cobra.Command, title string, grants []grantRow) {
	header := []string{"who", "what"}
	if v.several() {
		header = append([]string{"Region"}, header...)
	}
	header = append(header, "by")
	if v.hasLedger() {
		header = append(header, "owner", "since")
	}
	header = append(header, "if")
	var rows [][]string
	for _, g := range grants {
		cells := []string{g.Who, g.may(), g.place()}
		if v.several() {
			cells = append([]string{g.Region}, cells...)
		}
		if v.hasLedger() {
			cells = append(cells, g.cells()...)
		}
		rows = append(rows, append(cells, g.conditions()))
	}
	tabulate(command.OutOrStdout(), title, header, rows, wrap)
}

// place is where a statement stands, in words.
func place(s access.Statement) string {
	text := fmt.Sprintf("%s /Statement/%d", s.PolicyName, s.Index)
	if s.Sid != "" {
		text += " (" + s.Sid + ")"
	}
	return text
}

// identityARN is the ARN of an identity of the Region.
func (r *regionView) identityARN(name string) string {
	return arn.ARN{Partition: r.owner.Partition, Service: "ses", Region: r.owner.Region, AccountID: r.owner.Account, Resource: "identity/" + name}.String()
}
