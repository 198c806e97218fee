package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/audit"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/printout"
)

// auditFlags are those of audit.
type auditFlags struct {
	accountFlags
	format     string
	strict     bool
	guardrails guardrailFlags
}

func newAuditCommand() *cobra.Command {
	flags := auditFlags{guardrails: guardrailFlags{}}
	command := &cobra.Command{
		Use:   "audit",
		Short: "Check every policy of the account",
		Long: "Audit reads all identities of the account, a Region or several, and says what is wrong with each policy: what SES\n" +
			"would not accept or may not mean, what the guardrails refuse, identities close to the limit of 20 policies, and\n" +
			"addresses whose policies count instead of their domain's. With --stack, --table or --local it compares with the ledger:\n" +
			"Unmanaged, Changed and Missing.\n\n" +
			"The guardrails are those of the deployment (--stack, --deployment), else of the function's environment variables, else\n" +
			"their defaults; flags win. No deployment is needed: it needs ses:ListEmailIdentities and ses:GetEmailIdentity.\n\n" +
			"The exit status is 0 when nothing was found, 1 when something was (warnings count with --strict), and 2 when something\n" +
			"could not be read.",
		Example: "  sespolicy audit\n" +
			"  sespolicy audit --stack sespolicy --strict\n" +
			"  sespolicy audit --allowed-principals 111122223333 --format sarif > out.sarif",
		Args: cobra.NoArgs,
		RunE: orCouldNot(func(command *cobra.Command, _ []string) error { return flags.audit(command) }),
	}
	flags.register(command)
	flags.registerIdentities(command)
	formatFlag(command, &flags.format, printout.Formats...)
	command.Flags().BoolVar(&flags.strict, "strict", false, "let warnings count as findings")
	flags.guardrails.register(command)
	couldNotUse(command)
	return command
}

// auditJSON is an audit, for programs.
type auditJSON struct {
	Findings []printout.Finding `json:"findings"`
	Errors   []unreadJSON       `json:"errors"`
}

// audit reads, judges and writes.
func (a *auditFlags) audit(command *cobra.Command) error {
	if err := checkFormat(a.format, printout.Formats...); err != nil {
		return err
	}
	v, err := a.openAccount(command.Context())
	if err != nil {
		return err
	}
	fence, _, err := a.guardrails.read(command, v.Guardrails)
	if err != nil {
		return err
	}
	if err := v.read(command.Context(), command.ErrOrStderr(), a.patterns); err != nil {
		return err
	}
	files := v.judge(fence, a.patterns)
	if err := v.writeAudit(command, a.format, files); err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	if err := v.unreadError(); err != nil {
		return err
	}
	violations, warnings := printout.Count(files)
	if violations > 0 || a.strict && warnings > 0 {
		return errShown
	}
	return nil
}

// judge judges all Regions.
func (v *accountView) judge(fence *guardrail.Guardrail, patterns []string) []printout.File {
	var files []printout.File
	for _, r := range v.regions {
		region := audit.Region{Owner: r.owner, Contents: r.contents, Records: r.records, Patterns: patterns, Now: time.Now()}
		files = append(files, region.Files(fence)...)
	}
	return files
}

// writeAudit writes what was found. Programs get errors beside findings; people
// read them on standard error.
func (v *accountView) writeAudit(command *cobra.Command, format string, files []printout.File) error {
	if format == "json" {
		all := auditJSON{Findings: []printout.Finding{}, Errors: v.unread()}
		for _, file := range files {
			all.Findings = append(all.Findings, file.List()...)
		}
		return writeJSON(command, all)
	}
	if err := printout.Write(command.OutOrStdout(), format, files); err != nil {
		return err
	}
	if format != "text" {
		return nil
	}
	violations, warnings := printout.Count(files)
	summary := fmt.Sprintf("%s: %s, %s", v.counts(), count(violations, "error"), count(warnings, "warning"))
	switch {
	case len(v.unread()) > 0:
		summary += "; not everything could be read"
	case violations+warnings == 0:
		summary = v.counts() + ": clean"
	}
	if !v.hasLedger() {
		summary += "\nnot compared with a ledger: give --stack NAME, --table NAME or --local"
	}
	_, err := fmt.Fprintln(command.OutOrStdout(), summary)
	return err
}
