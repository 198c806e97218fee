package bus

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of PutEvents, from its API reference and "Calculating PutEvents event entry size".
const (
	maxEntries     = 10
	maxTotalSize   = 1 << 20 // bytes of all entries of a request
	maxDetailType  = 128     // characters
	timeSize       = 14      // bytes that an entry's Time counts for
	maxRequestSize = 4 << 20 // room for the escapes of 1 MiB of entries
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

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	if action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix); action != "PutEvents" {
		refuse(w, "UnknownOperationException", "only PutEvents is served here, not "+action)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestSize))
	if err != nil {
		refuse(w, "SerializationException", "the request could not be read: "+err.Error())
		return
	}
	var in struct{ Entries []Entry }
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, "SerializationException", "the request is not the JSON of PutEvents: "+err.Error())
		return
	}
	if problem := checkRequest(in.Entries); problem != "" {
		refuse(w, "ValidationException", problem)
		return
	}
	out := struct {
		FailedEntryCount int
		Entries          []result
	}{}
	for _, entry := range in.Entries {
		answer := s.put(r.Context(), entry)
		if answer.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, answer)
	}
	reply(w, http.StatusOK, out)
}

// checkRequest finds what makes EventBridge refuse a whole request.
func checkRequest(entries []Entry) string {
	if len(entries) == 0 || len(entries) > maxEntries {
		return fmt.Sprintf("1 validation error detected: Value at 'entries' failed to satisfy constraint: "+
			"Member must have length between 1 and %d, not %d", maxEntries, len(entries))
	}
	size, complete := 0, false
	for _, entry := range entries {
		size += entry.size()
		complete = complete || (entry.Source != "" && entry.DetailType != "" && entry.Detail != "")
	}
	switch {
	case size > maxTotalSize:
		return "Total size of the entries in the request is over the limit."
	case !complete:
		return "No entry has all of Source, DetailType and Detail."
	}
	return ""
}

// put takes one entry in.
func (s *Server) put(ctx context.Context, entry Entry) result {
	if refused := s.checkEntry(entry); refused.ErrorCode != "" {
		return refused
	}
	event := Event{
		ID:         newID(),
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

// newID returns a random UUID, the form of an event's id.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	reply(w, http.StatusBadRequest, map[string]string{"__type": code, "message": message})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, body, jsontext.AllowInvalidUTF8(true)) // the client is gone: nobody to tell
}
