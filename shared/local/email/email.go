// Package email plays Amazon SES for sending authorization policies: the four
// identity policy actions of the API version 2010-12-01, in the Query protocol
// that the AWS CLI and the SDKs speak.
//
// It is stricter than SES wherever SES is not documented, so that what passes
// here passes there: the four actions share one call a second, the text counts
// against 4 KB as it was sent, and a condition key must be written as SES knows
// it. It reads policies by its own rules and shares no code with the check that
// the function makes, so that the two judge each other.
//
// It does not send mail, does not verify identities (every well-formed one is
// taken as owned) and does not check signatures.
//
// https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html
package email

import (
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// defaultInterval is SES's documented limit: "no more than once per second".
	defaultInterval = time.Second
	// callsKept bounds the log of a server that runs for days.
	callsKept = 1 << 18
)

// Config says whose SES it is. The zero value is account 123456789012 in
// us-east-1 at one call a second.
type Config struct {
	Partition, Account, Region string
	// MinInterval is the least time from the arrival of one call that was let
	// through to the arrival of the next. 0 is SES's own second, negative is
	// no limit.
	MinInterval time.Duration
	// Observe, if set, is told of each call once it is answered.
	Observe func(Call)
}

// Server is one account's SES in one Region. Make it with New; it is safe for
// concurrent use.
type Server struct {
	config Config

	mu       sync.Mutex
	policies map[string]map[string]string // canonical identity, policy name, minified text
	unknown  map[string]bool              // principals that IAM does not know (yet)
	fault    func(Call) Fault
	calls    []*Call
	last     time.Time // arrival of the last call that was let through
	requests int       // numbers the request ids
}

// Call is one call as SES saw it.
type Call struct {
	// Time is when it arrived.
	Time                         time.Time
	Action, Identity, PolicyName string
	// Key is the identity in its one canonical form, empty if it has none.
	Key string
	// Status is the HTTP status answered, 0 if no answer was given (yet).
	Status int
	// Code and Message are the error answered. Code is empty when the call was
	// accepted, NoAnswer when its caller was told nothing.
	Code, Message string
}

// NoAnswer is the Code of a call whose caller was told nothing.
const NoAnswer = "NoAnswer"

// New makes an SES without policies.
func New(config Config) *Server {
	if config.Partition == "" {
		config.Partition = "aws"
	}
	if config.Account == "" {
		config.Account = "123456789012"
	}
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if config.MinInterval == 0 {
		config.MinInterval = defaultInterval
	}
	return &Server{config: config, policies: map[string]map[string]string{}}
}

// Policies is what is stored now: canonical identity, policy name, minified
// text. The caller may keep and change it.
func (s *Server) Policies() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]string, len(s.policies))
	for key, policies := range s.policies {
		all[key] = maps.Clone(policies)
	}
	return all
}

// Calls is the log, in the order of arrival. It keeps the newest 262,144.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, call := range s.calls {
		calls[i] = *call
	}
	return calls
}

// SetUnknownPrincipals replaces the set of principals that IAM does not know: a
// policy naming one is refused as SES refuses a principal made seconds ago.
func (s *Server) SetUnknownPrincipals(principals ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknown = map[string]bool{}
	for _, principal := range principals {
		s.unknown[principal] = true
	}
}

// arrive logs the call and holds it against the limit.
func (s *Server) arrive(call *Call) (requestID int, refusal *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Time, call.Code = time.Now(), NoAnswer
	if len(s.calls) == callsKept {
		s.calls = slices.Clone(s.calls[callsKept/2:])
	}
	s.calls = append(s.calls, call)
	s.requests++
	if !s.last.IsZero() && call.Time.Sub(s.last) < s.config.MinInterval {
		return s.requests, throttled()
	}
	s.last = call.Time
	return s.requests, nil
}

// answered completes the log entry of a call.
func (s *Server) answered(call *Call, status int, code, message string) {
	s.mu.Lock()
	call.Status, call.Code, call.Message = status, code, message
	told := *call
	s.mu.Unlock()
	if s.config.Observe != nil {
		s.config.Observe(told)
	}
}
