package email

import (
	"context"
	"net/http"
	"time"
)

// Fault is what goes wrong with one call. The zero value is nothing.
type Fault struct {
	// Before passes on the way to SES: the call arrives, and counts, this much
	// later. If its caller gives up meanwhile it never arrives.
	Before time.Duration
	// After passes on the way back.
	After time.Duration
	// Code, Message and Status are answered instead of doing what was asked.
	// Status 0 is 400, or 500 for InternalFailure and 503 for ServiceUnavailable.
	Code, Message string
	Status        int
	// Act does what was asked all the same: the answer alone is lost or wrong.
	Act bool
	// Hang never answers: the caller waits until it gives up.
	Hang bool
	// Break closes the connection in place of an answer.
	Break bool
}

// SetFault has fault asked about each call before it is on its way. The call it
// is given has no time yet. Nil takes the faults away.
func (s *Server) SetFault(fault func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// faultOf asks the hook, outside the lock: it may look at the server.
func (s *Server) faultOf(call Call) Fault {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault == nil {
		return Fault{}
	}
	return fault(call)
}

// refusal is the error answer that the fault asks for, nil if it asks for none.
func (f Fault) refusal() *refusal {
	if f.Code == "" && f.Status == 0 {
		return nil
	}
	status := f.Status
	if status == 0 {
		switch f.Code {
		case "InternalFailure":
			status = http.StatusInternalServerError
		case "ServiceUnavailable":
			status = http.StatusServiceUnavailable
		default:
			status = http.StatusBadRequest
		}
	}
	return &refusal{status: status, code: f.Code, message: f.Message}
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
