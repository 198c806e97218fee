package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
)

// Error is an error answer of a service. A client sees the code alone; messages
// are for people.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status; 0 means the code's usual one, which is mostly 400
	// Query is the code's name in the Query protocol, if it differs. SQS passes it
	// on in the header X-Amzn-Query-Error, from which SDKs take the code.
	Query string
}

// Errorf makes an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// QueryCode is the code in the Query protocol.
func (e *Error) QueryCode() string { return cmp.Or(e.Query, e.Code) }

// HTTPStatus is the status of the answer.
func (e *Error) HTTPStatus() int {
	return cmp.Or(e.Status, statuses[e.Code], http.StatusBadRequest)
}

// statuses are those of the codes that have the same one in every service.
var statuses = map[string]int{
	"InternalError":            http.StatusInternalServerError,
	"InternalFailure":          http.StatusInternalServerError,
	"ServiceUnavailable":       http.StatusServiceUnavailable,
	"NotFoundException":        http.StatusNotFound,
	"TooManyRequestsException": http.StatusTooManyRequests,
}

// Side is Sender or Receiver: whose fault it is.
func (e *Error) Side() string {
	if e.HTTPStatus() >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// AsError returns the Error in err's chain. Any other error is an InternalError.
func AsError(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	return &Error{Code: "InternalError", Message: err.Error()}
}
