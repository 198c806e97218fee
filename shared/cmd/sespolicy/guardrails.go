package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/guardrail"
)

// guardrailVariables are the variables of all guardrails.
var guardrailVariables = []string{
	guardrail.AllowedIdentities, guardrail.AllowedPolicyNames, guardrail.AllowedPrincipals,
	guardrail.AllowPublicPrincipal, guardrail.RequireMatchingResource,
}

// guardrailUsage is what each of them does.
var guardrailUsage = map[string]string{
	guardrail.AllowedIdentities:       "patterns of the identities that requests may touch",
	guardrail.AllowedPolicyNames:      "patterns of the policy names that requests may touch",
	guardrail.AllowedPrincipals:       "patterns of the principals that policies may let in",
	guardrail.AllowPublicPrincipal:    "let policies let everybody in",
	guardrail.RequireMatchingResource: "refuse resources that are not the identity",
}

// guardrailFlags are the guardrails as flags, by variable.
type guardrailFlags map[string]*string

// register adds a flag for each guardrail: --allowed-identities for
// ALLOWED_IDENTITIES.
func (g guardrailFlags) register(command *cobra.Command) {
	f := command.Flags()
	for _, variable := range guardrailVariables {
		name := flagOf(variable)
		g[variable] = f.String(name, "", guardrailUsage[variable]+" ("+variable+")")
		if variable == guardrail.AllowPublicPrincipal || variable == guardrail.RequireMatchingResource {
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
	var wrong []error
	boolean := func(variable, preset string) bool {
		value := cmp.Or(lookup(variable), preset)
		if value != "true" && value != "false" {
			wrong = append(wrong, fmt.Errorf("%s is %q, true or false was expected", variable, value))
		}
		return value == "true"
	}
	fence, err := guardrail.New(guardrail.Config{
		AllowedIdentities:       patterns(lookup(guardrail.AllowedIdentities)),
		AllowedPolicyNames:      patterns(lookup(guardrail.AllowedPolicyNames)),
		AllowedPrincipals:       patterns(lookup(guardrail.AllowedPrincipals)),
		AllowPublicPrincipal:    boolean(guardrail.AllowPublicPrincipal, "false"),
		RequireMatchingResource: boolean(guardrail.RequireMatchingResource, "true"),
	})
	return fence, errors.Join(append(wrong, err)...)
}

// allowAll are guardrails that refuse nothing, for a deployment whose guardrails
// are not known.
func allowAll() (*guardrail.Guardrail, error) {
	return guardrail.New(guardrail.Config{AllowPublicPrincipal: true})
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
