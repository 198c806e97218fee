package guardrail

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// checkPrincipal checks who a statement lets in. Accounts are those of the
// partition, where it is known.
func (g *Guardrail) checkPrincipal(s *policy.Statement, partition string, found *document.Findings) {
	if n := s.NotPrincipal; n.Exists() {
		if !g.config.AllowPublicPrincipal {
			found.Add(n.NameFault(AllowPublicPrincipal, "NotPrincipal in an Allow lets in everybody it does not name: name in Principal who may send"))
		}
		if len(g.config.AllowedPrincipals) > 0 {
			found.Add(n.NameFault(AllowedPrincipals, "NotPrincipal in an Allow lets in principals that are not in "+AllowedPrincipals+": name in Principal who may send"))
		}
	}
	var narrowing []document.Node
	looked := false // for conditions: once, and only for the public
	for p := range principals(s.Principal) {
		if found.Full(document.Violation) {
			return
		}
		text := p.at.Text()
		public := isPublic(text)
		if public {
			if !looked {
				narrowing, looked = narrow(s.Condition), true
			}
			if len(narrowing) == 0 && !g.config.AllowPublicPrincipal {
				found.Add(p.at.Fault(AllowPublicPrincipal, "the principal "+document.Quote(text)+
					" lets in everybody: name who may send, or add a condition that says who, like aws:PrincipalOrgID or aws:SourceAccount"))
				continue
			}
		}
		listed := len(g.config.AllowedPrincipals) == 0 || g.allowsPrincipal(p.kind, text, partition) || public && g.allowsAny(narrowing, partition)
		if !listed {
			found.Add(p.at.Fault(AllowedPrincipals, "the principal "+document.Quote(text)+
				" is not among those that this deployment lets in: ask its owner to add it to "+AllowedPrincipals))
		}
	}
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

// isPublic reports whether a principal can be somebody of any account: wildcards
// alone, or an ARN with a wildcard that names no single account before it.
func isPublic(text string) bool {
	if !strings.ContainsAny(text, "*?") {
		return false
	}
	return !accountIsFixed(text)
}

// accountIsFixed reports whether a pattern over ARNs matches those of one
// account only: no wildcard stands before the account's 12 digits.
func accountIsFixed(pattern string) bool {
	fields := strings.SplitN(pattern, ":", 6)
	return len(fields) == 6 && !strings.ContainsAny(strings.Join(fields[:5], ""), "*?") && identity.IsAccount(fields[4])
}

// allowsPrincipal reports whether a principal is in the list.
func (g *Guardrail) allowsPrincipal(kind, text, partition string) bool {
	for _, pattern := range g.config.AllowedPrincipals {
		if strings.Contains(text, "*") && strings.Contains(pattern, "?") {
			continue // the ? must not stand for a * that stands for more
		}
		if identity.Match(pattern, text) || kind == policy.PrincipalAWS && coversAccount(pattern, text, partition) {
			return true
		}
	}
	return false
}

// coversAccount reports whether the pattern stands for an AWS principal's
// account as a whole: an account id for the account's ARNs, and a pattern that
// the account's root matches for its id, since the two are the same principal.
func coversAccount(pattern, text, partition string) bool {
	if identity.IsAccount(text) {
		if partition == "" {
			partition = "aws"
		}
		return identity.Match(pattern, "arn:"+partition+":iam::"+text+":root")
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
		within := true
		for v := range policy.Values(values) {
			within = within && g.allowsPrincipal(policy.PrincipalAWS, v.Text(), partition)
		}
		if within {
			return true
		}
	}
	return false
}
