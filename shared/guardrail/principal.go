package guardrail

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// checkPrincipal checks who a statement lets in. Accounts are those of the
// partition, where it is known.
func (g *Guardrail) checkPrincipal(s *policy.Statement, partition string, found *finding.List) {
	if n := s.NotPrincipal; n.Exists() {
		if !g.config.AllowPublicPrincipal {
			found.Add(n.NameFault(AllowPublicPrincipal, "NotPrincipal in an Allow lets in everybody it does not name: name in Principal who may send"))
		}
		if len(g.config.AllowedPrincipals) > 0 {
			found.Add(n.NameFault(AllowedPrincipals, "NotPrincipal in an Allow lets in principals that are not in "+AllowedPrincipals+": name in Principal who may send"))
		}
	}
	var who narrowed
	for p := range principals(s.Principal) {
		text := p.at.Text()
		public := isPublic(p.kind, text)
		if public {
			who.look(g, s.Condition, partition)
			named := !hasWildcard(text) && slices.Contains(g.config.AllowedPrincipals, text)
			if !who.known && !named && !g.config.AllowPublicPrincipal {
				found.Add(p.at.Fault(AllowPublicPrincipal, "the principal "+finding.Quote(text)+
					" lets in everybody: name who may send, or add a condition that says who, like aws:PrincipalOrgID or aws:SourceAccount"))
				continue
			}
		}
		listed := len(g.config.AllowedPrincipals) == 0 || g.allowsPrincipal(p.kind, text, partition) || public && who.listed
		if !listed {
			found.Add(p.at.Fault(AllowedPrincipals, "the principal "+finding.Quote(text)+
				" is not among those that this deployment lets in: ask its owner to add it to "+AllowedPrincipals))
		}
	}
}

// narrowed is whom a statement's conditions leave of everybody.
type narrowed struct {
	looked bool // at the conditions: once a statement, and only for the public
	known  bool // there are conditions that say who
	listed bool // by one of them, only principals in the list
}

func (n *narrowed) look(g *Guardrail, condition document.Node, partition string) {
	if n.looked {
		return
	}
	conditions := narrow(condition)
	n.looked, n.known, n.listed = true, len(conditions) > 0, g.allowsAny(conditions, partition)
}

// principal is one principal of a statement, and its kind as written.
type principal struct {
	kind string
	at   document.Node
}

// principals are the strings and numbers of a Principal element, whatever its
// form: a form that the policy check refuses hides nobody here.
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

// anonymous is whom S3 names where nobody signed a request: everybody
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
//   - S3's name for nobody in particular.
func isPublic(kind, text string) bool {
	disguised := strings.Contains(text, "${") || strings.EqualFold(kind, policy.PrincipalFederated) || strings.EqualFold(text, anonymous)
	return (disguised || hasWildcard(text)) && !accountIsFixed(text)
}

func hasWildcard(text string) bool { return strings.ContainsAny(text, "*?") }

// accountIsFixed reports whether a pattern over ARNs matches those of one
// account only: neither a wildcard nor a variable stands before the account's
// 12 digits.
func accountIsFixed(pattern string) bool {
	fields := strings.SplitN(pattern, ":", 6)
	return len(fields) == 6 && fields[0] == "arn" && !strings.ContainsAny(strings.Join(fields[:5], ""), "*?$") && identity.IsAccount(fields[4])
}

// allowsPrincipal reports whether a principal is in the list.
func (g *Guardrail) allowsPrincipal(kind, text, partition string) bool {
	for _, pattern := range g.config.AllowedPrincipals {
		if strings.Contains(text, "*") && strings.Contains(pattern, "?") {
			continue // the ? must not stand for a * that stands for more
		}
		if matchPrincipal(pattern, text) || kind == policy.PrincipalAWS && coversAccount(pattern, text, partition) {
			return true
		}
	}
	return false
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

// allowsAny reports whether one of the narrowing conditions leaves only
// principals that are in the list.
func (g *Guardrail) allowsAny(narrowing []document.Node, partition string) bool {
	for _, values := range narrowing {
		if g.allowsAll(values, partition) {
			return true
		}
	}
	return false
}

func (g *Guardrail) allowsAll(values document.Node, partition string) bool {
	for v := range policy.Values(values) {
		if !g.allowsPrincipal(policy.PrincipalAWS, v.Text(), partition) {
			return false
		}
	}
	return true
}
