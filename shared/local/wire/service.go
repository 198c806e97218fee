package wire

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Service is what a service serves in AWS JSON and in the Query protocol.
// Its operations share one input, a struct with the parameters of all of them
// under the names of AWS JSON. S is the service's server.
type Service[S, In any] struct {
	JSON       JSON
	Query      Query
	InQuery    []string // the operations that are served in the Query protocol; nil means all
	Operations map[string]Operation[S, In]
}

// Operation does one operation and returns its answer.
type Operation[S, In any] func(ctx context.Context, s S, in In) (any, error)

// Call is one call of a service.
type Call[In any] struct {
	Protocol  Protocol
	Action    string
	RequestID string
	Input     In // as far as it could be read
	// Do does what the call asks for, or returns why it cannot be done.
	Do func(context.Context) (any, error)
}

// Read reads a call, in the Query protocol if it is a form and in AWS JSON
// otherwise.
func (d Service[S, In]) Read(w http.ResponseWriter, r *http.Request, s S) *Call[In] {
	call := &Call[In]{Protocol: d.JSON, RequestID: NewID()}
	var err error
	isForm := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if isForm {
		call.Protocol = d.Query
		var form url.Values
		if form, err = ReadForm(w, r); err == nil {
			call.Input, err = Form[In](form)
		}
		call.Action = form.Get("Action")
	} else {
		_, call.Action, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		call.Input, err = ReadJSON[In](w, r)
	}
	operation, known := d.Operations[call.Action]
	call.Do = func(ctx context.Context) (any, error) {
		switch {
		case !known, isForm && d.InQuery != nil && !slices.Contains(d.InQuery, call.Action):
			unknown := UnknownOperation(call.Action)
			if isForm {
				unknown.Status = http.StatusBadRequest
			}
			return nil, unknown
		case err != nil:
			return nil, err
		}
		return operation(context.WithValue(ctx, traceKey{}, r.Header.Get("X-Amzn-Trace-Id")), s, call.Input)
	}
	return call
}

// UnknownOperation is the refusal of an operation that is not served.
func UnknownOperation(name string) *Error {
	return &Error{Code: "UnknownOperationException", Query: "InvalidAction", Status: http.StatusNotFound, Message: "The operation " + name + " is not served here."}
}

// Serve does the call under a fault and answers it.
func (c *Call[In]) Serve(w http.ResponseWriter, r *http.Request, f Fault) {
	if f.Answer != nil {
		f.Answer(w, r)
		return
	}
	answer, err := Under(r.Context(), f, func() (any, error) { return c.Do(r.Context()) })
	Write(w, r, c.Protocol, c.Action, c.RequestID, answer, err)
}

// Serve does one call under a fault and answers it with a new request id.
func Serve(w http.ResponseWriter, r *http.Request, p Protocol, f Fault, action string, act func() (any, error)) {
	call := Call[Nothing]{Protocol: p, Action: action, RequestID: NewID(), Do: func(context.Context) (any, error) { return act() }}
	call.Serve(w, r, f)
}

// Nothing is the answer of operations that answer nothing.
type Nothing struct{}

type traceKey struct{}

// TraceHeader is the X-Amzn-Trace-Id of the call that an operation serves, which
// SQS and SNS pass on with a message; empty without one.
func TraceHeader(ctx context.Context) string {
	header, _ := ctx.Value(traceKey{}).(string)
	return header
}
