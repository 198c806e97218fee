package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/account/sending"
	"sespolicy/shared/identity"
)

func newWhoCanCommand() *cobra.Command {
	var flags accountFlags
	command := &cobra.Command{Use: "who-can IDENTITY", Short: "Show who may send as an identity, and which statement says so"}
	flags.register(command)
	return answering(command, func(command *cobra.Command, arguments []string) (*answer, error) {
		id, err := identity.Parse(arguments[0])
		if err != nil {
			return nil, badUse(fmt.Errorf("identity %s: %w", arguments[0], err))
		}
		if id.Region != "" && len(flags.regions) == 0 {
			flags.regions = []string{id.Region}
		}
		v, err := flags.openAccount(command.Context())
		if err != nil {
			return nil, err
		}
		if own := v.regions[0].Owner.Account; id.Account != "" && id.Account != own {
			return nil, fmt.Errorf("%s is in account %s, not in %s", arguments[0], id.Account, own)
		}
		if err := v.read(command.Context(), command.ErrOrStderr(), account.Levels(id.Name)); err != nil {
			return nil, err
		}
		return v.whoCan(id.Name)
	}, "text", "json")
}

// whoCan is what decides in each Region.
func (v *accountView) whoCan(name string) (*answer, error) {
	rows := []account.Grant{}
	var notes []string
	var lost []sending.Level
	found := false
	for _, r := range v.regions {
		levels, _, err := sending.Levels(r, name)
		if err != nil {
			return nil, errors.Join(err, v.unreadError())
		}
		if len(levels) == 0 {
			if len(r.Contents.Failures) == 0 {
				notes = append(notes, fmt.Sprintf("neither %s nor its domain is an identity in %s", name, r.Owner.Region))
			}
			continue
		}
		found = true
		deciding := sending.Deciding(levels)
		rows = append(rows, levels[max(deciding, 0)].Grants...)
		notes = append(notes, sending.WhichCounts(r, name, levels))
		if deciding >= 0 {
			lost = append(lost, levels[deciding+1:]...)
		}
	}
	if !found {
		return nil, errors.Join(errors.New(strings.Join(notes, "\n")), v.unreadError())
	}
	allowed := slices.DeleteFunc(slices.Clone(rows), account.Grant.Denies)
	denied := slices.DeleteFunc(rows, func(g account.Grant) bool { return !g.Denies() })
	return &answer{append(slices.Clone(allowed), denied...), func(out io.Writer) {
		for _, note := range notes {
			paragraph(out, "", note)
		}
		v.tabulateGrants(out, "Who may send as "+name, allowed)
		if len(denied) > 0 {
			v.tabulateGrants(out, "Who is denied, whatever else allows it", denied)
		}
		for _, l := range lost {
			if len(l.Grants) > 0 {
				v.tabulateGrants(out, "What does not count: the policies of "+l.Name, l.Grants)
			}
		}
	}}, v.unreadError()
}

// tabulateGrants shows grants as a table.
func (v *accountView) tabulateGrants(out io.Writer, title string, grants []account.Grant) {
	var rows [][]string
	for _, g := range grants {
		rows = append(rows, v.cells(g.Region, []string{g.Who, g.May(), sending.Place(g.Statement)}, g.Ownership, g.Under()))
	}
	tabulate(out, title, v.header([]string{"who", "what", "by"}, "if"), rows, wrap)
}
