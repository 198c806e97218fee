package guardrail

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// allowed checks who a statement lets in.
func (c *check) allowed(s *policy.Statement) {
	if n := s.NotPrincipal; n.Exists() {
		if !c.config.AllowPublicPrincipal {
			c.found.Add(n.NameFault(AllowPublicPrincipal, "NotPrincipal in an Allow lets in everybody it does not name: name in Principal who may send"))
		}
		if len(c.config.AllowedPrincipals) > 0 {
			c.found.Add(n.NameFault(AllowedPrincipals, "NotPrincipal in an Allow lets in principals that are not in "+AllowedPrincipals+": name in Principal who may send"))
		}
	}
	who := narrowed{check: c, condition: s.Condition}
	for p := range principals(s.Principal) {
		switch {
		case isPublic(p.kind, p.at.Text()):
			c.public(p, &who)
		case isService(p.kind, p.at.Text()):
			c.service(p, &who)
		default:
			c.listed(p, false)
		}
	}
}

// public checks a principal that anybody can be.
func (c *check) public(p principal, who *narrowed) {
	text := p.at.Text()
	who.look()
	named := !hasWildcard(text) && !identity.IsAccount(text) && slices.Contains(c.principals, text)
	if who.caller.Answer != policy.Fixed && !named && !c.config.AllowPublicPrincipal {
		message := "the principal " + finding.Quote(text) +
			" lets in everybody: name who may send, or add a condition that says who, like aws:PrincipalOrgID or aws:SourceAccount"
		if isPlaceholder(p) {
			message = notFilledIn(text)
		}
		c.found.Add(p.at.Fault(AllowPublicPrincipal, message))
		return
	}
	c.listed(p, who.callerListed)
}

// listed checks that a principal is in the list; narrowed says that a condition
// leaves only principals that are.
func (c *check) listed(p principal, narrowed bool) {
	if len(c.config.AllowedPrincipals) == 0 || narrowed || c.allowsPrincipal(p.kind, p.at.Text()) {
		return
	}
	message := "the principal " + finding.Quote(p.at.Text()) + " is not in " + AllowedPrincipals + " of this deployment: ask its owner to add it"
	if isPlaceholder(p) {
		message = notFilledIn(p.at.Text())
	}
	c.refuse(p.at, "", AllowedPrincipals, message)
}

// isPlaceholder reports whether an AWS principal, or its account, is evidently a
// name that something was to be filled in for. It is for messages, not for
// decisions: what SES makes of one is not documented.
func isPlaceholder(p principal) bool {
	text := p.at.Text()
	if p.kind != policy.PrincipalAWS || hasWildcard(text) {
		return false
	}
	if fields := strings.SplitN(text, ":", 5); len(fields) == 5 { // ${AWS::AccountId} has colons
		text = fields[4][:max(0, strings.LastIndexByte(fields[4], ':'))]
	}
	return policy.Placeholder(text)
}

func notFilledIn(text string) string {
	return "the principal " + finding.Quote(text) + " is a placeholder: fill in the account id or ARN of who may send"
}

// narrowed is whom a statement's conditions leave, looked up at most once for a
// statement.
type narrowed struct {
	check     *check
	condition document.Node

	looked         bool
	caller, source policy.Narrowing
	callerListed   bool // one of the conditions leaves only principals in the list
	sourceListed   bool // the same of accounts in the list and the owner's
}

func (n *narrowed) look() {
	if n.looked {
		return
	}
	n.looked = true
	n.caller, n.source = policy.CallerOf(n.condition), policy.SourceOf(n.condition)
	n.callerListed = n.check.allowsOne(n.caller, n.check.allowsParty)
	n.sourceListed = n.check.allowsOne(n.source, n.check.allowsSource)
}

// principal is one principal of a statement, and its kind as written.
type principal struct {
	kind string
	at   document.Node
}

// principals are the strings and numbers of a Principal element, whatever its
// form: nothing is hidden by a form that the policy check refuses.
func principals(n document.Node) func(yield func(principal) bool) {
	return func(yield func(principal) bool) { eachPrincipal(n, policy.PrincipalAWS, yield) }
}

func eachPrincipal(n document.Node, kind string, yield func(principal) bool) bool {
	switch {
	case n.IsArray():
		for e := range n.Elements() {
			if !eachPrincipal(e, kind, yield) {
				return false
			}
		}
	case n.IsObject():
		for name, e := range n.Members() {
			if !eachPrincipal(e, name, yield) {
				return false
			}
		}
	case n.Exists():
		return yield(principal{kind, n})
	}
	return true
}

// anonymous is the canonical user that S3 shows for unsigned requests: everybody
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html).
const anonymous = "65a011a29cdf8ec533ec3d1ccaae921c"

// isPublic reports whether a principal can be somebody of any account:
//
//   - wildcards alone, or an ARN with a wildcard that names no single account
//     before it;
//   - a policy variable that stands where the account would, since it is the
//     caller's own. The language has none in this element
//     (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html),
//     what SES does with one is not documented;
//   - an identity provider that is in no account: the users of
//     cognito-identity.amazonaws.com or accounts.google.com are those of every
//     application (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html);
//   - S3's name for everybody.
func isPublic(kind, text string) bool {
	disguised := strings.Contains(text, "${") || strings.EqualFold(kind, policy.PrincipalFederated) || strings.EqualFold(text, anonymous)
	return (disguised || hasWildcard(text)) && !accountIsFixed(text)
}

func hasWildcard(text string) bool { return strings.ContainsAny(text, "*?") }

// accountIsFixed reports whether a pattern over ARNs matches those of one
// account only: neither a wildcard nor a variable stands before the account's
// 12 digits.
func accountIsFixed(pattern string) bool { return fixedAccount(pattern) != "" }

// fixedAccount is the only account whose ARNs a pattern matches; empty if there
// may be several, or none.
func fixedAccount(pattern string) string {
	fields := strings.SplitN(pattern, ":", 6)
	if len(fields) == 6 && fields[0] == "arn" && !strings.ContainsAny(strings.Join(fields[:5], ""), "*?$") && identity.IsAccount(fields[4]) {
		return fields[4]
	}
	return ""
}

// allowsPrincipal reports whether a principal is in the list. The ? of a pattern
// does not stand for a * in text, which stands for more. A canonical user id is
// 64 hexadecimal digits that say nothing of the account: a pattern over part of
// one would be met by chance, so it is listed literally.
func (c *check) allowsPrincipal(kind, text string) bool {
	return slices.ContainsFunc(c.principals, func(pattern string) bool {
		switch {
		case strings.Contains(text, "*") && strings.Contains(pattern, "?"):
			return false
		case strings.EqualFold(kind, policy.PrincipalCanonicalUser) && hasWildcard(pattern) && !policy.OnlyWildcards(pattern):
			return false
		}
		return matchPrincipal(pattern, text) ||
			kind == policy.PrincipalAWS && coversAccount(pattern, text, c.request.Identity.Partition)
	})
}

// matchPrincipal compares ARNs with patterns over ARNs only: role names may end
// in .amazonaws.com. A pattern of wildcards alone is for everything.
func matchPrincipal(pattern, text string) bool {
	if !policy.OnlyWildcards(pattern) && (identity.IsARN(pattern) || identity.IsARN(text)) {
		return identity.MatchARN(pattern, text)
	}
	return identity.Match(pattern, text)
}

// coversAccount reports whether the pattern stands for an AWS principal's
// account as a whole: an account id for the account's ARNs, and a pattern that
// the account's root matches for its id, since the two are the same principal.
// Accounts are those of the partition, if it is known.
func coversAccount(pattern, text, partition string) bool {
	if identity.IsAccount(text) {
		if partition == "" {
			partition = "aws"
		}
		return identity.MatchARN(pattern, "arn:"+partition+":iam::"+text+":root")
	}
	if !identity.IsAccount(pattern) {
		return false
	}
	fields := strings.SplitN(text, ":", 6)
	return len(fields) == 6 && fields[0] == "arn" && (partition == "" || fields[1] == partition) &&
		(fields[2] == "iam" || fields[2] == "sts") && fields[3] == "" && fields[4] == pattern
}

// allowsOne reports whether one of the narrowing conditions leaves only parties
// that are allowed.
func (c *check) allowsOne(n policy.Narrowing, allows func(policy.Party) bool) bool {
	return len(c.config.AllowedPrincipals) > 0 && slices.ContainsFunc(n.Conditions, func(parties []policy.Party) bool {
		return !slices.ContainsFunc(parties, func(p policy.Party) bool { return !allows(p) })
	})
}

// allowsParty reports whether the list has what a condition's value stands for:
// an account by its id, an organization by its own, an ARN by a pattern. The
// owner's organization, ${aws:ResourceOrgID}, is not known here and so not listed.
func (c *check) allowsParty(p policy.Party) bool {
	switch {
	case p.Owner:
		account := c.request.Identity.Account
		return account != "" && c.allowsPrincipal(policy.PrincipalAWS, account)
	case p.Account != "" && slices.Contains(c.principals, p.Account):
		return true
	case p.Organization != "" && slices.ContainsFunc(c.principals, func(pattern string) bool { return identity.Match(pattern, p.Organization) }):
		return true
	default:
		return !strings.Contains(p.Value, "${") && c.allowsPrincipal(policy.PrincipalAWS, p.Value)
	}
}
