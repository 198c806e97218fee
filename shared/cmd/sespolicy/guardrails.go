package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/guardrail"
)

// guardrailFlags are the guardrails as flags, by variable.
type guardrailFlags map[string]*string

// register adds a flag for each guardrail: --allowed-identities for
// ALLOWED_IDENTITIES.
func (g guardrailFlags) register(command *cobra.Command) {
	f := command.Flags()
	for _, setting := range guardrail.Settings() {
		name := flagOf(setting.Variable)
		g[setting.Variable] = f.String(name, "", setting.Usage+" ("+setting.Variable+")")
		if setting.Boolean {
			f.Lookup(name).NoOptDefVal = "true"
			complete(command, name, "true", "false")
		}
	}
}

func flagOf(variable string) string { return strings.ToLower(strings.ReplaceAll(variable, "_", "-")) }

// read makes the guardrails of what is set: a flag, else the deployment's
// guardrails where they are known, else the function's environment variables.
// known says whether anything is set at all.
func (g guardrailFlags) read(command *cobra.Command, deployed map[string]string) (fence *guardrail.Guardrail, known bool, err error) {
	known = deployed != nil
	fence, err = newGuardrail(func(variable string) string {
		if command.Flags().Changed(flagOf(variable)) {
			known = true
			return *g[variable]
		}
		if deployed != nil {
			return deployed[variable]
		}
		value := os.Getenv(variable)
		known = known || value != ""
		return value
	})
	return fence, known, err
}

// newGuardrail makes guardrails of their variables, which are read as the
// function reads them.
func newGuardrail(lookup func(variable string) string) (*guardrail.Guardrail, error) {
	config, err := guardrail.Read(lookup)
	if err != nil {
		return nil, err
	}
	return guardrail.New(config)
}
