package function

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxResponse is Lambda's limit for a function's response.
const maxResponse = 6291556

// api is the Runtime API of version 2018-06-01, for this environment's process.
func (e *environment) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initFailed)
	return mux
}

// next ends the invocation that was handed out, and waits for another.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	if e.current != nil {
		if !e.current.isAnswered() {
			e.mu.Unlock()
			status(w, http.StatusForbidden, "InvalidStateTransition", "the invocation handed out before has no response yet")
			return
		}
		close(e.current.over)
		e.current = nil
	}
	if !e.isReady {
		e.isReady = true
		close(e.ready)
	}
	e.mu.Unlock()

	select {
	case in := <-e.work:
		e.handOver(w, in)
	case <-e.gone:
	case <-r.Context().Done():
	}
}

func (e *environment) handOver(w http.ResponseWriter, in *invocation) {
	e.mu.Lock()
	e.current = in
	e.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", in.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", e.function.ARN())
	header.Set("Lambda-Runtime-Trace-Id", traceID())
	_, _ = w.Write(in.payload) // the exit of the process ends the invocation
}

// traceID is an X-Ray header: the time, random digits, and not sampled.
func traceID() string {
	digits := strings.ReplaceAll(randomID(), "-", "")
	return "Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + digits[:24] + ";Parent=" + digits[16:] + ";Sampled=0"
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	in := e.invocation(w, r)
	if in == nil {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if err != nil {
		status(w, http.StatusBadRequest, "TruncatedResponse", err.Error())
		return
	}
	if len(body) > maxResponse {
		in.respond(failurePayload("Function.ResponseSizeTooLarge",
			"Response payload size exceeded maximum allowed payload size (6291556 bytes)."), true)
		status(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the response is larger than 6291556 bytes")
		return
	}
	// A response that failed while it was written says so behind its body.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		text, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		if err != nil || len(text) == 0 {
			text = failurePayload(kind, "the response could not be written")
		}
		accept(w, in.respond(text, true))
		return
	}
	accept(w, in.respond(body, false))
}

func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	in := e.invocation(w, r)
	if in == nil {
		return
	}
	accept(w, in.respond(errorBody(r), true))
}

func (e *environment) initFailed(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.initError = errorBody(r)
	e.mu.Unlock()
	accept(w, true)
}

// errorBody is the error that a process posted. A body that is not JSON becomes
// the message.
func errorBody(r *http.Request) []byte {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse))
	if err == nil && json.Valid(body) {
		return body
	}
	return failurePayload(cmp.Or(r.Header.Get("Lambda-Runtime-Function-Error-Type"), "UnknownError"), string(body))
}

// invocation is the one whose id is in the path. If it was not handed out or is
// over, the result is nil and the request is answered.
func (e *environment) invocation(w http.ResponseWriter, r *http.Request) *invocation {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != r.PathValue("id") {
		status(w, http.StatusBadRequest, "InvalidRequestID", "no invocation "+r.PathValue("id")+" is in progress here")
		return nil
	}
	return e.current
}

// accept is the answer to a post: 202, or 403 if another came first.
func accept(w http.ResponseWriter, first bool) {
	if !first {
		status(w, http.StatusForbidden, "InvalidStateTransition", "the invocation has its response")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// status is an error answer of the Runtime API.
func status(w http.ResponseWriter, code int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(failurePayload(kind, message))
}
