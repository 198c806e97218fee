package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/plan"
	"sespolicy/shared/printout"
)

// planFlags are those of plan.
type planFlags struct {
	accountFlags
	prune      string
	guardrails guardrailFlags
}

func newPlanCommand() *cobra.Command {
	flags := planFlags{guardrails: guardrailFlags{}}
	command := &cobra.Command{Use: "plan FILE|FOLDER...", Short: "Show what sending requests would change"}
	flags.register(command)
	flags.registerIdentities(command)
	command.Flags().StringVar(&flags.prune, "prune", "", "delete policies whose name matches the pattern and that no request names; of all identities, or of --identity")
	flags.guardrails.register(command)
	return answering(command, flags.plan, "text", "json")
}

// plan finds the changes. What cannot be read, or is no request, does not hide
// what the other requests change.
func (p *planFlags) plan(command *cobra.Command, names []string) (*answer, error) {
	files, unreadable := readFiles(names, command.InOrStdin())
	f, err := p.findOptional(command.Context())
	if err != nil {
		return nil, err
	}
	if len(p.regions) == 0 && f.QueueURL == "" && f.TopicARN == "" && f.Region == "" {
		requests, _ := requestsOf(files, f.owner()) // errors are shown below
		p.regions = regionsOf(f.config.Region, requests)
	}
	v, err := p.openFound(command.Context(), f)
	if err != nil {
		return nil, err
	}
	requests, wrong := requestsOf(files, v.regions[0].Owner)
	planner := plan.Planner{Regions: v.regions, Prune: p.prune, Protects: p.guardrails.protects(command, v.Guardrails)}
	if planner.Guardrail, _, err = p.guardrails.read(command, v.Guardrails); err != nil {
		return nil, err
	}
	changes, err := v.plan(command.Context(), command.ErrOrStderr(), planner, requests, p.patterns)
	err = errors.Join(unreadable, wrong, err)
	found := &answer{struct {
		Changes []plan.Change `json:"changes"`
	}{changes}, func(out io.Writer) { writeChanges(out, changes, len(requests), err == nil) }}
	switch {
	case err != nil:
		return found, err
	case slices.ContainsFunc(changes, func(c plan.Change) bool { return len(c.Refused) > 0 }):
		return found, errShown
	case len(changes) > 0:
		return found, exitError(2)
	}
	return found, nil
}

// plan reads what the requests are about, or with a pruning everything that the
// patterns select, and returns the changes. The error is what could not be read.
func (v *accountView) plan(ctx context.Context, stderr io.Writer, p plan.Planner, requests []examine.Request, patterns []string) ([]plan.Change, error) {
	opened, failed := p.Open(requests)
	var names []string
	for _, one := range opened {
		names = append(names, one.Name())
	}
	if p.Prune != "" {
		if len(patterns) == 0 {
			patterns = []string{"*"}
		}
		names = append(names, patterns...)
	}
	if len(names) > 0 {
		if err := v.read(ctx, stderr, names); err != nil {
			return []plan.Change{}, errors.Join(failed, err)
		}
	}
	return p.Changes(opened), errors.Join(failed, v.unreadError())
}

// regionsOf are the Regions of requests to an account without a deployment: its
// own, where a name means an identity, and those of ARNs.
func regionsOf(own string, requests []examine.Request) []string {
	regions := []string{own}
	for _, request := range requests {
		if region := plan.IdentityOf(request).Region; region != "" && !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

// protects reports whether PROTECT_STACK_POLICIES is on.
func (g guardrailFlags) protects(command *cobra.Command, deployed map[string]string) bool {
	config, err := guardrail.Read(func(variable string) string {
		if command.Flags().Changed(flagOf(variable)) {
			return *g[variable]
		}
		return deployed[variable]
	})
	return err == nil && config.ProtectStackPolicies
}

// writeChanges shows the changes to people, each with its difference. read says
// that everything could be read.
func writeChanges(out io.Writer, changes []plan.Change, requests int, read bool) {
	puts, deletions, refused := 0, 0, 0
	for _, c := range changes {
		writeChange(out, c)
		switch {
		case len(c.Refused) > 0:
			refused++
		case c.Action == "put":
			puts++
		default:
			deletions++
		}
	}
	switch {
	case len(changes) > 0:
		_, _ = fmt.Fprintf(out, "%d to put, %d to delete, %d would be refused\n", puts, deletions, refused)
	case read:
		_, _ = fmt.Fprintf(out, "nothing to change: %s, already so in the account\n", count(requests, "request"))
	}
}

// writeChange shows one change.
func writeChange(out io.Writer, c plan.Change) {
	before, after, verb := "", "", "change"
	if c.Before != nil {
		before = *c.Before
	}
	if c.After != nil {
		after = *c.After
	}
	switch {
	case c.Before == nil:
		verb = "add"
	case c.After == nil:
		verb = "delete"
	}
	_, _ = fmt.Fprintf(out, "%s %s of %s in %s (%s)\n", verb, printout.Escape(c.PolicyName), printout.Escape(c.Identity), c.Region, printout.Escape(c.Request.File))
	writeDiff(out, before, after, c.Partition)
	if c.Note != "" {
		_, _ = fmt.Fprintf(out, "  note: %s\n", printout.Escape(c.Note))
	}
	for _, f := range c.Refused {
		_, _ = fmt.Fprintf(out, "  refused: %s [%s]\n", printout.Escape(f.Message), f.Rule)
		if f.Path != "" {
			_, _ = fmt.Fprintf(out, "      at %s\n", printout.Escape(f.Path))
		}
		if f.Hint != "" {
			_, _ = fmt.Fprintf(out, "      hint: %s\n", printout.Escape(f.Hint))
		}
	}
	_, _ = fmt.Fprintln(out)
}
