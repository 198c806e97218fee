// Package bus is Amazon EventBridge in memory: PutEvents takes events, rules pass
// those that match on to a queue, and every accepted event is kept, so that
// tests and people can look at the events the function sends.
//
// A rule's event pattern may list sources and detail-types, nothing more. As on
// AWS, an event for an event bus that does not exist is accepted (and here kept
// too). There are no schedules, archives, transformers or delivery retries: a
// rule whose queue refuses makes its entry fail, so that the sender knows.
//
// Protocol: AWS JSON 1.1, X-Amz-Target AWSEvents.<Action>.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
package bus

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// TargetPrefix begins the X-Amz-Target header of every call of this service.
const TargetPrefix = "AWSEvents."

// defaultBus is where an entry without an EventBusName goes.
const defaultBus = "default"

// Config says whose EventBridge this is.
type Config struct {
	Account string // 12 digits
	Region  string
	// Observe, if set, is told of each accepted event.
	Observe func(Event)
}

// Send puts an event, as EventBridge writes it, on a queue.
type Send func(ctx context.Context, event string) error

// Rule passes matching events on.
type Rule struct {
	Name         string
	EventBusName string // name or ARN; "": the default event bus
	EventPattern string // JSON: {"source": ["…"], "detail-type": ["…"]}, either or both
	Send         Send
}

// Event is one accepted event.
type Event struct {
	ID         string
	Bus        string // the event bus's name
	Source     string
	DetailType string
	Time       time.Time
	Resources  []string
	Detail     jsontext.Value // as the sender wrote it
	Envelope   string         // the event as a rule's target gets it
}

// Fault is what goes wrong with a call.
type Fault = wire.Fault

// Server is one account's EventBridge. Make it with New; all methods are safe
// for concurrent use.
type Server struct {
	wire.Switch[*http.Request]
	config Config

	mu         sync.Mutex
	rules      []rule
	events     []Event
	entryFault func(Entry) (code, message string)
}

// New returns a Server without rules.
func New(config Config) *Server {
	return &Server{config: config}
}

// AddRule adds a rule for the events that come after it. The error names what
// in its event pattern is not served.
func (s *Server) AddRule(added Rule) error {
	pattern, err := parsePattern(added.EventPattern)
	if err != nil {
		return fmt.Errorf("the event pattern of rule %s: %w", added.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, rule{busName(added.EventBusName), pattern, added.Send})
	return nil
}

// Events returns the accepted events, oldest first.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// SetEntryFault makes those entries fail for which fault returns a code, while
// the rest of their request succeeds; nil ends that.
func (s *Server) SetEntryFault(fault func(Entry) (code, message string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entryFault = fault
}

// accept keeps one event and passes it on to the rules that match. It returns
// the first error of a rule's queue; the event counts as accepted only when
// there was none.
func (s *Server) accept(ctx context.Context, event Event) error {
	s.mu.Lock()
	rules := slices.Clone(s.rules)
	s.mu.Unlock()
	for _, rule := range rules {
		if rule.bus != event.Bus || !rule.pattern.matches(event) {
			continue
		}
		if err := rule.send(ctx, event.Envelope); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.events = append(s.events, event)
	s.mu.Unlock()
	if s.config.Observe != nil {
		s.config.Observe(event)
	}
	return nil
}

// busName takes the name out of an event bus's name or ARN.
func busName(nameOrARN string) string {
	if nameOrARN == "" {
		return defaultBus
	}
	if strings.HasPrefix(nameOrARN, "arn:") {
		_, name, _ := strings.Cut(nameOrARN, ":event-bus/")
		return name
	}
	return nameOrARN
}
