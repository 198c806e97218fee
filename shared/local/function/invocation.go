package function

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"sespolicy/shared/local/wire"
)

// unhandled is the X-Amz-Function-Error of every function error today.
const unhandled = "Unhandled"

// maxPayload is Lambda's limit for the request of a synchronous invocation.
const maxPayload = 6291456

// errTooLarge is a payload over Lambda's 6 MB.
var errTooLarge = &wire.Error{Code: "RequestTooLargeException", Status: 413, Message: "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}

// Result is the outcome of one invocation.
type Result struct {
	RequestID string
	// Payload is the function's response; if FunctionError is set, the error as
	// JSON: errorType, errorMessage and perhaps stackTrace.
	Payload []byte
	// FunctionError is empty, or "Unhandled": the function returned an error,
	// timed out, crashed, or could not start.
	FunctionError string
	// Duration is from the claim of an environment to the invocation's end.
	Duration time.Duration
}

// Invoke runs the function once, as RequestResponse does. A function error is
// not an error of Invoke. If ctx ends first, Invoke returns and the function
// runs on, as it would in Lambda.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > maxPayload {
		return Result{}, errTooLarge
	}
	in := &invocation{id: wire.NewID(), payload: payload, over: make(chan struct{})}
	environment, err := f.take()
	if errors.Is(err, errEntrypoint) {
		return Result{RequestID: in.id, FunctionError: unhandled, Payload: failurePayload("Runtime.InvalidEntrypoint", err.Error())}, nil
	}
	if err != nil {
		return Result{}, err
	}
	done := make(chan Result, 1)
	go func() {
		result := environment.run(in)
		f.release(environment) // before the caller knows: it may invoke again at once
		done <- result
	}()
	select {
	case result := <-done:
		if result.FunctionError != "" && f.isStopped() {
			return Result{}, ErrStopped
		}
		return result, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// invocation is one event on its way through a process.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	over     chan struct{} // closed at the GET next that follows
	answer   atomic.Pointer[answer]
}

// answer is what an invocation ended with.
type answer struct {
	payload []byte
	failed  bool
}

// respond keeps the first answer, and reports whether this is it: after a panic
// the process answers first and exits then.
func (in *invocation) respond(payload []byte, failed bool) bool {
	return in.answer.CompareAndSwap(nil, &answer{payload, failed})
}

// failurePayload is an error as Lambda writes it.
func failurePayload(kind, message string) []byte {
	text, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings can be written
	return text
}
