package local

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local/mapping"
)

// kept bounds each list of the journal, for a stack that runs for days.
const kept = 1 << 16

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

// journal keeps what became of requests.
type journal struct {
	mu       sync.Mutex
	requests []Request
	replies  []Reply
	finished map[string]bool // message ids that the function did not hand back
	changed  chan struct{}   // closed and replaced when finished changes
}

func (j *journal) add(request Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.requests) == kept {
		for _, old := range j.requests[:kept/2] {
			delete(j.finished, old.MessageID)
		}
	}
	j.requests = newest(j.requests, request)
}

// newest adds an entry, and drops the older half of a list that is full.
func newest[T any](list []T, entry T) []T {
	if len(list) == kept {
		list = slices.Clone(list[kept/2:])
	}
	return append(list, entry)
}

// finish records the messages of a batch that has ended. Their lines in the log
// came before.
func (j *journal) finish(event mapping.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, message := range event.Messages {
		j.finished[message.ID] = true
	}
	for _, message := range event.Failed {
		delete(j.finished, message.ID)
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// open returns the message ids without a final outcome, and a channel that is
// closed at the next change.
func (j *journal) open(ids []string) (open []string, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		if !j.finished[id] {
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
// in the embedded format (which is dropped), or any other.
func (s *Stack) readLine(line string) {
	var parsed struct {
		Request
		Message string          `json:"message"`
		Metric  json.RawMessage `json:"_aws"`
	}
	isJSON := strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &parsed) == nil
	switch {
	case isJSON && parsed.Metric != nil:
	case isJSON && parsed.Message == "request" && parsed.MessageID != "":
		s.journal.add(parsed.Request)
		tell(s, s.config.Observer.Request, parsed.Request)
	default:
		tell(s, s.config.Observer.Line, line)
	}
}

func (s *Stack) observeMapping(event mapping.Event) {
	if event.Kind == mapping.Completed {
		s.journal.finish(event)
	}
	tell(s, s.config.Observer.Mapping, event)
}

// tell calls an observer if there is one. One is called at a time.
func tell[T any](s *Stack, observer func(T), what T) {
	if observer == nil {
		return
	}
	s.observer.Lock()
	defer s.observer.Unlock()
	observer(what)
}
