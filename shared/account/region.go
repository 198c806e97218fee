package account

import (
	"slices"

	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
)

// Region is what is known of one Region of an account.
type Region struct {
	Owner    identity.Owner
	Contents Contents
	// Records are the ledger's; nil if no ledger is known.
	Records map[ledger.Name]ledger.Policy
}

// Identity is an identity, by its name, where its owner has it.
func (r *Region) Identity(name string) identity.Identity {
	id, err := identity.Parse(name)
	if err != nil {
		id = identity.Identity{Name: name}
	}
	return r.Owner.Of(id)
}

// Record is what the ledger has of a policy.
func (r *Region) Record(name, policyName string) (record ledger.Policy, known bool) {
	record, known = r.Records[ledger.Name{Identity: r.Identity(name).Name, PolicyName: policyName}]
	return record, known
}

// Unread reports whether an identity, or the list of all, could not be read.
func (r *Region) Unread(name string) bool {
	return slices.ContainsFunc(r.Contents.Failures, func(f Failure) bool {
		return f.Identity == "" || r.Identity(f.Identity).Name == r.Identity(name).Name
	})
}
