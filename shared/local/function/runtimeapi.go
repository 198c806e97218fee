package function

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sespolicy/shared/local/wire"
)

// maxResponse is Lambda's limit for a function's response.
const maxResponse = 6291556

// api is the Runtime API of version 2018-06-01, for this environment's process.
func (e *environment) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.failure)
	return mux
}

// next ends the invocation that was handed out, and waits for another.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	if !e.finish() {
		write(w, http.StatusForbidden, failurePayload("InvalidStateTransition", "the invocation handed out before has no response yet"))
		return
	}
	select {
	case in := <-e.work:
		e.handOver(w, in)
	case <-e.gone:
	case <-r.Context().Done():
	}
}

// finish ends the current invocation, and reports whether it could.
func (e *environment) finish() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current != nil {
		if e.current.answer.Load() == nil {
			return false
		}
		close(e.current.over)
		e.current = nil
	}
	if !e.isReady {
		e.isReady = true
		close(e.ready)
	}
	return true
}

func (e *environment) handOver(w http.ResponseWriter, in *invocation) {
	e.mu.Lock()
	e.current = in
	e.mu.Unlock()
	digits := strings.ReplaceAll(wire.NewID(), "-", "")
	for name, value := range map[string]string{
		"Aws-Request-Id":       in.id,
		"Deadline-Ms":          strconv.FormatInt(in.deadline.UnixMilli(), 10),
		"Invoked-Function-Arn": e.function.ARN(),
		"Trace-Id":             "Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + digits[:24] + ";Parent=" + digits[16:] + ";Sampled=0",
	} {
		w.Header().Set("Lambda-Runtime-"+name, value)
	}
	write(w, http.StatusOK, in.payload) // the exit of the process ends the invocation
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) { e.answer(w, r, false) }

func (e *environment) failure(w http.ResponseWriter, r *http.Request) { e.answer(w, r, true) }

// answer keeps what the process posted for the invocation in the path, which must
// be in progress and without an answer.
func (e *environment) answer(w http.ResponseWriter, r *http.Request, failed bool) {
	e.mu.Lock()
	in := e.current
	e.mu.Unlock()
	if in == nil || in.id != r.PathValue("id") {
		write(w, http.StatusBadRequest, failurePayload("InvalidRequestID", "no invocation "+r.PathValue("id")+" is in progress here"))
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if err != nil {
		write(w, http.StatusBadRequest, failurePayload("TruncatedResponse", err.Error()))
		return
	}
	status := http.StatusAccepted
	if len(body) > maxResponse {
		status, failed = http.StatusRequestEntityTooLarge, true
		body = failurePayload("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
	}
	if !in.respond(body, failed) {
		write(w, http.StatusForbidden, failurePayload("InvalidStateTransition", "the invocation has its response"))
		return
	}
	write(w, status, []byte(`{"status":"OK"}`))
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a process that has gone is noticed by its exit
}
