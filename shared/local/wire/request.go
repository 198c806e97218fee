package wire

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxRequest bounds what is read of one call, in bytes. The largest payload of
// any service is 1 MiB, and an escape takes six bytes.
const maxRequest = 8 << 20

// Read returns the body of a call.
func Read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &Error{
			Code: "InvalidParameterValueException", Query: "InvalidParameterValue",
			Message: fmt.Sprintf("One or more parameters are invalid. Reason: the request is longer than %d bytes.", maxRequest),
		}
	}
	if err != nil {
		return nil, Errorf("SerializationException", "the request could not be read: %v", err)
	}
	return body, nil
}

// Decode reads the input of an action of AWS JSON.
func Decode[In any](action string, body []byte) (In, error) {
	var in In
	if err := json.Unmarshal(body, &in, jsontext.AllowDuplicateNames(true)); err != nil {
		return in, &Error{Code: "SerializationException", Query: "MalformedInput", Message: fmt.Sprintf("the request is not the JSON of %s: %v", action, err)}
	}
	return in, nil
}

// Form is the parameters of a call of the Query protocol, or of one member of a
// list in them: those that start with Prefix.
type Form struct {
	Values url.Values
	Prefix string
}

// ReadForm reads the form of a call of the Query protocol.
func ReadForm(w http.ResponseWriter, r *http.Request) (Form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	err := r.ParseForm()
	if err != nil {
		err = Errorf("MalformedInput", "the form could not be read: %v", err)
	}
	return Form{Values: r.Form}, err
}

// Get returns a parameter, empty if it is absent.
func (f Form) Get(name string) string { return f.Values.Get(f.Prefix + name) }

// Has reports whether a parameter is there.
func (f Form) Has(name string) bool { return f.Values.Has(f.Prefix + name) }

// List returns the members of a list, "PolicyNames.member" for example, which
// are numbered from 1. Each has the parameter key; "" means the member itself
// is the parameter.
func (f Form) List(name, key string) []Form {
	var members []Form
	for n := 1; ; n++ {
		member := Form{f.Values, fmt.Sprintf("%s%s.%d.", f.Prefix, name, n)}
		if key == "" {
			member.Prefix = strings.TrimSuffix(member.Prefix, ".")
		}
		if !member.Has(key) {
			return members
		}
		members = append(members, member)
	}
}

// NewID returns a random (version 4) UUID, the form of AWS's ids.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
