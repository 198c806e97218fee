package table

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"
)

// Call is one call, as the fault hook sees it.
type Call struct {
	Action string // "TransactWriteItems"
	Body   []byte // JSON
}

// Fault is what goes wrong with one call. The zero value is nothing.
type Fault struct {
	// Before is spent on the way to the table: the call takes effect this much
	// later, or never if its caller gives up meanwhile. After is spent on the
	// way back.
	Before, After time.Duration
	// Code, Message and Status are answered instead of doing what was asked.
	// Status 0 is 500 for InternalServerError, 503 for ServiceUnavailable, and
	// 400 for any other code.
	Code, Message string
	Status        int
	// Act does what was asked all the same: only the answer is lost or wrong.
	Act bool
	// Hang never answers: the caller waits until it gives up.
	Hang bool
	// Break closes the connection in place of an answer.
	Break bool
	// Answer, if set, answers in the table's place.
	Answer http.HandlerFunc
}

// Unreachable is a table that nothing reaches: the connection is closed.
func Unreachable() Fault { return Fault{Break: true} }

// Slow is a table that takes effect and answers d later.
func Slow(d time.Duration) Fault { return Fault{After: d} }

// LostAnswer is a call that takes effect and whose answer is lost.
func LostAnswer() Fault { return Fault{Act: true, Break: true} }

// ConditionFailed is a write that finds another version of its item: of a
// transaction, its first.
func ConditionFailed(call Call) Fault {
	const message = "The conditional request failed"
	var transaction struct{ TransactItems []struct{} }
	if json.Unmarshal(call.Body, &transaction) != nil || len(transaction.TransactItems) == 0 {
		return Fault{Code: "ConditionalCheckFailedException", Message: message}
	}
	reasons := make([]map[string]string, len(transaction.TransactItems))
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	reasons[0] = map[string]string{"Code": "ConditionalCheckFailed", "Message": message}
	return Fault{Answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone: nobody to tell
			"__type":  "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"Message": "Transaction cancelled, please refer cancellation reasons for specific reasons", "CancellationReasons": reasons,
		})
	}}
}

// Unprocessed is a BatchGetItem of which DynamoDB reads nothing this time.
func Unprocessed(call Call) Fault {
	return Fault{Answer: func(w http.ResponseWriter, _ *http.Request) {
		var asked struct{ RequestItems json.RawMessage }
		_ = json.Unmarshal(call.Body, &asked) // a call that cannot be read asks for nothing
		reply(w, map[string]any{"Responses": map[string]any{}, "UnprocessedKeys": asked.RequestItems})
	}}
}

// SetFault has hook asked before each call. Nil removes it. It may be called at
// any time.
func (s *Server) SetFault(hook func(Call) Fault) {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.fault = hook
}

// faultOf asks the hook, without holding a lock.
func (s *Server) faultOf(call Call) Fault {
	s.faultMu.Lock()
	hook := s.fault
	s.faultMu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(call)
}

// under does a call under its fault.
func (s *Server) under(w http.ResponseWriter, r *http.Request, call Call, act func() *httptest.ResponseRecorder) {
	f := s.faultOf(call)
	if !wait(r.Context(), f.Before) {
		panic(http.ErrAbortHandler) // the call never arrived
	}
	wrong := f.Code != "" || f.Status != 0 || f.Answer != nil
	var answer *httptest.ResponseRecorder
	if f.Act || !wrong && !f.Hang && !f.Break {
		answer = act()
	}
	if f.Hang {
		<-r.Context().Done()
	}
	if f.Hang || f.Break || !wait(r.Context(), f.After) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.Answer != nil:
		f.Answer(w, r)
	case wrong:
		refuse(w, f.status(), f.Code, f.Message)
	default:
		copyAnswer(w, answer)
	}
}

func (f Fault) status() int {
	switch {
	case f.Status != 0:
		return f.Status
	case f.Code == "InternalServerError":
		return http.StatusInternalServerError
	case f.Code == "ServiceUnavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// wait lets time pass, and reports whether the caller is still there after it.
func wait(ctx context.Context, d time.Duration) bool {
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
