package outcome

import "fmt"

// The causes of a retry, as logs and the metric Retried name them.
const (
	CauseThrottled    = "Throttled"        // SES: more than one call a second, from here and elsewhere together
	CauseUnavailable  = "Unavailable"      // SES: 5xx, or no connection
	CauseTimeout      = "Timeout"          // SES gave no answer in time
	CauseAccessDenied = "AccessDenied"     // the role or the credentials: the deployment's fault, never the requester's
	CausePrincipal    = "PrincipalUnknown" // SES does not know a principal (yet): IAM needs seconds to tell
	CauseNoTime       = "NoTimeLeft"       // the function's deadline is too near to begin a call
	CauseOrder        = "OrderKept"        // another request for the same identity and policy name has to wait
	CauseDeadLetter   = "DeadLetterFailed" // the dead letter could not be sent, so nothing may be deleted
	CauseReply        = "ReplyFailed"      // whoever asked could not be told
	CauseUnknown      = "Unknown"          // nothing that this code knows of
)

// Delay is the error that says the same request may well succeed later.
type Delay struct {
	Cause string
	Err   error // what happened; may be nil where the cause says it all
}

// Error is the cause and what happened.
func (d *Delay) Error() string {
	if d.Err == nil {
		return d.Cause
	}
	return fmt.Sprintf("%s: %v", d.Cause, d.Err)
}

// Unwrap is what happened.
func (d *Delay) Unwrap() error { return d.Err }
