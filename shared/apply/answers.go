package apply

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"sespolicy/shared/outcome"
)

// principalReceives is how many receives a request gets whose principal SES
// does not know. An IAM user or role made seconds ago may still be unknown: IAM
// is eventually consistent.
const principalReceives = 3

// throttled are the codes by which AWS says "too many calls". SES documents
// Throttling ("Rate exceeded", HTTP 400); the others are what AWS's services
// and proxies say for the same.
var throttled = set("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "BandwidthLimitExceeded", "LimitExceededException")

// denied are the codes that blame the role, the credentials or the clock: the
// deployment's fault, never the requester's. From AWS's list of common errors.
var denied = set("AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClientException")

// transient are the codes of a failing service, whatever the HTTP status.
var transient = set("InternalError", "InternalFailure", "InternalServerError", "InternalServiceError", "InternalServiceException", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "ServiceUnavailableException", "PriorRequestNotComplete")

func set(codes ...string) map[string]bool {
	s := make(map[string]bool, len(codes))
	for _, code := range codes {
		s[code] = true
	}
	return s
}

// classify turns the error of an SES call into nil, a final *outcome.Rejection or
// an *outcome.Transient. Only an answer with a code of SES and a 4xx status is
// final.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*outcome.Transient](err); ok {
		return known
	}
	status := 0
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = answer.HTTPStatusCode()
	}
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok && status == 0:
		cause := outcome.CauseUnavailable
		if isTimeout(err) {
			cause = outcome.CauseTimeout
		}
		return &outcome.Transient{Cause: cause, Err: err}
	case ok && throttled[api.ErrorCode()], status == 429:
		return &outcome.Transient{Cause: outcome.CauseThrottled, Err: err}
	case ok && denied[api.ErrorCode()], status == 401, status == 403:
		return &outcome.Transient{Cause: outcome.CauseAccessDenied, Err: err}
	case !ok, api.ErrorCode() == "", api.ErrorCode() == "UnknownError", transient[api.ErrorCode()], status < 400, status >= 500:
		return &outcome.Transient{Cause: outcome.CauseUnavailable, Err: err}
	}
	refused := &outcome.Rejection{Code: api.ErrorCode(), Message: api.ErrorMessage()}
	if refused.Code == outcome.InvalidPolicy && speaksOfPrincipal(refused.Message) {
		refused.Retries = principalReceives
	}
	return refused
}

// isInDoubt reports whether an attempt that ended so may have taken effect, then
// or later: only an answer with a 4xx status says that it has not.
func isInDoubt(err error) bool {
	if err == nil {
		return false
	}
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return !ok || answer.HTTPStatusCode() < 400 || answer.HTTPStatusCode() >= 500
}

// speaksOfPrincipal tells SES's "invalid principal" from its other reasons to
// refuse a policy. SES has one code for all of them, so this is the one place
// that matches a text. Quoted parts are the requester's own, such as the
// condition key 'aws:PrincipalOrgID', and are ignored.
func speaksOfPrincipal(message string) bool {
	return strings.Contains(strings.ToLower(quoted().ReplaceAllString(message, "")), "principal")
}

// quoted is compiled lazily: few invocations need it.
var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`'[^']*'|"[^"]*"`) })

// isTimeout reports whether an attempt ended because no answer came in time.
func isTimeout(err error) bool {
	netErr, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && netErr.Timeout()
}
