package bus

import (
	"context"
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

type request struct{ Entries []Entry }

var service = wire.Service[*Server, request]{
	JSON:       wire.JSON{Version: "1.1"},
	Operations: map[string]wire.Operation[*Server, request]{"PutEvents": putEvents},
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service.Read(w, r, s).Serve(w, r, s.FaultOf(r))
}

func putEvents(ctx context.Context, s *Server, in request) (any, error) {
	if err := checkRequest(in.Entries); err != nil {
		return nil, err
	}
	var answer struct {
		FailedEntryCount int
		Entries          []result
	}
	for _, entry := range in.Entries {
		id, err := s.put(ctx, entry)
		one := result{EventID: id}
		if err != nil {
			refused := wire.AsError(err)
			one = result{ErrorCode: refused.Code, ErrorMessage: refused.Message}
			answer.FailedEntryCount++
		}
		answer.Entries = append(answer.Entries, one)
	}
	return answer, nil
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

// put takes one entry in and returns the event's id.
func (s *Server) put(ctx context.Context, entry Entry) (id string, err error) {
	if f := s.entries.FaultOf(entry); f.Code != "" {
		return "", wire.Errorf(f.Code, "%s", f.Message)
	}
	if err := entry.check(); err != nil {
		return "", err
	}
	event := Event{
		Version: "0", ID: wire.NewID(), DetailType: entry.DetailType, Source: entry.Source, Account: wire.Account, Time: time.Now(),
		Region: wire.Region, Resources: entry.Resources, Detail: jsontext.Value(entry.Detail), Bus: busName(entry.EventBusName),
	}
	if entry.Time != nil {
		event.Time = time.Unix(0, int64(*entry.Time*1e9))
	}
	envelope := event
	envelope.Time = event.Time.UTC().Truncate(time.Second)
	text, err := json.Marshal(envelope, jsontext.AllowDuplicateNames(true)) // the detail goes as it was written
	if err != nil {
		return "", wire.Errorf("MalformedDetail", "%v", err)
	}
	event.Envelope = string(text)
	if err := s.accept(ctx, event); err != nil {
		return "", wire.Errorf("InternalFailure", "%v", err)
	}
	return event.ID, nil
}

// check finds what makes EventBridge refuse one entry.
func (e Entry) check() error {
	for _, each := range [][2]string{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if each[1] == "" {
			return wire.Errorf("InvalidArgument", "Parameter %s is not valid. Reason: %[1]s is a required argument.", each[0])
		}
	}
	detail := jsontext.Value(e.Detail)
	switch {
	case utf8.RuneCountInString(e.DetailType) > maxDetailType:
		return wire.Errorf("InvalidArgument", "Parameter DetailType is not valid. Reason: at most 128 characters.")
	case strings.HasPrefix(e.Source, "aws."):
		return wire.Errorf("NotAuthorizedForSourceException", "Not authorized for the source.")
	case !detail.IsValid(jsontext.AllowDuplicateNames(true)) || detail.Kind() != '{':
		return wire.Errorf("MalformedDetail", "Detail is malformed.")
	}
	return nil
}
