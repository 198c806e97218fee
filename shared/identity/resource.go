package identity

import "strings"

// Relation is how the Resource of a policy stands to the identity that the
// policy is for.
type Relation int

const (
	// Same is the identity's own ARN.
	Same Relation = iota
	// Covers is a pattern, * or ? in it, that the identity's ARN matches.
	Covers
	// Other is anything else: another identity, another kind of resource, no ARN at all.
	Other
)

// Relation compares resource, the text of a Resource element, with the
// identity. Parts that the identity does not know are not compared, nor is an
// account that is not 12 digits: it is a placeholder, like the EXAMPLE65304 in
// the documented example of PutIdentityPolicy. The domain's case does not count.
func (id Identity) Relation(resource string) Relation {
	if resource == "*" {
		return Covers
	}
	wild := strings.ContainsAny(resource, "*?")
	a, ok := splitARN(resource)
	if ok {
		if id.Partition == "" {
			id.Partition, id.Region, id.Account = a.partition, a.region, a.account
		}
		if a.account != "" && !strings.ContainsAny(a.account, "*?") && !IsAccount(a.account) {
			id.Account = a.account
		}
		if name, found := strings.CutPrefix(a.resource, "identity/"); found {
			a.resource = "identity/" + foldDomain(name)
		}
		resource = "arn:" + a.partition + ":" + a.service + ":" + a.region + ":" + a.account + ":" + a.resource
	}
	match := Match // a pattern that is no ARN by itself, like a*
	if ok {
		match = MatchARN
	}
	switch own := id.ARN(); {
	case resource == own:
		return Same
	case wild && match(resource, own):
		return Covers
	default:
		return Other
	}
}

// foldDomain lowers the case of the domain in a name, or in a pattern over names.
func foldDomain(name string) string {
	at := strings.LastIndexByte(name, '@') + 1
	return name[:at] + strings.ToLower(name[at:])
}
