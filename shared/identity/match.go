package identity

import "strings"

// Match reports whether all of text matches pattern, in which * stands for any
// number of characters, ? for exactly one, and everything else for itself, case
// and all. Both are compared byte by byte.
//
// The time is at most proportional to the product of the lengths, and linear
// for patterns with one star: a star never has to be reconsidered once a later
// one has matched.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last star, and where in text what follows it was tried last
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // let the last star take one more
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// Matches reports whether the identity is one that pattern means: a pattern
// over names, or over the ARNs of identities. As in names, the case of the
// domain does not count. Where an identity lives is compared as far as it is known.
func (id Identity) Matches(pattern string) bool {
	if len(pattern) < 4 || !strings.EqualFold(pattern[:4], "arn:") {
		return Match(pattern, id.Name) || Match(foldDomain(pattern), id.Name)
	}
	a, ok := splitARN(pattern)
	if !ok {
		return id.Partition != "" && Match(pattern, id.ARN())
	}
	if id.Partition == "" {
		id.Partition, id.Region, id.Account = a.partition, a.region, a.account
	}
	name, found := strings.CutPrefix(a.resource, "identity/")
	if !found {
		return Match(pattern, id.ARN())
	}
	where := "arn:" + a.partition + ":" + a.service + ":" + a.region + ":" + a.account
	return Match(where, "arn:"+id.Partition+":ses:"+id.Region+":"+id.Account) &&
		(Match(name, id.Name) || Match(foldDomain(name), id.Name))
}
