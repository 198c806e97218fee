package identity

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Characters of ASCII, for [Only].
const (
	Digits    = "0123456789"
	LowerCase = "abcdefghijklmnopqrstuvwxyz"
	Letters   = LowerCase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Only reports whether text is not empty and has only these characters.
func Only(text, characters string) bool { return text != "" && strings.Trim(text, characters) == "" }

// Match reports whether all of text matches pattern, in which * stands for any
// number of characters, ? for exactly one, and everything else for itself,
// case-sensitively. Both are compared byte by byte.
//
// The time is at most proportional to the product of the lengths, and linear
// for patterns with one star: a star never has to be reconsidered once a later
// one has matched.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last star, and where in text its remainder was tried last
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

// MatchARN is [Match] for a pattern over ARNs: the first five fields match one
// by one, and the rest as one. Otherwise a * would match across fields: the path
// of a role may have colons (IAM takes any character from ! to DEL in it,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html), so
// its owner could choose the fields of an ARN.
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

// Matches reports whether pattern covers the identity: a pattern over names, or
// over the ARNs of identities. The case of a domain does not count, that of an
// address does. Only the known parts of where an identity lives are compared.
func (id Identity) Matches(pattern string) bool {
	match, text := Match, id.Name
	if IsARN(pattern) {
		if a, err := arn.Parse(pattern); err == nil && id.Partition == "" {
			id.Partition, id.Region, id.Account = a.Partition, a.Region, a.AccountID
		}
		match, text = MatchARN, id.ARN()
	}
	return match(pattern, text) || !id.IsAddress() && match(strings.ToLower(pattern), text)
}

// DiffersInCase reports whether pattern, a pattern over names or ARNs or the
// text of a Resource, does not cover the identity, and would if case did not
// count. It is true only for addresses: to SES, one in another case is another
// identity. It is for messages, not for decisions.
func (id Identity) DiffersInCase(pattern string) bool {
	if !id.IsAddress() || id.Matches(pattern) || id.Relation(pattern) != Other {
		return false
	}
	id.Name = strings.ToLower(id.Name)
	lower := strings.ToLower(pattern)
	if a, err := arn.Parse(pattern); err == nil { // an account that is a placeholder may be in upper case
		a.Resource = strings.ToLower(a.Resource)
		lower = a.String()
	}
	return id.Matches(lower) || id.Relation(lower) != Other
}
