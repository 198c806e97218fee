// Package guardrail refuses what a deployment does not want, whatever SES
// thinks of it: identities, policy names, principals and resources.
//
// SES has no resource-level permission for its identity policies
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html),
// so this is the only fence between "may write to the queue" and "may let
// anybody send as any of our identities". In doubt it refuses.
//
// It relies on the policy check for the rest: a policy with two Principal
// members, say, is refused there, and only the first is looked at here. It does
// not look into conditions except for the question whether they narrow who
// "*" is.
package guardrail

import (
	"errors"
	"fmt"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// The guardrails, by the environment variables that govern them. The Rule of a
// finding is one of these.
const (
	// AllowedIdentities: patterns of the identities that requests may touch,
	// names or ARNs, the case of domains not counting. Empty: all.
	AllowedIdentities = "ALLOWED_IDENTITIES"
	// AllowedPolicyNames: patterns of the policy names that requests may write
	// or delete. A put replaces what is there, so without this any requester can
	// overwrite anybody's policy. Empty: all.
	AllowedPolicyNames = "ALLOWED_POLICY_NAMES"
	// AllowedPrincipals: patterns of the principals that an Allow may name. An
	// account id stands for every principal of that account. A "*" is in the
	// list when the list has a "*", or when a condition narrows it to what is in
	// the list. Empty: all but the public.
	AllowedPrincipals = "ALLOWED_PRINCIPALS"
	// AllowPublicPrincipal lets an Allow name everybody, or what anybody can be,
	// without a condition that narrows who. What anybody can be, the users of a
	// public identity provider say, passes too when AllowedPrincipals has it
	// literally.
	AllowPublicPrincipal = "ALLOW_PUBLIC_PRINCIPAL"
	// RequireMatchingResource refuses a resource that is not the identity of the
	// request. A pattern that covers the identity passes, "*" too.
	RequireMatchingResource = "REQUIRE_MATCHING_RESOURCE"
)

// Config is what a deployment sets. In a pattern, * stands for any number of
// characters, dots and the @ among them, and ? for one; the whole has to match.
// In a pattern over ARNs, none stands for more than one of the six fields.
type Config struct {
	AllowedIdentities, AllowedPolicyNames, AllowedPrincipals []string
	AllowPublicPrincipal, RequireMatchingResource            bool
}

// Guardrail checks requests. It is safe for concurrent use.
type Guardrail struct{ config Config }

// New takes a configuration, or says everything that is wrong with it: a
// pattern that could never match anything is a mistake of whoever wrote it.
func New(c Config) (*Guardrail, error) {
	var wrong []error
	for _, list := range []struct {
		variable, expected string
		patterns           []string
		ok                 func(byte) bool
	}{
		{AllowedIdentities, "email addresses, domains or identity ARNs in ASCII", c.AllowedIdentities, func(b byte) bool { return b > ' ' && b <= '~' }},
		{AllowedPolicyNames, "letters, digits, hyphens and underscores", c.AllowedPolicyNames, func(b byte) bool { return b == '*' || b == '?' || policy.ValidName(string(b)) }},
		{AllowedPrincipals, "account ids, ARNs or services in ASCII", c.AllowedPrincipals, func(b byte) bool { return b >= ' ' && b <= '~' }},
	} {
		for _, p := range list.patterns {
			switch {
			case p == "" || !all(p, list.ok):
				wrong = append(wrong, fmt.Errorf("%s has the pattern %s, which matches nothing: %s were expected, * and ? as wildcards",
					list.variable, finding.Quote(p), list.expected))
			case identity.IsARN(p) && strings.Count(p, ":") < 5:
				wrong = append(wrong, fmt.Errorf("%s has the pattern %s, which matches nothing: an ARN has six fields, write * for each that may be anything, as in arn:*:*:*:*:*",
					list.variable, finding.Quote(p)))
			}
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return &Guardrail{config: c}, nil
}

func all(text string, ok func(byte) bool) bool {
	for i := range len(text) {
		if !ok(text[i]) {
			return false
		}
	}
	return true
}

// Check says what the deployment refuses of a request: the identity, the policy
// name, and the policy as far as [policy.Check] could read it, nil for a
// delete. Every finding is a violation.
func (g *Guardrail) Check(id identity.Identity, policyName string, p *policy.Policy) []finding.Finding {
	return g.CheckAt(document.Node{}, document.Node{}, id, policyName, p)
}

// CheckAt is [Guardrail.Check] for a request whose identity and policy name
// stand at places in a document: the findings point there.
func (g *Guardrail) CheckAt(identityAt, nameAt document.Node, id identity.Identity, policyName string, p *policy.Policy) []finding.Finding {
	var found []finding.Finding
	if !g.allowsIdentity(id) {
		found = append(found, findingAt(identityAt, "/Identity", AllowedIdentities,
			"the identity "+finding.Quote(id.String())+" is not among those that this deployment serves: ask its owner to add it to "+AllowedIdentities))
	}
	if len(g.config.AllowedPolicyNames) > 0 && !matchAny(g.config.AllowedPolicyNames, policyName) {
		found = append(found, findingAt(nameAt, "/PolicyName", AllowedPolicyNames,
			"the policy name "+finding.Quote(policyName)+" is not among those that requests may write: take another, or ask for it to be added to "+AllowedPolicyNames))
	}
	return append(found, g.CheckPolicy(id, p)...)
}

// CheckPolicy says what the deployment refuses of a policy by itself.
func (g *Guardrail) CheckPolicy(id identity.Identity, p *policy.Policy) []finding.Finding {
	if p == nil {
		return nil
	}
	var found finding.List
	for i := range p.Statements {
		if found.Full(finding.Violation) {
			break
		}
		s := &p.Statements[i]
		if !s.Is(policy.Deny) { // what cannot be read as a Deny might allow
			g.checkPrincipal(s, id.Partition, &found)
		}
		if g.config.RequireMatchingResource {
			checkResource(s, id, &found)
		}
	}
	return found.Findings()
}

func findingAt(at document.Node, path, rule, message string) finding.Finding {
	if at.Exists() {
		return at.Finding(rule, message)
	}
	return finding.Finding{Path: path, Rule: rule, Message: message}
}

func (g *Guardrail) allowsIdentity(id identity.Identity) bool {
	for _, p := range g.config.AllowedIdentities {
		if id.Matches(p) {
			return true
		}
	}
	return len(g.config.AllowedIdentities) == 0
}

func matchAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if identity.Match(p, text) {
			return true
		}
	}
	return false
}

// checkResource refuses the resources that are not the identity. NotResource
// stands for whatever it does not name.
func checkResource(s *policy.Statement, id identity.Identity, found *finding.List) {
	if id.Name == "" {
		return
	}
	for n := range policy.Values(s.Resource) {
		if n.IsString() && id.Relation(n.Text()) == identity.Other {
			found.Add(n.Fault(RequireMatchingResource, "the resource "+finding.Quote(n.Text())+" is not the identity "+
				finding.Quote(id.String())+": name the identity's own ARN, one policy is for one identity"))
		}
	}
	if s.NotResource.Exists() && !s.Is(policy.Deny) {
		found.Add(s.NotResource.NameFault(RequireMatchingResource,
			"NotResource stands for every identity it does not name: name the identity's own ARN in Resource"))
	}
}
