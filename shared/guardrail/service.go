package guardrail

import (
	"strings"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// isService reports whether a principal is a service, or may be read as one: a
// name with dots that is neither an account nor an ARN.
//
// No service is exempt as one that acts within the owner's account only: the
// documentation of SES says that the principal can be "an AWS service that
// belongs to the same account" without saying which those are
// (https://docs.aws.amazon.com/ses/latest/dg/identity-authorization-policy-examples.html),
// and that of Amazon Cognito adds aws:SourceAccount and aws:SourceArn to its own
// example (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-ses-authorization-to-send-email.html).
func isService(kind, text string) bool {
	return strings.EqualFold(kind, policy.PrincipalService) ||
		strings.Contains(text, ".") && !identity.IsARN(text) && !strings.EqualFold(kind, policy.PrincipalCanonicalUser)
}

// service checks a service principal: it acts for any account that asks it,
// unless a condition says for which account, organization or resource. With a
// list, that account has to be listed or the owner's, and the service listed.
func (c *check) service(p principal, who *narrowed) {
	text := p.at.Text()
	who.look()
	switch fixed := who.source.Answer == policy.Fixed; {
	case !fixed && !c.config.AllowPublicPrincipal:
		c.found.Add(p.at.Fault(AllowPublicPrincipal, "the service "+finding.Quote(text)+
			" may send for any account that asks it: add a condition that says for which account or resource, like aws:SourceAccount or aws:SourceArn"))
	case fixed && len(c.config.AllowedPrincipals) > 0 && !who.sourceListed:
		c.refuse(p.at, "", AllowedPrincipals, "the service "+finding.Quote(text)+
			" may send for an account, organization or resource that is neither the owner's nor in "+AllowedPrincipals+" of this deployment")
		return
	}
	c.listed(p, false)
}

// allowsSource reports whether a service may act for the party: the owner's
// account, or one in the list.
func (c *check) allowsSource(p policy.Party) bool {
	own := c.request.Identity.Account
	return p.Owner || p.Account != "" && p.Account == own || c.allowsParty(p)
}
