package outcome

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sespolicy/shared/finding"
)

// The codes of a rejection that this project defines. They are stable: dead
// letters, replies and events carry them. Any other code is SES's own,
// unchanged.
const (
	MalformedRequest   = "MalformedRequest"   // not JSON, not an object, unknown, duplicate or missing member, wrong type, too deep
	UnknownEnvelope    = "UnknownEnvelope"    // recognised as an envelope, of a kind that is not served
	InvalidIdentity    = "InvalidIdentity"    // neither address, domain nor identity ARN; or another Region's, account's or partition's ARN
	InvalidPolicyName  = "InvalidPolicyName"  // not 1 to 64 of [A-Za-z0-9_-]
	PolicyTooLarge     = "PolicyTooLarge"     // over 4096 bytes minified
	InvalidPolicy      = "InvalidPolicy"      // the policy check found violations; or SES answered InvalidPolicy
	GuardrailViolation = "GuardrailViolation" // this deployment refuses it
	Expired            = "Expired"            // a CloudFormation request whose stack no longer waits
	AlreadyAnswered    = "AlreadyAnswered"    // a redriven letter whose requester was told of the failure before
	AlreadyExists      = "AlreadyExists"      // a stack creates a policy that is on the identity already and is not this resource's
	OwnedByStack       = "OwnedByStack"       // another stack's resource owns the policy
	Cancelled          = "Cancelled"          // a stack's create that the stack itself deleted while it waited
	RetriesExhausted   = "RetriesExhausted"   // the last receive ended in a retry; SES may have taken the change all the same
	AnswerUndelivered  = "AnswerUndelivered"  // the effect is there, but the requester could not be told
)

// Rejection is the error that says a retry cannot help.
type Rejection struct {
	Code       string
	Message    string
	Violations []finding.Finding
	// Retries is how many receives are retried all the same: the rejection is
	// final from the receive after that. 0 for all but an unknown principal.
	Retries int
}

// Reject is the rejection for findings, nil if there are none. Its message is
// the first of them in document order, its hint on a line of its own, and how
// many more there are.
func Reject(code string, findings []finding.Finding) *Rejection {
	if len(findings) == 0 {
		return nil
	}
	finding.Sort(findings)
	for i := range findings {
		findings[i].Code = code
	}
	message := findings[0].Message
	if path := findings[0].Path; path != "" {
		if strings.ContainsFunc(path, unicode.IsControl) { // a line break would pass for one of the message's own
			path = finding.Quote(path)
		}
		message = path + ": " + message
	}
	if more := len(findings) - 1; more > 0 {
		message = fmt.Sprintf("%s (and %d more, see the violations)", message, more)
	}
	if hint := findings[0].Hint; hint != "" {
		message += "\n" + hint
	}
	return &Rejection{Code: code, Message: message, Violations: findings}
}

// Error is the code and the message.
func (r *Rejection) Error() string { return r.Code + ": " + r.Message }

// Join makes one rejection of several: the code and message of the first, the
// violations of all in document order. Nils are skipped; without any rejection
// the result is nil.
func Join(rejections ...*Rejection) *Rejection {
	var joined *Rejection
	for _, r := range rejections {
		switch {
		case r == nil:
		case joined == nil:
			joined = &Rejection{Code: r.Code, Message: r.Message, Violations: slices.Clone(r.Violations)}
		default:
			joined.Violations = append(joined.Violations, r.Violations...)
		}
	}
	if joined != nil {
		finding.Sort(joined.Violations)
	}
	return joined
}
