package outcome

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The causes of a retry, as logs and the metric Retried name them.
const (
	CauseThrottled    = "Throttled"              // SES: over one call a second, all callers of the account together
	CauseUnavailable  = "Unavailable"            // SES: 5xx, or no connection
	CauseTimeout      = "Timeout"                // SES gave no answer in time
	CauseAccessDenied = "AccessDenied"           // the role or the credentials: the deployment's fault, never the requester's
	CausePrincipal    = "PrincipalUnknown"       // SES does not know a principal (yet): IAM is eventually consistent
	CauseNoTime       = "NoTimeLeft"             // too little time before the function's deadline to begin a call
	CauseOrder        = "OrderKept"              // a newer request for the same identity and policy name has to wait
	CauseDeadLetter   = "DeadLetterFailed"       // the dead letter could not be sent, so the message must not be deleted
	CauseReply        = "ReplyFailed"            // the requester could not be told
	CauseLedger       = "LedgerUnavailable"      // the ledger could not be read or written; SES was not called
	CauseCertificate  = "CertificateUnavailable" // SNS's signing certificate could not be read, so the request's topic is not known
	CauseUnknown      = "Unknown"                // unclassified error
)

// Transient is the error that says the same request may succeed later.
type Transient struct {
	Cause string
	Err   error // what happened; may be nil if the cause says it all
}

// Error is the cause and what happened.
func (t *Transient) Error() string {
	if t.Err == nil {
		return t.Cause
	}
	return fmt.Sprintf("%s: %v", t.Cause, t.Err)
}

// Unwrap is what happened.
func (t *Transient) Unwrap() error { return t.Err }

// Exponential backoff of a retried message.
const (
	FirstDelay = 30 * time.Second // after the first receive, doubling with each
	MaxDelay   = 15 * time.Minute
)

// backoff is how long a message stays hidden after its receive: 30 seconds
// doubling to 15 minutes, minus up to a tenth of random jitter, so that a burst
// does not come back as one. A request for which no call was begun comes back at
// once.
func backoff(cause string, receives int) time.Duration {
	if cause == CauseNoTime {
		return 0
	}
	delay := MaxDelay
	if doublings := max(receives, 1) - 1; doublings < 5 {
		delay = FirstDelay << doublings
	}
	return delay - rand.N(delay/10)
}
