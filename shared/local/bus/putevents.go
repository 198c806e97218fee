package bus

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// Limits of PutEvents, from its API reference and "Calculating PutEvents event entry size".
const (
	maxEntries    = 10
	maxTotalSize  = 1 << 20 // bytes of all entries of a request
	maxDetailType = 128     // characters
	timeSize      = 14      // bytes that an entry's Time counts for
)

// Entry is one event as its sender wrote it.
type Entry struct {
	Source       string   `json:"Source"`
	DetailType   string   `json:"DetailType"`
	Detail       string   `json:"Detail"`
	EventBusName string   `json:"EventBusName"`
	Resources    []string `json:"Resources"`
	Time         *float64 `json:"Time"` // seconds since 1970
}

// size is what EventBridge counts an entry as, in bytes.
func (e Entry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	for _, resource := range e.Resources {
		n += len(resource)
	}
	if e.Time != nil {
		n += timeSize
	}
	return n
}

// result is the answer to one entry: an id, or a code and a message.
type result struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:"ErrorCode,omitempty"`
	ErrorMessage string `json:"ErrorMessage,omitempty"`
}

// answer is what PutEvents answers.
type answer struct {
	FailedEntryCount int
	Entries          []result
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := wire.Read(w, r)
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	wire.Serve(w, r, wire.JSON{Version: "1.1"}, s.FaultOf(r), action, func() (any, error) {
		if err != nil {
			return nil, err
		}
		if action != "PutEvents" {
			return nil, wire.Errorf("UnknownOperationException", "only PutEvents is served here, not %s", action)
		}
		in, err := wire.Decode[struct{ Entries []Entry }](action, body)
		if err != nil {
			return nil, err
		}
		return s.putEvents(r.Context(), in.Entries)
	})
}

func (s *Server) putEvents(ctx context.Context, entries []Entry) (out answer, err error) {
	if err := checkRequest(entries); err != nil {
		return out, err
	}
	for _, entry := range entries {
		one := s.put(ctx, entry)
		if one.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, one)
	}
	return out, nil
}

// checkRequest refuses what makes EventBridge refuse a whole request. An entry
// that lacks something only fails itself.
func checkRequest(entries []Entry) error {
	if len(entries) == 0 || len(entries) > maxEntries {
		return wire.Errorf("ValidationException", "1 validation error detected: Value at 'entries' failed to satisfy constraint: "+
			"Member must have length between 1 and %d, not %d", maxEntries, len(entries))
	}
	size := 0
	for _, entry := range entries {
		size += entry.size()
	}
	if size > maxTotalSize {
		return wire.Errorf("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	return nil
}

// put takes one entry in.
func (s *Server) put(ctx context.Context, entry Entry) result {
	if refused := s.checkEntry(entry); refused.ErrorCode != "" {
		return refused
	}
	event := Event{
		ID:         wire.NewID(),
		Bus:        busName(entry.EventBusName),
		Source:     entry.Source,
		DetailType: entry.DetailType,
		Time:       time.Now(),
		Resources:  entry.Resources,
		Detail:     jsontext.Value(entry.Detail),
	}
	if entry.Time != nil {
		event.Time = time.Unix(0, int64(*entry.Time*1e9))
	}
	envelope, err := s.envelope(event)
	if err != nil {
		return result{ErrorCode: "MalformedDetail", ErrorMessage: err.Error()}
	}
	event.Envelope = envelope
	if err := s.accept(ctx, event); err != nil {
		return result{ErrorCode: "InternalFailure", ErrorMessage: err.Error()}
	}
	return result{EventID: event.ID}
}

// checkEntry finds what makes EventBridge refuse one entry.
func (s *Server) checkEntry(entry Entry) result {
	s.mu.Lock()
	fault := s.entryFault
	s.mu.Unlock()
	if fault != nil {
		if code, message := fault(entry); code != "" {
			return result{ErrorCode: code, ErrorMessage: message}
		}
	}
	missing := func(name string) result {
		return result{ErrorCode: "InvalidArgument", ErrorMessage: fmt.Sprintf("Parameter %s is not valid. Reason: %[1]s is a required argument.", name)}
	}
	detail := jsontext.Value(entry.Detail)
	switch {
	case entry.Source == "":
		return missing("Source")
	case entry.DetailType == "":
		return missing("DetailType")
	case entry.Detail == "":
		return missing("Detail")
	case utf8.RuneCountInString(entry.DetailType) > maxDetailType:
		return result{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter DetailType is not valid. Reason: at most 128 characters."}
	case strings.HasPrefix(entry.Source, "aws."):
		return result{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	case !detail.IsValid(jsontext.AllowDuplicateNames(true)) || detail.Kind() != '{':
		return result{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	return result{}
}

// envelope writes an event as EventBridge hands it to a rule's target.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
func (s *Server) envelope(event Event) (string, error) {
	text, err := json.Marshal(struct {
		Version    string         `json:"version"`
		ID         string         `json:"id"`
		DetailType string         `json:"detail-type"`
		Source     string         `json:"source"`
		Account    string         `json:"account"`
		Time       string         `json:"time"`
		Region     string         `json:"region"`
		Resources  []string       `json:"resources"` // an empty list, never null
		Detail     jsontext.Value `json:"detail"`
	}{
		"0", event.ID, event.DetailType, event.Source, s.config.Account,
		event.Time.UTC().Format(time.RFC3339), s.config.Region, event.Resources, event.Detail,
	}, jsontext.AllowDuplicateNames(true)) // the detail goes as it was written
	return string(text), err
}
