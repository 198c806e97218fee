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
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
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
	Token   string
	Success bool
	Output  string // SendTaskSuccess: the JSON output
	Error   string // SendTaskFailure
	Cause   string // SendTaskFailure
	Time    time.Time
}

// Fault is what goes wrong with a call.
type Fault = wire.Fault

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

// Note issues every TaskToken in a message: a JSON object, or one in a string of
// an envelope.
func (s *Server) Note(body string) {
	if strings.Contains(body, "TaskToken") {
		s.Issue(tokensIn(body, maxNesting)...)
	}
}

// maxNesting is how deep envelopes are opened, in JSON texts within texts.
const maxNesting = 4

// tokensIn finds the values of the members TaskToken.
func tokensIn(text string, depth int) (tokens []string) {
	var document any
	if depth == 0 || json.Unmarshal([]byte(text), &document, jsontext.AllowDuplicateNames(true)) != nil {
		return nil
	}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if token, ok := value["TaskToken"].(string); ok {
				tokens = append(tokens, token)
			}
			for _, member := range value {
				walk(member)
			}
		case []any:
			for _, element := range value {
				walk(element)
			}
		case string:
			if strings.Contains(value, "TaskToken") {
				tokens = append(tokens, tokensIn(value, depth-1)...)
			}
		}
	}
	walk(document)
	return tokens
}

// Answers returns what was answered so far, oldest first.
func (s *Server) Answers() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

// request is the input of both calls.
type request struct {
	TaskToken string `json:"taskToken"`
	Output    string `json:"output"`
	Error     string `json:"error"`
	Cause     string `json:"cause"`
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	body, err := wire.Read(w, r)
	var in request
	if err == nil {
		in, err = wire.Decode[request](action, body)
	}
	answer := Answer{Token: in.TaskToken, Success: action == "SendTaskSuccess", Output: in.Output, Error: in.Error, Cause: in.Cause}
	wire.Serve(w, r, wire.JSON{Version: "1.0"}, s.FaultOf(answer), action, func() (any, error) {
		if err != nil {
			return nil, err
		}
		if !answer.Success && action != "SendTaskFailure" {
			return nil, wire.Errorf("UnknownOperationException", "only SendTaskSuccess and SendTaskFailure are served here, not %s", action)
		}
		return struct{}{}, s.take(answer)
	})
}

// take keeps the answer, or refuses it.
func (s *Server) take(answer Answer) error {
	if err := check(answer); err != nil {
		return err
	}
	answer.Time = time.Now()
	if err := s.keep(answer); err != nil {
		return err
	}
	if s.Observe != nil {
		s.Observe(answer)
	}
	return nil
}

func (s *Server) keep(answer Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, known := s.waiting[answer.Token]
	switch {
	case !known:
		return wire.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
	case !waiting: // AWS says the same of a closed task and of an expired token
		return wire.Errorf("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	}
	s.waiting[answer.Token] = false
	s.answers = append(s.answers, answer)
	return nil
}

// check refuses what is over the documented limits.
func check(answer Answer) error {
	switch token := utf8.RuneCountInString(answer.Token); {
	case token == 0 || token > maxTokenLength:
		return wire.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
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
