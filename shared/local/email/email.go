// Package email is Amazon SES for sending authorization policies, in memory: the
// four identity policy actions of the API version 2010-12-01 (Query protocol),
// and of the API v2 (REST JSON) the two that read identities with their
// policies, ListEmailIdentities and GetEmailIdentity.
//
// Where SES is not documented it is stricter than SES, so that what passes here
// passes there: the four actions share one call a second, the text counts
// against 4 KB as it was sent, and a condition key must be written as SES knows
// it. It reads policies by its own rules and shares no code with the check that
// the function makes, so that the two judge each other.
//
// It does not send mail, does not verify identities (every well-formed one
// counts as owned, and is listed once it had a policy) and does not check
// signatures. The calls of v2 have no limit.
//
// https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html
package email

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"sespolicy/shared/local/wire"
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
	Account, Region string
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
	wire.Switch[Call]
	config Config
	v2     http.Handler

	mu       sync.Mutex
	policies map[string]map[string]string // canonical identity, policy name, minified text; empty if it had one
	unknown  map[string]bool              // principals that IAM does not know (yet)
	calls    []*Call
	last     time.Time // arrival of the last call that was let through
	requests int       // numbers the request ids: a simulator has the same in every run
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

// Fault is what goes wrong with a call. The hook of SetFault is asked before the
// call is on its way; the Call that it gets has no time yet.
type Fault = wire.Fault

// NoAnswer is the Code of a call whose caller was told nothing.
const NoAnswer = "NoAnswer"

// New makes an SES without policies.
func New(config Config) *Server {
	config.Account = cmp.Or(config.Account, "123456789012")
	config.Region = cmp.Or(config.Region, "us-east-1")
	config.MinInterval = cmp.Or(config.MinInterval, defaultInterval)
	s := &Server{config: config, policies: map[string]map[string]string{}}
	s.v2 = s.routesV2()
	return s
}

// Policies is what is stored now: canonical identity, policy name, minified
// text. The caller may keep and change it.
func (s *Server) Policies() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]string, len(s.policies))
	for key, policies := range s.policies {
		if len(policies) > 0 {
			all[key] = maps.Clone(policies)
		}
	}
	return all
}

// Calls is the log of the four policy actions, in the order of arrival. It keeps
// the newest 262,144.
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

// AddIdentities makes identities that have no policies, for listing.
func (s *Server) AddIdentities(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if key, err := s.canonical(name); err == nil && s.policies[key] == nil {
			s.policies[key] = map[string]string{}
		}
	}
}

// arrive logs the call and checks it against the limit.
func (s *Server) arrive(call *Call) (requestID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Time, call.Code = time.Now(), NoAnswer
	if len(s.calls) == callsKept {
		s.calls = slices.Clone(s.calls[callsKept/2:])
	}
	s.calls = append(s.calls, call)
	s.requests++
	requestID = fmt.Sprintf("00000000-0000-4000-8000-%012x", s.requests)
	if !s.last.IsZero() && call.Time.Sub(s.last) < s.config.MinInterval {
		return requestID, wire.Errorf("Throttling", "Rate exceeded")
	}
	s.last = call.Time
	return requestID, nil
}

// answered completes the log entry of a call with its status, code and message.
func (s *Server) answered(call *Call, answer Call) {
	s.mu.Lock()
	call.Status, call.Code, call.Message = answer.Status, answer.Code, answer.Message
	told := *call
	s.mu.Unlock()
	if s.config.Observe != nil {
		s.config.Observe(told)
	}
}
