package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/audit"
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
		RunE:  func(command *cobra.Command, _ []string) error { return flags.audit(command) },
	}
	flags.register(command)
	flags.registerIdentities(command)
	formatFlag(command, &flags.format, printout.Formats...)
	command.Flags().BoolVar(&flags.strict, "strict", false, "let warnings count as findings")
	flags.guardrails.register(command)
	return command
}

// auditJSON is an audit, for programs.
type auditJSON struct {
	Findings []printout.Finding `json:"findings"`
	Errors   []unreadJSON       `json:"errors"`
}

// audit reads, judges and writes.
func (a *auditFlags) audit(command *cobra.Command) error {
	v, err := a.openAccount(command.Context())
	if err != nil {
		return err
	}
	guardrails, _, err := a.guardrails.read(command, v.Guardrails)
	if err != nil {
		return err
	}
	if err := v.read(command.Context(), command.ErrOrStderr(), a.patterns); err != nil {
		return err
	}
	var files []printout.File
	for _, r := range v.regions {
		region := audit.Region{Region: r, Patterns: a.patterns, Now: time.Now()}
		files = append(files, region.Files(guardrails)...)
	}
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

// writeAudit writes what was found. Programs get errors beside findings; people
// read them on standard error.
func (v *accountView) writeAudit(command *cobra.Command, format string, files []printout.File) error {
	if format == "json" {
		all := auditJSON{Findings: []printout.Finding{}, Errors: v.unread()}
		for _, file := range files {
			all.Findings = append(all.Findings, file.List()...)
		}
		return printout.WriteJSON(command.OutOrStdout(), all)
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
