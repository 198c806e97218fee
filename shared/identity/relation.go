package identity

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Relation says how the Resource of a policy relates to the identity that the
// policy is for.
type Relation int

const (
	// Same is the identity's own ARN.
	Same Relation = iota
	// Covers is a pattern, with * or ? in it, that matches the identity's ARN.
	Covers
	// Other is everything else: another identity, another kind of resource, or
	// no ARN at all.
	Other
)

// Relation compares resource, the text of a Resource element, with the
// identity. It does not compare parts that the identity does not know, nor an
// account that is not 12 digits: that is a placeholder, like EXAMPLE65304 in the
// documented example of PutIdentityPolicy. The case of a domain does not count,
// that of an address does.
func (id Identity) Relation(resource string) Relation {
	if resource == "*" {
		return Covers
	}
	match := Match // for a pattern that is no ARN by itself, such as a*
	if a, err := arn.Parse(resource); err == nil {
		if id.Partition == "" {
			id.Partition, id.Region, id.Account = a.Partition, a.Region, a.AccountID
		}
		if a.AccountID != "" && !strings.ContainsAny(a.AccountID, "*?") && !IsAccount(a.AccountID) {
			id.Account = a.AccountID
		}
		if name, found := strings.CutPrefix(a.Resource, prefix); found && !id.IsAddress() {
			a.Resource = prefix + strings.ToLower(name)
		}
		resource, match = a.String(), MatchARN
	}
	own := id.ARN()
	switch {
	case resource == own:
		return Same
	case strings.ContainsAny(resource, "*?") && match(resource, own):
		return Covers
	default:
		return Other
	}
}
