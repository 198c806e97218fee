// Package account reads the sending authorization policies that are on an
// account's SES identities. Package meaning, below it, compares them.
//
// It uses SES v2 (ListEmailIdentities, GetEmailIdentity), which returns the
// policies of an identity in one call and is not documented as limited to one
// call per second, as the v1 calls are. What could not be read is a Failure and
// never an identity without policies.
//
// It does not judge policies (packages check and access) and changes nothing.
//
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html
package account

import (
	"cmp"
	"slices"
	"strings"
)

// MaxPolicies is the maximum number of policies on an identity.
// https://docs.aws.amazon.com/ses/latest/dg/quotas.html
const MaxPolicies = 20

// Identity is one SES identity and its policies.
type Identity struct {
	Name     string // address or domain, as SES returns it
	Policies []Policy
}

// Policy is one policy as SES returns it.
type Policy struct{ Name, Text string }

// Failure is something that could not be read: an identity, or with an empty
// Identity the list of identities itself.
type Failure struct {
	Identity string
	Err      error
}

// Contents are the identities of one account in one Region, sorted by name.
type Contents struct {
	Identities []Identity
	Failures   []Failure
}

// Find returns the identity with the name. The case of a domain does not count.
func (c Contents) Find(name string) (Identity, bool) {
	for _, id := range c.Identities {
		if canonical(id.Name) == canonical(name) {
			return id, true
		}
	}
	return Identity{}, false
}

// Policy returns the policy with the name.
func (id Identity) Policy(name string) (Policy, bool) {
	for _, p := range id.Policies {
		if p.Name == name {
			return p, true
		}
	}
	return Policy{}, false
}

func (c *Contents) sort() {
	slices.SortFunc(c.Identities, func(a, b Identity) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Failures, func(a, b Failure) int { return cmp.Compare(a.Identity, b.Identity) })
}
