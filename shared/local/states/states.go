// Package states plays the two calls of AWS Step Functions with which a task that waits for a
// callback is ended: SendTaskSuccess and SendTaskFailure. It remembers which task token got which
// answer. It runs no state machines: every token is taken for one that waits, until it has its
// answer.
//
// Protocol: AWS JSON 1.0, X-Amz-Target AWSStepFunctions.<Action>.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
package states

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TargetPrefix begins the X-Amz-Target header of every request that belongs here.
const TargetPrefix = "AWSStepFunctions."

// Limits of the two calls, from their API reference.
const (
	maxTokenLength = 2048   // characters of a task token
	maxOutputSize  = 262144 // bytes of SendTaskSuccess's output
	maxErrorLength = 256    // characters of SendTaskFailure's error
	maxCauseLength = 32768  // characters of SendTaskFailure's cause
	maxRequestSize = 1 << 20
)

// Answer is what one task token was told.
type Answer struct {
	Token   string
	Success bool
	Output  string // SendTaskSuccess: the JSON output
	Error   string // SendTaskFailure
	Cause   string // SendTaskFailure
	Time    time.Time
}

// Fault answers a request in the service's place. It reports whether it has.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Server plays Step Functions. Make it with New; all methods are safe for concurrent use.
type Server struct {
	mu         sync.Mutex
	answers    []Answer
	answered   map[string]bool
	fault      Fault
	tokenFault func(token string) string
}

// New returns a Server that has answered nothing yet.
func New() *Server {
	return &Server{answered: map[string]bool{}}
}

// Answers returns what was answered so far, oldest first.
func (s *Server) Answers() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Answer(nil), s.answers...)
}

// SetFault lets fault answer every request first; nil ends that.
func (s *Server) SetFault(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// SetTokenFault refuses the tokens for which fault names an error code, such as TaskTimedOut,
// InvalidToken or TaskDoesNotExist; nil ends that.
func (s *Server) SetTokenFault(fault func(token string) (code string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenFault = fault
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestSize))
	if err != nil {
		refuse(w, "SerializationException", "the request could not be read: "+err.Error())
		return
	}
	var in struct {
		TaskToken string `json:"taskToken"`
		Output    string `json:"output"`
		Error     string `json:"error"`
		Cause     string `json:"cause"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, "SerializationException", "the request is not the JSON of this call: "+err.Error())
		return
	}
	answer := Answer{Token: in.TaskToken, Output: in.Output, Error: in.Error, Cause: in.Cause}
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	switch action {
	case "SendTaskSuccess":
		answer.Success = true
	case "SendTaskFailure":
	default:
		refuse(w, "UnknownOperationException", "only SendTaskSuccess and SendTaskFailure are served here, not "+action)
		return
	}
	if code, message := s.take(answer); code != "" {
		refuse(w, code, message)
		return
	}
	reply(w, http.StatusOK, "{}")
}

// take keeps the answer, or says with which code and message it is refused.
func (s *Server) take(answer Answer) (code, message string) {
	if code, message := check(answer); code != "" {
		return code, message
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokenFault != nil {
		if code := s.tokenFault(answer.Token); code != "" {
			return code, "the local Step Functions was told to refuse this token"
		}
	}
	// AWS says the same of a token whose task is closed and of one that has expired.
	if s.answered[answer.Token] {
		return "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"
	}
	answer.Time = time.Now()
	s.answered[answer.Token] = true
	s.answers = append(s.answers, answer)
	return "", ""
}

// check holds an answer against the documented limits.
func check(answer Answer) (code, message string) {
	switch token := utf8.RuneCountInString(answer.Token); {
	case token == 0 || token > maxTokenLength:
		return "InvalidToken", "Invalid Token: 'Invalid token'"
	case answer.Success && len(answer.Output) > maxOutputSize:
		return "ValidationException", "output: at most 262144 bytes"
	case answer.Success && !jsontext.Value(answer.Output).IsValid(jsontext.AllowDuplicateNames(true)):
		return "InvalidOutput", "Invalid Output: the output is not JSON"
	case utf8.RuneCountInString(answer.Error) > maxErrorLength:
		return "ValidationException", "error: at most 256 characters"
	case utf8.RuneCountInString(answer.Cause) > maxCauseLength:
		return "ValidationException", "cause: at most 32768 characters"
	}
	return "", ""
}

func refuse(w http.ResponseWriter, code, message string) {
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{code, message}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		body = []byte("{}")
	}
	w.Header().Set("X-Amzn-ErrorType", code)
	reply(w, http.StatusBadRequest, string(body))
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client is gone: nobody to tell
}
