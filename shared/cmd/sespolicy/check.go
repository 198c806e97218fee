package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/printout"
)

// errUnreadable is that a check could not be made: exit status 2, so that a
// script can tell it from findings.
var errUnreadable = errors.New("could not be checked")

// checkFlags are the flags of check. Those of the guardrails start out as the
// function's environment variables have it, and have their names.
type checkFlags struct {
	format        string
	strict        bool
	identity      string
	queueARN      string
	identities    string
	names         string
	principals    string
	public, match string
}

func newCheckCommand() *cobra.Command {
	var flags checkFlags
	command := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check policies and requests in files, without AWS",
		Long: "Check says of each file, a policy or a whole request, what the function would refuse and what it would warn of.\n" +
			"A file with Identity, PolicyName or Policy, or in an envelope, is a request; any other is a policy. - is standard input.\n\n" +
			"The exit status is 0 when nothing was found, 1 when something was (warnings count with --strict), and 2 when a file\n" +
			"could not be read.",
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return fmt.Errorf("nothing is named that could be checked, a file or - for standard input was expected: %w", errUnreadable)
			}
			return nil
		},
		RunE: func(command *cobra.Command, names []string) error {
			return flags.check(names, command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUnreadable, err) })
	f := command.Flags()
	f.StringVar(&flags.format, "format", "text", "how to write what was found: "+strings.Join(printout.Formats, ", "))
	f.BoolVar(&flags.strict, "strict", false, "let warnings count as findings")
	f.StringVar(&flags.identity, "identity", "", "the identity that policies in files are for, a name or an ARN")
	f.StringVar(&flags.queueARN, "queue-arn", "", "the ARN of the request queue, for the account and the Region that identities are in")
	for _, g := range []struct {
		value          *string
		flag, variable string
		preset, usage  string
	}{
		{&flags.identities, "allowed-identities", guardrail.AllowedIdentities, "", "patterns of the identities that requests may touch"},
		{&flags.names, "allowed-policy-names", guardrail.AllowedPolicyNames, "", "patterns of the policy names that requests may touch"},
		{&flags.principals, "allowed-principals", guardrail.AllowedPrincipals, "", "patterns of the principals that policies may let in"},
		{&flags.public, "allow-public-principal", guardrail.AllowPublicPrincipal, "false", "let policies let everybody in"},
		{&flags.match, "require-matching-resource", guardrail.RequireMatchingResource, "true", "refuse resources that are not the identity"},
	} {
		preset := g.preset
		if value := os.Getenv(g.variable); value != "" {
			preset = value
		}
		f.StringVar(g.value, g.flag, preset, g.usage+" ("+g.variable+")")
	}
	f.Lookup("allow-public-principal").NoOptDefVal = "true"
	return command
}

// examiner makes an examiner of the flags.
func (c *checkFlags) examiner() (*examiner, error) {
	var wrong []error
	boolean := func(variable, value string) bool {
		b, err := strconv.ParseBool(value)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s is %q, true or false was expected", variable, value))
		}
		return b
	}
	fence, err := guardrail.New(guardrail.Config{
		AllowedIdentities:       patterns(c.identities),
		AllowedPolicyNames:      patterns(c.names),
		AllowedPrincipals:       patterns(c.principals),
		AllowPublicPrincipal:    boolean(guardrail.AllowPublicPrincipal, c.public),
		RequireMatchingResource: boolean(guardrail.RequireMatchingResource, c.match),
	})
	wrong = append(wrong, err)
	e := &examiner{fence: fence, queueARN: c.queueARN}
	if c.queueARN != "" {
		e.owner, err = identity.ParseOwner(c.queueARN)
		wrong = append(wrong, err)
	}
	if c.identity != "" {
		id, err := identity.Parse(c.identity)
		wrong = append(wrong, err)
		e.identity = e.owner.Of(id)
	}
	if !slices.Contains(printout.Formats, c.format) {
		wrong = append(wrong, fmt.Errorf("there is no format %q, one of %s was expected", c.format, strings.Join(printout.Formats, ", ")))
	}
	return e, errors.Join(wrong...)
}

// patterns splits a list at its commas. Empty ones stay, to be refused.
func patterns(list string) []string {
	if list == "" {
		return nil
	}
	all := strings.Split(list, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// check checks the files and writes what was found.
func (c *checkFlags) check(names []string, stdin io.Reader, stdout, stderr io.Writer) error {
	e, err := c.examiner()
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	files, failed := e.all(names, stdin)
	if err := printout.Write(stdout, c.format, files); err != nil {
		return fmt.Errorf("%w: writing what was found: %w", errUnreadable, err)
	}
	violations, warnings := printout.Count(files)
	if c.format == "text" {
		_, _ = fmt.Fprintf(stderr, "%s checked: %s, %s\n", count(len(files), "file"), count(violations, "violation"), count(warnings, "warning"))
	}
	switch {
	case failed != nil:
		return fmt.Errorf("%w: %w", errUnreadable, failed)
	case violations > 0 || c.strict && warnings > 0:
		return errShown
	default:
		return nil
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// all examines the files, as many at once as there are processors, and returns
// them in the order they were named. Those that could not be read are errors.
func (e *examiner) all(names []string, stdin io.Reader) ([]printout.File, error) {
	files := make([]printout.File, len(names))
	failed := make([]error, len(names))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				text, err := read(names[i], stdin)
				if err != nil {
					failed[i] = err
					continue
				}
				files[i] = e.examine(shown(names[i]), text)
			}
		})
	}
	workers.Wait()
	files = slices.DeleteFunc(files, func(f printout.File) bool { return f.Name == "" })
	return files, errors.Join(failed...)
}

// standardInput is the argument that stands for it.
const standardInput = "-"

func read(name string, stdin io.Reader) ([]byte, error) {
	if name == standardInput {
		text, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	return os.ReadFile(name)
}

func shown(name string) string {
	if name == standardInput {
		return "stdin"
	}
	return name
}
