package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The verdicts on an assumption.
const (
	holds       = "holds"
	differing   = "differs"
	cannotAsk   = "cannot be asked"
	interrupted = "interrupted"
)

// Result is what became of one assumption.
type Result struct {
	Name      string `json:"name"`
	Statement string `json:"statement"`
	Source    string `json:"source"`
	Sure      Sure   `json:"sure"`
	Verdict   string `json:"verdict"`
	Expected  string `json:"expected,omitzero"`
	Got       string `json:"got,omitzero"`
	Reason    string `json:"reason,omitzero"`   // why it cannot be asked
	Observed  string `json:"observed,omitzero"` // what was seen beyond the statement
}

// ask checks one assumption.
func ask(ctx context.Context, w *world, a Assumption) Result {
	r := Result{Name: a.Name, Statement: a.Statement, Source: a.Source, Sure: a.Sure}
	if a.NotLocal != "" && w.kind == onLocal {
		r.Verdict, r.Reason = cannotAsk, a.NotLocal
		return r
	}
	var err error
	if err = ctx.Err(); err == nil {
		r.Observed, err = a.Check(ctx, w)
	}
	different, isDifferent := errors.AsType[*difference](err)
	reason, isUnaskable := errors.AsType[unaskable](err)
	switch {
	case err == nil:
		r.Verdict = holds
	case isDifferent:
		r.Verdict, r.Expected, r.Got = differing, different.expected, different.got
	case isUnaskable:
		r.Verdict, r.Reason = cannotAsk, string(reason)
	case ctx.Err() != nil:
		r.Verdict = interrupted
	case notServed(err):
		r.Verdict, r.Reason = cannotAsk, "the endpoint does not serve it: "+brief(err)
	case slices.Contains(denied, code(err)):
		r.Verdict, r.Reason = cannotAsk, "the credentials may not ask it: "+brief(err)
	default:
		r.Verdict, r.Expected, r.Got = differing, "success", brief(err)
	}
	return r
}

// denied are the codes of a caller without the permission.
var denied = []string{"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}

// notServed reports whether an emulator lacks the action: it says so, or answers
// a 5xx that is no answer of AWS.
func notServed(err error) bool {
	served := []string{"InvalidAction", "UnknownOperationException", "NotImplemented", "NotImplementedException", "InternalFailure", "UnrecognizedClientException"}
	return slices.Contains(served, code(err)) && status(err) != http.StatusServiceUnavailable ||
		status(err) == http.StatusNotImplemented || status(err) >= http.StatusInternalServerError && code(err) == ""
}

// code is the code of an AWS error without SQS's old prefix; empty if err has
// none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return strings.TrimPrefix(api.ErrorCode(), "AWS.SimpleQueueService.")
	}
	return ""
}

// status is the HTTP status of an error answer, 0 if there was none.
func status(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// brief is an error in one line.
func brief(err error) string {
	text := err.Error()
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		text = fmt.Sprintf("%d %s: %s", status(err), api.ErrorCode(), api.ErrorMessage())
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// refusedWith is nil if a call was refused with one of the codes.
func refusedWith(err error, codes ...string) error {
	expected := strings.Join(codes, " or ")
	switch {
	case err == nil:
		return differs(expected, "success")
	case code(err) == "" || notServed(err) || slices.Contains(denied, code(err)):
		return err
	case !slices.Contains(codes, code(err)):
		return differs(expected, "%s", brief(err))
	}
	return nil
}

// refusedAs is refusedWith for a code with an HTTP status.
func refusedAs(err error, wantStatus int, want string) error {
	if wrong := refusedWith(err, want); wrong != nil {
		return wrong
	}
	if got := status(err); got != wantStatus {
		return differs(fmt.Sprintf("HTTP %d %s", wantStatus, want), "HTTP %d", got)
	}
	return nil
}
