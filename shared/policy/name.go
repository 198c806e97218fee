package policy

import (
	"fmt"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// The limits of PutIdentityPolicy
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html).
const (
	// MaxSize is the longest policy, in bytes without the white space between
	// its tokens. SES says 4 KB and not what it counts; it stores policies
	// minified, and IAM does not count white space, so nothing shorter than
	// this may be refused.
	MaxSize = 4096
	// MaxExamined is the longest policy that is checked for more than its size,
	// in bytes without white space: no correction makes SES take one that is
	// many times too long, and a message may have 1 MiB of it.
	MaxExamined = 16 * MaxSize
	// MaxNameLength is the longest policy name, in characters.
	MaxNameLength = 64
)

// ValidName reports whether name is a policy name: 1 to 64 letters, digits,
// dashes and underscores of ASCII.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxNameLength {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// CheckSize reports, as a violation, that a policy is too large for SES.
// Minified is its text without the white space between its tokens.
// Escapes count as they were written, though another way of writing a string
// may be shorter: what goes to SES is what was written.
func CheckSize(at document.Node, minified []byte) (f finding.Finding, tooLarge bool) {
	if len(minified) <= MaxSize {
		return finding.Finding{}, false
	}
	return at.Finding(RulePolicySize, fmt.Sprintf(
		"the policy has %d bytes without white space, SES takes at most %d: split it into several policies, an identity can have 20",
		len(minified), MaxSize)), true
}
