package function

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// unhandled is the X-Amz-Function-Error of every function error today.
const unhandled = "Unhandled"

// Result is the outcome of one invocation.
type Result struct {
	RequestID string
	// Payload is the function's response; if FunctionError is set, the error as
	// JSON: errorType, errorMessage and perhaps stackTrace.
	Payload []byte
	// FunctionError is empty, or "Unhandled": the function returned an error,
	// timed out, crashed, or could not start.
	FunctionError string
	// LogTail is the last 4 KB of the invocation's log.
	LogTail []byte
	// Duration is from the claim of an environment to the invocation's end.
	Duration time.Duration
	// ColdStart says that a process was started for this.
	ColdStart bool
}

// Invoke runs the function once, as RequestResponse does. A function error is
// not an error of Invoke. If ctx ends first, Invoke returns and the function
// runs on, as it would in Lambda.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > maxPayload {
		return Result{}, ErrTooLarge
	}
	environment, err := f.take()
	if err != nil {
		return Result{}, err
	}
	in := &invocation{id: randomID(), payload: payload, over: make(chan struct{})}
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

	mu       sync.Mutex
	answered bool
	failed   bool
	answer   []byte
}

// respond keeps the process's first answer, and reports whether this is it.
func (in *invocation) respond(answer []byte, failed bool) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.answered {
		return false
	}
	in.answered, in.answer, in.failed = true, answer, failed
	return true
}

// fail ends an invocation whose process gave no answer. An answer that it gave
// counts: after a panic the process answers first and exits then.
func (in *invocation) fail(kind, message string) {
	in.respond(in.failure(kind, message), true)
}

func (in *invocation) isAnswered() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.answered
}

func (in *invocation) outcome() (payload []byte, failed bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.answer, in.failed
}

// failure is Lambda's own error payload.
func (in *invocation) failure(kind, message string) []byte {
	return failurePayload(kind, "RequestId: "+in.id+" Error: "+message)
}

func failurePayload(kind, message string) []byte {
	text, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil {
		return []byte(`{}`) // two strings always marshal
	}
	return text
}

// randomID is a random UUID (version 4).
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
