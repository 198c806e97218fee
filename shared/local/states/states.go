// Package states is the part of AWS Step Functions that ends a task which waits
// for a callback: SendTaskSuccess and SendTaskFailure. It remembers which task
// token got which answer.
//
// It runs no state machines. A token is known, as one that a task waits with,
// once Issue or Note told of it: Note finds the TaskToken of a message, which is
// how a task gives its token away (sqs:sendMessage.waitForTaskToken). Any other
// token is refused with InvalidToken, and one that has its answer with
// TaskTimedOut.
//
// Protocol: AWS JSON 1.0, X-Amz-Target AWSStepFunctions.<Action>.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
package states

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// TargetPrefix begins the X-Amz-Target header of every call of this service.
const TargetPrefix = "AWSStepFunctions."

// Limits of the two calls, from their API reference.
const (
	maxTokenLength = 2048   // characters of a task token
	maxOutputSize  = 262144 // bytes of SendTaskSuccess's output
	maxErrorLength = 256    // characters of SendTaskFailure's error
	maxCauseLength = 32768  // characters of SendTaskFailure's cause
)

// Answer is what one task token was told.
type Answer struct {
	Token   string    `json:"taskToken"`
	Success bool      `json:"-"`
	Output  string    `json:"output"` // SendTaskSuccess: the JSON output
	Error   string    `json:"error"`  // SendTaskFailure
	Cause   string    `json:"cause"`  // SendTaskFailure
	Time    time.Time `json:"-"`
}

// Server is one account's Step Functions. Make it with New; all methods are safe
// for concurrent use. The hook of SetFault is told the answer as it came, whose
// Time is zero.
type Server struct {
	wire.Switch[Answer]
	// Observe, if set, is told of each answer that was taken. Set it before the
	// first.
	Observe func(Answer)

	mu      sync.Mutex
	answers []Answer
	waiting map[string]bool // by token: false once it has its answer
}

// New returns a Server that knows no token.
func New() *Server { return &Server{waiting: map[string]bool{}} }

// Issue makes tokens known, as if tasks waited with them.
func (s *Server) Issue(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range tokens {
		if _, known := s.waiting[token]; !known && token != "" {
			s.waiting[token] = true
		}
	}
}

const member = "TaskToken"

// Note issues every TaskToken in a message: a JSON object, or one in a string of
// an envelope.
func (s *Server) Note(body string) {
	if !strings.Contains(body, member) {
		return
	}
	text, before := jsontext.NewDecoder(strings.NewReader(body), jsontext.AllowDuplicateNames(true)), ""
	for {
		token, err := text.ReadToken()
		if err != nil { // the end, or not JSON
			return
		}
		current := token.String()
		switch {
		case token.Kind() != '"':
		case before == member:
			s.Issue(current)
		default:
			s.Note(current)
		}
		before = current
	}
}

// Answers returns what was answered so far, oldest first.
func (s *Server) Answers() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

const success = "SendTaskSuccess"

var service = wire.Service[*Server, Answer]{
	JSON:       wire.JSON{Version: "1.0"},
	Operations: map[string]wire.Operation[*Server, Answer]{success: take, "SendTaskFailure": take},
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := service.Read(w, r, s)
	call.Input.Success = call.Action == success
	call.Serve(w, r, s.FaultOf(call.Input))
}

// take keeps the answer, or refuses it.
func take(_ context.Context, s *Server, answer Answer) (any, error) {
	if err := check(answer); err != nil {
		return nil, err
	}
	answer.Time = time.Now()
	s.mu.Lock()
	waiting, known := s.waiting[answer.Token]
	if waiting {
		s.waiting[answer.Token] = false
		s.answers = append(s.answers, answer)
	}
	s.mu.Unlock()
	switch {
	case !known:
		return nil, errInvalidToken
	case !waiting: // AWS says the same of a closed task and of an expired token
		return nil, wire.Errorf("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	case s.Observe != nil:
		s.Observe(answer)
	}
	return wire.Nothing{}, nil
}

var errInvalidToken = wire.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")

// check refuses what is over the documented limits.
func check(answer Answer) error {
	switch token := utf8.RuneCountInString(answer.Token); {
	case token == 0 || token > maxTokenLength:
		return errInvalidToken
	case answer.Success && len(answer.Output) > maxOutputSize:
		return wire.Errorf("ValidationException", "output: at most 262144 bytes")
	case answer.Success && !jsontext.Value(answer.Output).IsValid(jsontext.AllowDuplicateNames(true)):
		return wire.Errorf("InvalidOutput", "Invalid Output: the output is not JSON")
	case utf8.RuneCountInString(answer.Error) > maxErrorLength:
		return wire.Errorf("ValidationException", "error: at most 256 characters")
	case utf8.RuneCountInString(answer.Cause) > maxCauseLength:
		return wire.Errorf("ValidationException", "cause: at most 32768 characters")
	}
	return nil
}
