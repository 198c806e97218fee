package outcome

import (
	"fmt"
	"slices"

	"sespolicy/shared/finding"
)

// The codes of a rejection that this project gives itself. They are stable:
// dead letters, replies and events carry them. Any other code is SES's own,
// unchanged.
const (
	MalformedRequest   = "MalformedRequest"   // not JSON, not an object, unknown, duplicate or missing member, wrong type, too deep
	UnknownEnvelope    = "UnknownEnvelope"    // recognised as an envelope, of a kind that is not served
	InvalidIdentity    = "InvalidIdentity"    // neither address, domain nor identity ARN; or another Region's, account's or partition's ARN
	InvalidPolicyName  = "InvalidPolicyName"  // not 1 to 64 of [A-Za-z0-9_-]
	PolicyTooLarge     = "PolicyTooLarge"     // over 4096 bytes minified
	InvalidPolicy      = "InvalidPolicy"      // the policy check found violations; or SES answered InvalidPolicy
	GuardrailViolation = "GuardrailViolation" // this deployment refuses it
	Expired            = "Expired"            // a CloudFormation request older than the hour its stack waits
	AlreadyAnswered    = "AlreadyAnswered"    // a redriven letter whose asker was told of the failure before
)

// Rejection is the error that says asking again could not help.
type Rejection struct {
	Code       string
	Message    string
	Violations []finding.Finding
	// Patience is how many receives the refusal may still pass by itself: it is
	// final from the receive after that. Zero for all but an unknown principal.
	Patience int
}

// Reject is the rejection that findings make: nil when there are none. Its
// message is the first of them in document order and how many more there are.
func Reject(code string, findings []finding.Finding) *Rejection {
	if len(findings) == 0 {
		return nil
	}
	finding.Sort(findings)
	message := findings[0].Message
	if path := findings[0].Path; path != "" {
		message = path + ": " + message
	}
	if more := len(findings) - 1; more > 0 {
		message = fmt.Sprintf("%s (and %d more, see the violations)", message, more)
	}
	return &Rejection{Code: code, Message: message, Violations: findings}
}

// Error is the code and the message.
func (r *Rejection) Error() string { return r.Code + ": " + r.Message }

// Join makes one rejection of many: the code and message of the first, the
// violations of all in document order. Nils count for nothing; no rejection at all is nil.
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
