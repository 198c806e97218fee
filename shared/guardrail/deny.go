package guardrail

import (
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// denied refuses a Deny that could hit the owner's own account or everybody: it
// can stop the owner's own mail
// (https://repost.aws/knowledge-center/ses-554-400-message-rejected-error).
//
// It passes only if every principal is an account id or an ARN of another
// account. Everybody, patterns over accounts, NotPrincipal, services, unique and
// canonical ids, and identity providers outside of an account do not pass. No
// condition makes a Deny narrow.
func (c *check) denied(s *policy.Statement) {
	if n := s.NotPrincipal; n.Exists() {
		c.found.Add(n.NameFault(AllowBroadDeny, "NotPrincipal in a Deny stops everybody it does not name, the owner's own account too: name in Principal who may not send"))
	}
	own := c.ownAccount(s)
	for p := range principals(s.Principal) {
		text := p.at.Text()
		account := fixedAccount(text)
		if identity.IsAccount(text) {
			account = text
		}
		switch {
		case text == "":
			continue // names nobody, package policy refuses it
		case p.kind != policy.PrincipalAWS && p.kind != policy.PrincipalFederated:
			account = ""
		case account != "" && own != "" && account != own:
			continue
		}
		message := "a Deny on " + finding.Quote(text) + " can stop the mail of the owner's own account: name only other accounts or their principals"
		if account != "" && own == "" {
			message = "a Deny on " + finding.Quote(text) + " can stop the owner's own mail, because the account that owns the identity is not known here"
		}
		if isPlaceholder(p) {
			message = "a Deny on " + finding.Quote(text) + ", a placeholder: fill in the account id or ARN of who may not send"
		}
		c.found.Add(p.at.Fault(AllowBroadDeny, message))
	}
}

// ownAccount is the account that owns the identity. If the request does not say,
// it is the one that the statement's resources are in; empty if they do not name
// exactly one.
func (c *check) ownAccount(s *policy.Statement) string {
	if account := c.request.Identity.Account; account != "" {
		return account
	}
	own := ""
	for n := range policy.Values(s.Resource) {
		account := fixedAccount(n.Text())
		if account == "" || own != "" && account != own {
			return ""
		}
		own = account
	}
	return own
}
