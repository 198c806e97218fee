package local

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
)

// requestsKept bounds the memory of a stack that runs for days.
const requestsKept = 1 << 16

// Request is one delivery of a request, as the function logged it.
type Request struct {
	Time         time.Time `json:"timestamp"`
	Level        string    `json:"level"`
	MessageID    string    `json:"messageId"`
	Source       string    `json:"source"`   // what kind of envelope it came in
	SourceID     string    `json:"sourceId"` // the envelope's own id: of a custom resource request, its RequestId
	Action       string    `json:"action"`
	Identity     string    `json:"identity"`
	PolicyName   string    `json:"policyName"`
	Outcome      string    `json:"outcome"` // Applied, Deleted, Rejected, Superseded or Retry
	Code         string    `json:"code"`
	Reason       string    `json:"reason"`
	ReceiveCount int       `json:"receiveCount"`
	QueuedMS     int64     `json:"queuedMs"` // from when it was sent to its outcome
	CallMS       int64     `json:"callMs"`   // of the SES call
	RequestID    string    `json:"requestId"`
}

// Final reports whether the message does not come back to the queue.
func (r Request) Final() bool { return r.Outcome != "Retry" }

// journal keeps what the function logged of requests.
type journal struct {
	mu       sync.Mutex
	requests []Request
	final    map[string]bool // message ids with a final outcome
	finished map[string]bool // message ids that the function did not hand back
	changed  chan struct{}   // closed and replaced at each addition
}

func newJournal() *journal {
	return &journal{final: map[string]bool{}, finished: map[string]bool{}, changed: make(chan struct{})}
}

func (j *journal) add(request Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.requests) == requestsKept {
		for _, old := range j.requests[:requestsKept/2] {
			delete(j.final, old.MessageID)
			delete(j.finished, old.MessageID)
		}
		j.requests = slices.Clone(j.requests[requestsKept/2:])
	}
	j.requests = append(j.requests, request)
	j.final[request.MessageID] = j.final[request.MessageID] || request.Final()
	j.wake()
}

// finish records the messages of a batch that has ended.
func (j *journal) finish(event mapping.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, message := range event.Messages {
		j.finished[message.ID] = true
	}
	for _, message := range event.Failed {
		delete(j.finished, message.ID)
	}
	j.wake()
}

func (j *journal) wake() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// open returns the message ids without a final outcome, and a channel that is
// closed at the next change. The function logs an outcome before its batch ends;
// both must have happened.
func (j *journal) open(ids []string) (open []string, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		if !j.final[id] || !j.finished[id] {
			open = append(open, id)
		}
	}
	return open, j.changed
}

// Requests is what the function logged of each delivery, oldest first. The newest
// 65,536 are kept.
func (s *Stack) Requests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.requests)
}

// Await waits until each of the messages has a final outcome. If ctx ends
// first, it returns those that have none.
func (s *Stack) Await(ctx context.Context, ids ...string) (open []string) {
	for {
		open, changed := s.journal.open(ids)
		if len(open) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return open
		}
	}
}

// readLine handles a line that the function wrote: a request's outcome, a metric
// (which is dropped), or any other.
func (s *Stack) readLine(line string) {
	request, kind := parseLine(line)
	switch kind {
	case requestLine:
		s.journal.add(request)
		s.tell(s.config.Observer.Request != nil, func() { s.config.Observer.Request(request) })
	case otherLine:
		s.tell(s.config.Observer.Line != nil, func() { s.config.Observer.Line(line) })
	}
}

type lineKind int

const (
	otherLine lineKind = iota
	requestLine
	metricLine
)

func parseLine(line string) (Request, lineKind) {
	var parsed struct {
		Request
		Message string          `json:"message"`
		Metric  json.RawMessage `json:"_aws"` // of the embedded metric format
	}
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &parsed) != nil {
		return Request{}, otherLine
	}
	switch {
	case parsed.Metric != nil:
		return Request{}, metricLine
	case parsed.Message == "request" && parsed.MessageID != "":
		return parsed.Request, requestLine
	}
	return Request{}, otherLine
}

func (s *Stack) observeMapping(event mapping.Event) {
	if event.Kind == mapping.Completed {
		s.journal.finish(event)
	}
	s.tell(s.config.Observer.Mapping != nil, func() { s.config.Observer.Mapping(event) })
}

func (s *Stack) observeCall(call email.Call) {
	s.tell(s.config.Observer.Call != nil, func() { s.config.Observer.Call(call) })
}

// tell calls an observer, one at a time.
func (s *Stack) tell(set bool, observer func()) {
	if !set {
		return
	}
	s.observer.Lock()
	defer s.observer.Unlock()
	observer()
}
