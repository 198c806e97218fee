package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
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

// Fault is what goes wrong with one call. The zero value is nothing.
type Fault struct {
	// Before is spent on the way to the service: the call arrives this much
	// later, or never if its caller gives up meanwhile. After is spent on the
	// way back.
	Before, After time.Duration
	// Code, Message and Status are answered and nothing is done. A Status of 0
	// is the code's usual one.
	Code, Message string
	Status        int
	// Act does what was asked all the same: only the answer is lost or wrong.
	Act bool
	// Hang never answers: the caller waits until its context ends.
	Hang bool
	// Break closes the connection in place of an answer.
	Break bool
	// Answer, if set, answers over HTTP in the service's place, where the service
	// calls Serve.
	Answer http.HandlerFunc
}

// ErrBroken is what Under returns for a connection that was closed.
var ErrBroken = errors.New("the connection was closed without an answer")

// Under does act under a fault. Who is to be told nothing gets ErrBroken or the
// context's error, for which [Write] closes the connection.
func Under[T any](ctx context.Context, f Fault, act func() (T, error)) (answer T, err error) {
	var none T
	if f.Before > 0 && !Wait(ctx, f.Before) {
		return none, ctx.Err()
	}
	wrong := f.Code != "" || f.Status != 0
	if f.Act || !wrong && !f.Hang && !f.Break {
		answer, err = act()
	}
	if wrong {
		answer, err = none, &Error{Code: f.Code, Message: f.Message, Status: f.Status}
	}
	switch {
	case f.Hang:
		<-ctx.Done()
		return none, ctx.Err()
	case f.Break:
		return none, ErrBroken
	case f.After > 0 && !Wait(ctx, f.After):
		return none, ctx.Err()
	}
	return answer, err
}

// Switch holds a service's fault hook. Its zero value has none. Services embed
// it; Call is what the hook is told of a call.
type Switch[Call any] struct {
	mu   sync.Mutex
	hook func(Call) Fault
}

// SetFault replaces the hook, which is asked before each call; nil removes it.
// It may be called at any time.
func (s *Switch[Call]) SetFault(hook func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// FaultOf asks the hook, without holding a lock.
func (s *Switch[Call]) FaultOf(call Call) Fault {
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(call)
}

// Wait lets time pass and reports whether ctx is still alive after it.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
