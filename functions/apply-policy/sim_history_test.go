package main

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local/mapping"
)

// history is what happened, and what must not have happened.
type history struct {
	lock       sync.Mutex
	lines      []line
	violations []violation
}

// line is something that happened; key is empty where it is about everything.
type line struct {
	at        time.Duration
	key, text string
}

// violation is a rule that was broken.
type violation struct{ rule, key, text string }

func (s *simulation) note(key, format string, values ...any) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.lines = append(s.lines, line{time.Since(s.began), key, fmt.Sprintf(format, values...)})
}

func (s *simulation) violate(rule, key, format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	s.note(key, "BROKEN: %s: %s", rule, text)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.violations = append(s.violations, violation{rule, key, text})
}

// linesShown is how much of a history is printed.
const linesShown = 100

// report is the violations, the scenario, and what happened to the key of the
// first one.
func (s *simulation) report() string {
	var b strings.Builder
	for _, v := range s.violations {
		fmt.Fprintf(&b, "  %s: %s %s\n", v.rule, v.key, v.text)
	}
	fmt.Fprintf(&b, "  %v\n", s.scenario)
	for _, spell := range s.scenario.spells {
		fmt.Fprintf(&b, "  %v\n", spell)
	}
	key := s.violations[0].key
	shown := slices.DeleteFunc(slices.Clone(s.lines), func(l line) bool { return key != "" && l.key != "" && l.key != key })
	for _, l := range shown[max(0, len(shown)-linesShown):] {
		fmt.Fprintf(&b, "  %12v %s\n", l.at.Round(time.Millisecond), l.text)
	}
	return b.String()
}

// request is the request that a message is.
func (s *simulation) request(id string) *asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}

// watch notes what the mapping makes of a batch. Two copies of one message in
// one batch share a name in its response: what is said of one holds for both.
func (s *simulation) watch(event mapping.Event) {
	seen := map[string]bool{}
	for _, m := range event.Failed {
		if seen[m.ID] {
			s.again.add(m.ID)
		}
		seen[m.ID] = true
	}
	for _, m := range event.Messages {
		a := s.request(m.ID)
		switch event.Kind {
		case mapping.QueueError: // the delete failed, so it comes again
			s.again.add(m.ID)
			s.note(a.key(), "#%d could not be deleted: %v", a.number, event.Err)
		case mapping.Throttled:
		case mapping.Completed:
			if !m.VisibleAt.After(time.Now()) { // somebody else may have it by now
				s.again.add(m.ID)
			}
			s.spent.add(m.ID)
		default:
			s.spent.add(m.ID)
			s.note(a.key(), "#%d goes back: %s", a.number, event.Kind)
		}
	}
}

// requestIDs are what the SDK's errors have that no seed decides.
var requestIDs = regexp.MustCompile(`RequestID: [^,]*, `)

// listener is the function's log: what the handler says of each delivery.
type listener struct{ in *instance }

// Enabled takes everything.
func (listener) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs and WithGroup are for loggers that the handler does not make.
func (l listener) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup is as WithAttrs.
func (l listener) WithGroup(string) slog.Handler { return l }

// Handle notes one line.
func (l listener) Handle(_ context.Context, record slog.Record) error {
	values := map[string]slog.Value{}
	record.Attrs(func(a slog.Attr) bool {
		values[a.Key] = a.Value
		return true
	})
	s := l.in.s
	if record.Message != "request" {
		if a := s.request(values["messageId"].String()); a != nil && record.Message == "the reply was not delivered" {
			s.givenUp.add(a.origin().id)
		}
		s.note("", "log: %s %s", record.Message, requestIDs.ReplaceAllString(values["error"].String(), ""))
		return nil
	}
	said := &delivery{
		during: l.in.running, asked: s.request(values["messageId"].String()), receives: int(values["receiveCount"].Int64()),
		outcome: values["outcome"].String(),
	}
	if code, ok := values["code"]; ok {
		said.code = code.String()
	}
	if said.asked == nil {
		s.violate(ruleEnds, "", "a delivery of no request: %v", values)
		return nil
	}
	l.in.running.said = append(l.in.running.said, said)
	s.mu.Lock()
	s.deliveries = append(s.deliveries, said)
	if _, ended := s.endedAt[said.origin()]; !ended && said.tookEffect() {
		s.endedAt[said.origin()] = time.Since(s.began)
	}
	s.mu.Unlock()
	s.note(said.key(), "#%d is %s %s (receive %d, instance %d)", said.number, said.outcome, said.code, said.receives, l.in.number)
	s.checkSaid(said)
	return nil
}

// tookEffect reports whether SES took the request, or something newer.
func (d *delivery) tookEffect() bool {
	return d.outcome == "Applied" || d.outcome == "Deleted" || d.outcome == "Superseded"
}
