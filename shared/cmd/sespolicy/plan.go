package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/account/meaning"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/printout"
)

// planFlags are those of plan.
type planFlags struct {
	accountFlags
	format, prune string
	guardrails    guardrailFlags
}

func newPlanCommand() *cobra.Command {
	flags := planFlags{guardrails: guardrailFlags{}}
	command := &cobra.Command{
		Use:   "plan FILE...",
		Short: "Show what sending requests would change",
		Long: "Plan compares requests in files or folders, as send takes them and export writes them, with the policies of the\n" +
			"account: by meaning, statement by statement. It says what a guardrail would refuse. An identity by its name is in the\n" +
			"deployment's Region, an ARN in its own. Of several requests for one policy the last counts.\n\n" +
			"A policy is deleted only if a request says so (\"Action\": \"DeleteIdentityPolicy\"), or with --prune if its name matches\n" +
			"and no request names it. send --changed sends the changes alone.\n\n" +
			"It needs ses:ListEmailIdentities and ses:GetEmailIdentity. The exit status is 0 when nothing would change, 2 when\n" +
			"something would, and 1 when something could not be read or would be refused.",
		Example: "  sespolicy plan policies\n" +
			"  sespolicy plan request.json --stack sespolicy\n" +
			"  sespolicy plan policies --prune 'team-a-*' --format json",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error { return flags.plan(command, names) },
	}
	flags.register(command)
	flags.registerIdentities(command)
	formatFlag(command, &flags.format, "text", "json")
	command.Flags().StringVar(&flags.prune, "prune", "", "delete policies whose name matches the pattern and that no request names; of all identities, or of --identity")
	flags.guardrails.register(command)
	completeFiles(command, "json", "ndjson", "jsonl", "yaml", "yml")
	return command
}

// plan shows the changes.
func (p *planFlags) plan(command *cobra.Command, names []string) error {
	if err := checkFormat(p.format, "text", "json"); err != nil {
		return err
	}
	files, err := readFiles(names, command.InOrStdin())
	if err != nil {
		return err
	}
	f, err := p.findOptional(command.Context())
	if err != nil {
		return err
	}
	if len(p.regions) == 0 && f.QueueURL == "" && f.TopicARN == "" && f.Region == "" {
		requests, _ := requestsOf(files, f.owner()) // errors are shown below
		p.regions = regionsOf(f.config.Region, requests)
	}
	v, err := p.openFound(command.Context(), f)
	if err != nil {
		return err
	}
	requests, err := requestsOf(files, v.regions[0].owner)
	if err != nil {
		return err
	}
	planner := &planner{view: v, prune: p.prune}
	if planner.fence, _, err = p.guardrails.read(command, v.Guardrails); err != nil {
		return err
	}
	planner.protects = p.guardrails.protects(command, v.Guardrails)
	changes, err := planner.all(command.Context(), command.ErrOrStderr(), requests, p.patterns)
	if p.format == "json" {
		err = errors.Join(err, writeJSON(command, struct {
			Changes []change `json:"changes"`
		}{changes}))
	} else {
		writeChanges(command.OutOrStdout(), changes, len(requests), err == nil)
	}
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(changes, func(c change) bool { return len(c.Refused) > 0 }):
		return errShown
	case len(changes) > 0:
		return &exitError{status: 2}
	default:
		return nil
	}
}

// all reads what the requests are about, or with a pruning everything that the
// patterns select, and returns the changes. The error is what could not be read.
func (p *planner) all(ctx context.Context, stderr io.Writer, requests []outgoing, patterns []string) ([]change, error) {
	opened, failed := p.open(requests)
	var names []string
	for _, one := range opened {
		names = append(names, one.message.Request.Identity.Name)
	}
	if p.prune != "" {
		if len(patterns) == 0 {
			patterns = []string{"*"}
		}
		names = append(names, patterns...)
	}
	if len(names) > 0 {
		if err := p.view.read(ctx, stderr, names); err != nil {
			return []change{}, errors.Join(failed, err)
		}
	}
	changes := p.changes(opened)
	if unread := p.view.unreadErrors(); unread != nil {
		failed = errors.Join(failed, unread)
	}
	return changes, failed
}

// regionsOf are the Regions of requests to an account without a deployment: its
// own, where a name means an identity, and those of ARNs.
func regionsOf(own string, requests []outgoing) []string {
	regions := []string{own}
	for _, request := range requests {
		if region := identityOf(request).Region; region != "" && !slices.Contains(regions, region) {
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
func writeChanges(out io.Writer, changes []change, requests int, read bool) {
	puts, deletions, refused := 0, 0, 0
	for _, c := range changes {
		c.write(out)
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
		_, _ = fmt.Fprintf(out, "nothing to change: %s, all of them as they are in the account\n", count(requests, "request"))
	}
}

// write shows one change.
func (c change) write(out io.Writer) {
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
	_, _ = fmt.Fprintf(out, "%s %s of %s in %s (%s)\n", verb, printout.Escape(c.PolicyName), printout.Escape(c.Identity), c.Region, printout.Escape(c.request.file))
	for line := range strings.Lines(meaning.DiffStatements(before, after, c.partition)) {
		_, _ = fmt.Fprintf(out, "  %s\n", printout.EscapeLines(strings.TrimRight(line, "\n")))
	}
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
