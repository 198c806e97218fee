package examine

import (
	"errors"
	"fmt"
	"strings"

	"sespolicy/shared/identity"
	"sespolicy/shared/requestfile"
)

// Request is one request of a file, to send.
type Request struct {
	requestfile.Entry
	File string // as it is shown
	Text string // of the file
	Name string // the file, and which of its requests, if it has several that are no lines
	Many bool   // the file has one request per line
}

// Place is where the request is, for people: the file, and the line if that
// tells it from others.
func (r *Request) Place() (name string, line int) {
	if r.Line > 1 && r.Pointer == "" || r.Many {
		return r.Name, r.Line
	}
	return r.Name, 0
}

// Same reports whether both are the same request of the same file.
func (r *Request) Same(other Request) bool {
	return r.Name == other.Name && r.Line == other.Line && r.Body == other.Body
}

// One is the request of a text that is one, under a name.
func One(name, text string) Request {
	return Request{Entry: requestfile.Single(text), File: name, Name: name, Text: text}
}

// ErrNone is the error for a file without a request.
var ErrNone = errors.New("it has no request in it")

// UnknownError is the error for a request with a value that only a deployment
// knows, at Pointer.
type UnknownError struct{ Pointer string }

// Error says where the value is.
func (u *UnknownError) Error() string {
	return "the value at " + u.Pointer + " is known only when it is deployed"
}

// Requests finds the requests in a file's text. The error has everything that
// cannot be sent; the requests are the others.
func Requests(name string, text []byte, owner identity.Owner) ([]Request, error) {
	file := requestfile.Read(name, text, owner)
	var all []Request
	var failed []error
	for _, found := range file.Findings {
		failed = append(failed, fmt.Errorf("%s:%d:%d: %s", name, found.Line, found.Column, found.Message))
	}
	if len(file.Entries) == 0 && file.Findings == nil || len(strings.TrimSpace(string(text))) == 0 {
		failed = append(failed, fmt.Errorf("%s: %w", name, ErrNone))
	}
	for _, e := range file.Entries {
		r := Request{Entry: e, File: name, Text: string(text), Name: name, Many: len(file.Entries) > 1 && e.Pointer == ""}
		if len(file.Entries) > 1 && e.Pointer != "" {
			r.Name += "#" + strings.TrimSuffix(e.Pointer, "/body")
		}
		if len(e.Unknown) > 0 {
			failed = append(failed, fmt.Errorf("%s:%d: %w", name, e.Line, &UnknownError{e.Unknown[0]}))
			continue
		}
		all = append(all, r)
	}
	return all, errors.Join(failed...)
}
