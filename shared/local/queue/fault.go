package queue

import (
	"context"
	"time"
)

// Faults are hooks that make a Server misbehave as the real service may, or
// as a broken network would. The zero value is none. Call is called without
// the Server's lock, the others with it: those must not call the Server.
type Faults struct {
	// Call is asked before each action, in-process and over HTTP alike.
	Call func(Call) Fault
	// Duplicate is asked at each delivery from a standard queue. If it answers
	// again, a second copy of the message becomes visible after that time. A
	// copy is deleted on its own, like one on a server that SQS lost for a while.
	Duplicate func(Message) (after time.Duration, again bool)
	// Pick chooses which of the n visible messages of a standard queue is
	// delivered next, 0 being the one that has been visible longest.
	Pick func(n int) int
}

// Call is one action on one queue, as a fault hook sees it. Queue is empty
// for actions that name none, such as ListQueues.
type Call struct {
	Action string // "SendMessage"
	Queue  string // the queue's name
}

// Fault is what goes wrong with a call. The zero value is nothing.
type Fault struct {
	Latency time.Duration // waited first
	// Err is answered and nothing is done: an *Error, else InternalError.
	Err error
	// NoAnswer: nothing is done, and the caller waits until its context ends.
	NoAnswer bool
	// LoseAnswer: it is done, and the caller waits until its context ends.
	LoseAnswer bool
}

// SetFaults replaces the hooks, at any time.
func (s *Server) SetFaults(faults Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

func (s *Server) fault(call Call) Fault {
	s.mu.Lock()
	hook := s.faults.Call
	s.mu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(call)
}

// act does one action with whatever fault the hook has for it. Every action
// passes through here exactly once.
func act[T any](ctx context.Context, s *Server, call Call, do func() (T, error)) (T, error) {
	var none T
	fault := s.fault(call)
	if fault.Latency > 0 {
		timer := time.NewTimer(fault.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
	if fault.NoAnswer {
		<-ctx.Done()
		return none, ctx.Err()
	}
	if fault.Err != nil {
		return none, fault.Err
	}
	result, err := do()
	if fault.LoseAnswer {
		<-ctx.Done()
		return none, ctx.Err()
	}
	return result, err
}
