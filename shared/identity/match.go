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

// IsARN reports whether text, or a pattern, is meant as an ARN.
func IsARN(text string) bool { return len(text) >= 4 && strings.EqualFold(text[:4], "arn:") }

// MatchARN is [Match] for a pattern over ARNs: their first five fields match
// one by one, and what follows them as one. Else a * would run over fields: the
// path of a role may have colons (IAM takes any character from ! to DEL in it,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html), and
// so the fields of an ARN of somebody's choice.
func MatchARN(pattern, text string) bool {
	for range 5 {
		field, fields, inPattern := strings.Cut(pattern, ":")
		value, values, inText := strings.Cut(text, ":")
		if !inPattern || !inText || !Match(field, value) {
			return false
		}
		pattern, text = fields, values
	}
	return Match(pattern, text)
}

// Matches reports whether the identity is one that pattern means: a pattern
// over names, or over the ARNs of identities. As in names, the case of the
// domain does not count. Where an identity lives is compared as far as it is known.
func (id Identity) Matches(pattern string) bool {
	if !IsARN(pattern) {
		return Match(pattern, id.Name) || Match(foldDomain(pattern), id.Name)
	}
	if a, _ := splitARN(pattern); id.Partition == "" {
		id.Partition, id.Region, id.Account = a.partition, a.region, a.account
	}
	return MatchARN(pattern, id.ARN()) || MatchARN(foldDomain(pattern), id.ARN())
}
