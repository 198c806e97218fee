package policy

import (
	"fmt"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// The limits of PutIdentityPolicy
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html).
const (
	// MaxSize is the maximum size of a policy, in bytes without the white space
	// between its tokens. SES documents 4 KB and not what it counts. It stores
	// policies minified and IAM does not count white space, so no policy up to
	// this size may be refused.
	MaxSize = 4096
	// MaxExamined is the maximum size of a policy that is checked for more than
	// its size, in bytes without white space: correcting one that is many times
	// too long is pointless, and a message can carry 1 MiB of it.
	MaxExamined = 16 * MaxSize
	// MaxNameLength is the maximum length of a policy name, in characters.
	MaxNameLength = 64
)

// ValidName reports whether name is a policy name: 1 to 64 ASCII letters,
// digits, dashes and underscores.
func ValidName(name string) bool {
	return len(name) <= MaxNameLength && identity.Only(name, identity.Letters+identity.Digits+"-_")
}

// CheckSize returns a violation if a policy is too large for SES. minified is its
// text without the white space between its tokens. Escapes count as written,
// because the text goes to SES as written.
func CheckSize(at document.Node, minified []byte) (f finding.Finding, tooLarge bool) {
	if len(minified) <= MaxSize {
		return finding.Finding{}, false
	}
	return at.Finding(RulePolicySize, fmt.Sprintf(
		"the policy has %d bytes without white space, SES takes at most %d: split it into several policies, an identity can have 20",
		len(minified), MaxSize)), true
}
