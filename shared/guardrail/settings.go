package guardrail

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The guardrails, by the variables that set them. The Rule of a finding is one
// of these.
const (
	// AllowedIdentities: patterns of the identities that requests may touch,
	// names or ARNs; the case of a domain does not count, that of an address
	// does. Empty: all.
	AllowedIdentities = "ALLOWED_IDENTITIES"
	// AllowedPolicyNames: patterns of the policy names that requests may write or
	// delete. A put replaces an existing policy, so without this every requester
	// can overwrite every policy. Empty: all.
	AllowedPolicyNames = "ALLOWED_POLICY_NAMES"
	// AllowedPrincipals: patterns of the principals that an Allow may name. An
	// account id stands for every principal of the account, an o-… id for an
	// organization, a name for a service. A "*" passes if the list has a "*", or
	// if a condition narrows it to what is listed. Empty: all but the public.
	AllowedPrincipals = "ALLOWED_PRINCIPALS"
	// AllowedActions: patterns of the actions that an Allow may grant, in any
	// case. Empty: [DefaultAction].
	AllowedActions = "ALLOWED_ACTIONS"
	// AllowBroadDeny lets a Deny name everybody, the owner's account or its
	// principals, services, and principals of unknown accounts.
	AllowBroadDeny = "ALLOW_BROAD_DENY"
	// AllowPublicPrincipal lets an Allow name everybody, or what anybody can be,
	// without a condition that narrows who, and a service without a condition
	// that says for whom. What anybody can be, such as the users of a public
	// identity provider, also passes if AllowedPrincipals lists it literally.
	AllowPublicPrincipal = "ALLOW_PUBLIC_PRINCIPAL"
	// RequireMatchingResource refuses a resource that is not the identity of the
	// request. A pattern that covers the identity passes, "*" too.
	RequireMatchingResource = "REQUIRE_MATCHING_RESOURCE"
	// ProtectStackPolicies refuses requests from elsewhere for a policy that a
	// stack's resource owns. The ledger enforces it; here it is only read.
	ProtectStackPolicies = "PROTECT_STACK_POLICIES"
)

// DefaultAction is the only pattern of ALLOWED_ACTIONS if it is not set. It
// covers the actions that send, all of them actions on an identity except
// ses:SendCustomVerificationEmail, which no identity policy can grant
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html).
const DefaultAction = "ses:Send*"

// Config is what a deployment sets; the zero value is no default, see [Read]. In
// a pattern, * stands for any number of characters, dots and @ included, and ?
// for one; the whole text has to match. In a pattern over ARNs, neither crosses
// from one of the six fields into the next. ${topic} is the name of the topic
// through which the request came, see [Topic].
type Config struct {
	AllowedIdentities, AllowedPolicyNames, AllowedPrincipals, AllowedActions []string

	AllowBroadDeny, AllowPublicPrincipal, RequireMatchingResource, ProtectStackPolicies bool
}

// Off are the settings that refuse nothing, for a deployment whose settings are
// not known.
func Off() Config {
	return Config{AllowedActions: []string{"*"}, AllowBroadDeny: true, AllowPublicPrincipal: true}
}

// Setting is one variable.
type Setting struct {
	Variable string
	Default  string // empty for a list that allows all
	Usage    string // one line, for a flag's help
	Boolean  bool
}

// Parameter is the template's parameter for the variable: AllowedIdentities for
// ALLOWED_IDENTITIES.
func (s Setting) Parameter() string {
	var b strings.Builder
	for word := range strings.SplitSeq(s.Variable, "_") {
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}

// Settings are the variables that [Read] reads.
func Settings() []Setting {
	return []Setting{
		{AllowedIdentities, "", "patterns of the identities that requests may touch", false},
		{AllowedPolicyNames, "", "patterns of the policy names that requests may write or delete", false},
		{AllowedPrincipals, "", "patterns of the principals that policies may let in", false},
		{AllowedActions, DefaultAction, "patterns of the actions that policies may allow", false},
		{AllowBroadDeny, "false", "let policies deny everybody or the owner's own account", true},
		{AllowPublicPrincipal, "false", "let policies let everybody in", true},
		{RequireMatchingResource, "true", "refuse resources that are not the identity", true},
		{ProtectStackPolicies, "true", "refuse requests from elsewhere for policies that a stack owns", true},
	}
}

// Read reads the settings from variables, which lookup returns by name, empty
// if they are not set: os.Getenv, or a look into a map. Lists are separated by
// commas, booleans are true or false. The error lists everything that is wrong.
func Read(lookup func(variable string) string) (Config, error) {
	var c Config
	var wrong []error
	for _, s := range Settings() {
		value := cmp.Or(lookup(s.Variable), s.Default)
		if !s.Boolean {
			*c.list(s.Variable) = separate(value)
			continue
		}
		if value != "true" && value != "false" {
			wrong = append(wrong, fmt.Errorf("%s is %q, want true or false", s.Variable, value))
		}
		*c.boolean(s.Variable) = value == "true"
	}
	return c, errors.Join(append(wrong, c.validate())...)
}

// Variables are the settings as [Read] reads them.
func (c Config) Variables() map[string]string {
	variables := map[string]string{}
	for _, s := range Settings() {
		if s.Boolean {
			variables[s.Variable] = strconv.FormatBool(*c.boolean(s.Variable))
		} else {
			variables[s.Variable] = strings.Join(*c.list(s.Variable), ",")
		}
	}
	variables[AllowedActions] = strings.Join(c.allowedActions(), ",")
	return variables
}

// Unknown returns, sorted, the names in variables that [Read] does not read.
func Unknown(variables map[string]string) []string {
	unknown := maps.Clone(variables)
	for _, s := range Settings() {
		delete(unknown, s.Variable)
	}
	return slices.Sorted(maps.Keys(unknown))
}

func (c *Config) list(variable string) *[]string {
	return map[string]*[]string{
		AllowedIdentities: &c.AllowedIdentities, AllowedPolicyNames: &c.AllowedPolicyNames,
		AllowedPrincipals: &c.AllowedPrincipals, AllowedActions: &c.AllowedActions,
	}[variable]
}

func (c *Config) boolean(variable string) *bool {
	return map[string]*bool{
		AllowBroadDeny: &c.AllowBroadDeny, AllowPublicPrincipal: &c.AllowPublicPrincipal,
		RequireMatchingResource: &c.RequireMatchingResource, ProtectStackPolicies: &c.ProtectStackPolicies,
	}[variable]
}

func (c *Config) allowedActions() []string {
	if len(c.AllowedActions) == 0 {
		return []string{DefaultAction}
	}
	return c.AllowedActions
}

// separate splits a list at its commas. Empty patterns stay, to be refused.
func separate(list string) []string {
	if list == "" {
		return nil
	}
	patterns := strings.Split(list, ",")
	for i := range patterns {
		patterns[i] = strings.TrimSpace(patterns[i])
	}
	return patterns
}
