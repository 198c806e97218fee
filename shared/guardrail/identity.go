package guardrail

import (
	"slices"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// identity checks that requests may touch the identity.
func (c *check) identity() {
	id := c.request.Identity
	if id.Name == "" || len(c.config.AllowedIdentities) == 0 || slices.ContainsFunc(c.identities, id.Matches) {
		return
	}
	message := "the identity " + finding.Quote(id.String()) + " is not in " + AllowedIdentities + " of this deployment: ask its owner to add it"
	if slices.ContainsFunc(c.identities, id.DiffersInCase) {
		message += onlyCase
	}
	c.refuse(c.request.IdentityAt, "/Identity", AllowedIdentities, message)
}

// onlyCase is added to a refusal that only the case of an address causes
// (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
const onlyCase = "; it differs only in case, and SES keeps addresses apart that differ in case"

// policyName checks that requests may write or delete policies of this name.
func (c *check) policyName() {
	name := c.request.PolicyName
	if name == "" || len(c.config.AllowedPolicyNames) == 0 || slices.ContainsFunc(c.names, func(pattern string) bool { return identity.Match(pattern, name) }) {
		return
	}
	c.refuse(c.request.PolicyNameAt, "/PolicyName", AllowedPolicyNames, "the policy name "+finding.Quote(name)+
		" is not in "+AllowedPolicyNames+" of this deployment: take another, or ask its owner to add it")
}

// resource refuses the resources that are not the identity. NotResource stands
// for every resource that it does not name.
func (c *check) resource(s *policy.Statement) {
	id := c.request.Identity
	if id.Name == "" {
		return
	}
	for n := range policy.Values(s.Resource) {
		if !n.IsString() || id.Relation(n.Text()) != identity.Other {
			continue
		}
		message := "the resource " + finding.Quote(n.Text()) + " is not the identity " + finding.Quote(id.String()) +
			": name the identity's own ARN, one policy is for one identity"
		if id.DiffersInCase(n.Text()) {
			message += onlyCase
		}
		c.found.Add(n.Fault(RequireMatchingResource, message))
	}
	if s.NotResource.Exists() && !s.Is(policy.Deny) {
		c.found.Add(s.NotResource.NameFault(RequireMatchingResource,
			"NotResource stands for every identity it does not name: name the identity's own ARN in Resource"))
	}
}
