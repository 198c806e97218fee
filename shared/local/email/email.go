// Package email is Amazon SES for sending authorization policies, in memory: the
// four identity policy actions of the API version 2010-12-01 (Query protocol),
// and of the API v2 (REST JSON) those that read identities with their
// policies: ListEmailIdentities, GetEmailIdentity and GetEmailIdentityPolicies.
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
	"regexp"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local/wire"
)

// defaultInterval is SES's documented limit: "no more than once per second".
const defaultInterval = time.Second

// Config says which Region's SES it is. The zero value is that of [wire.Region]
// at one call a second.
type Config struct {
	Region string // wire.Region if empty
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
	config.Region = cmp.Or(config.Region, wire.Region)
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

// Calls is the log of the four policy actions, in the order of arrival.
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

// maxName is the documented length of a policy name, in characters.
const maxName = 64

var (
	nameCharacters = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// domain is what can be one at all: dotted labels, no spaces. SES takes
	// internationalized domains only in their ASCII form.
	domain = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)+$`)
)

// checkName refuses what cannot name a policy.
func checkName(name string) error {
	switch {
	case name == "":
		return violated("policyName", "Member must have length greater than or equal to 1")
	case len([]rune(name)) > maxName:
		return violated("policyName", "Member must have length less than or equal to 64")
	case !nameCharacters.MatchString(name):
		return invalidParameter("PolicyName is invalid. Policy names must only include alpha-numeric characters, dashes, and underscores.")
	}
	return nil
}

// canonical is the one form of an identity given by name or ARN: a domain is
// lower-case, an address stays as it is written, for SES keeps
// a@EXAMPLE.com and a@example.com apart. An ARN must be of this account and
// Region.
func (s *Server) canonical(identity string) (string, error) {
	name := identity
	if strings.HasPrefix(identity, "arn:") {
		own := strings.Join([]string{"arn:aws:ses", s.config.Region, wire.Account, "identity/"}, ":")
		var ours bool
		if name, ours = strings.CutPrefix(identity, own); !ours {
			return "", invalidParameter("Invalid identity ARN: " + identity)
		}
	}
	at := strings.LastIndexByte(name, '@')
	if at == 0 || at > 0 && strings.ContainsAny(name[:at], " \t\r\n") {
		return "", invalidParameter("Invalid email address " + name + ".")
	}
	if host := name[at+1:]; !domain.MatchString(host) {
		return "", invalidParameter("Invalid domain name " + host + ".")
	}
	if at > 0 {
		return name, nil
	}
	return strings.ToLower(name), nil
}

func invalidPolicy(message string) error { return wire.Errorf("InvalidPolicy", "%s", message) }

func invalidParameter(message string) error {
	return wire.Errorf("InvalidParameterValue", "%s", message)
}

// violated is the refusal of a length, in the words of the service's front end.
func violated(member, constraint string) error {
	return wire.Errorf("ValidationError", "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint)
}
