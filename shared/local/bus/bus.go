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
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// TargetPrefix begins the X-Amz-Target header of every call of this service.
const TargetPrefix = "AWSEvents."

// Send puts an event, as EventBridge writes it, on a queue.
type Send func(ctx context.Context, event string) error

// Rule passes matching events on.
type Rule struct {
	Name         string
	EventBusName string // name or ARN; "": the default event bus
	EventPattern string // JSON: {"source": ["…"], "detail-type": ["…"]}, either or both
	Send         Send

	pattern pattern
}

// pattern is the part of EventBridge's event patterns that is served: an event
// matches when each list that is there has its value.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type pattern struct {
	Source     []string `json:"source"`
	DetailType []string `json:"detail-type"`
}

func (r Rule) matches(e Event) bool {
	return busName(r.EventBusName) == e.Bus &&
		(len(r.pattern.Source) == 0 || slices.Contains(r.pattern.Source, e.Source)) &&
		(len(r.pattern.DetailType) == 0 || slices.Contains(r.pattern.DetailType, e.DetailType))
}

// Event is one accepted event. Its JSON is what a rule's target gets.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
type Event struct {
	Version    string         `json:"version"`
	ID         string         `json:"id"`
	DetailType string         `json:"detail-type"`
	Source     string         `json:"source"`
	Account    string         `json:"account"`
	Time       time.Time      `json:"time"`
	Region     string         `json:"region"`
	Resources  []string       `json:"resources"` // an empty list, never null
	Detail     jsontext.Value `json:"detail"`    // as the sender wrote it
	Bus        string         `json:"-"`         // the event bus's name
	Envelope   string         `json:"-"`         // the JSON
}

// Server is EventBridge. Make it with New; all methods are safe for concurrent
// use.
type Server struct {
	wire.Switch[*http.Request]
	// Observe, if set, is told of each accepted event. Set it before the first.
	Observe func(Event)
	entries wire.Switch[Entry]

	mu     sync.Mutex
	rules  []Rule
	events []Event
}

// New returns a Server without rules.
func New() *Server { return &Server{} }

// AddRule adds a rule for the events that come after it. The error names what
// in its event pattern is not served.
func (s *Server) AddRule(added Rule) error {
	p := &added.pattern
	if err := json.Unmarshal([]byte(added.EventPattern), p, json.RejectUnknownMembers(true)); err != nil || len(p.Source)+len(p.DetailType) == 0 {
		return fmt.Errorf("the event pattern of rule %s: got %q, want lists of strings by source, detail-type or both", added.Name, added.EventPattern)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, added)
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
func (s *Server) SetEntryFault(fault func(Entry) wire.Fault) { s.entries.SetFault(fault) }

// accept passes one event on to the rules that match, and keeps it. It returns
// the first error of a rule's queue; the event counts as accepted only when
// there was none.
func (s *Server) accept(ctx context.Context, event Event) error {
	s.mu.Lock()
	rules := slices.Clone(s.rules)
	s.mu.Unlock()
	for _, rule := range rules {
		if rule.matches(event) {
			if err := rule.Send(ctx, event.Envelope); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	s.events = append(s.events, event)
	s.mu.Unlock()
	if s.Observe != nil {
		s.Observe(event)
	}
	return nil
}

// busName takes the name out of an event bus's name or ARN.
func busName(nameOrARN string) string {
	_, name, isARN := strings.Cut(nameOrARN, ":event-bus/")
	if !isARN {
		name = nameOrARN
	}
	return cmp.Or(name, "default")
}
