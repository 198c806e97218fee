package wire

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
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
	if err != nil {
		return nil, &Error{Code: "InvalidParameterValueException", Query: "InvalidParameterValue", Message: "the request could not be read: " + err.Error()}
	}
	return body, nil
}

// ReadJSON reads an input from the JSON of a call. Without a body it is zero.
func ReadJSON[In any](w http.ResponseWriter, r *http.Request) (in In, err error) {
	body, err := Read(w, r)
	if err != nil || len(body) == 0 {
		return in, err
	}
	if err := json.Unmarshal(body, &in, jsontext.AllowDuplicateNames(true)); err != nil {
		return in, &Error{Code: "SerializationException", Query: "MalformedInput", Message: "the request is not the operation's JSON: " + err.Error()}
	}
	return in, nil
}

// ReadREST reads an input from the query of a GET, and from JSON otherwise.
func ReadREST[In any](w http.ResponseWriter, r *http.Request) (In, error) {
	if r.Method == http.MethodGet {
		return Form[In](r.URL.Query())
	}
	return ReadJSON[In](w, r)
}

// ReadForm reads the form of a call of the Query protocol.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		return nil, Errorf("MalformedInput", "the form could not be read: %v", err)
	}
	return r.Form, nil
}

// Form reads an input from the parameters of a form or a URL, whose numbers are
// text.
func Form[In any](form url.Values) (in In, err error) {
	parameters := map[string]string{}
	for name, values := range form {
		parameters[name] = values[0]
	}
	text, err := json.Marshal(structure(parameters))
	if err == nil {
		err = json.Unmarshal(text, &in, json.StringifyNumbers(true))
	}
	if err != nil {
		return in, Errorf("InvalidParameterValue", "the parameters are not those of the operation: %v", err)
	}
	return in, nil
}

// structure makes of parameters what AWS JSON has in their place. A dot in a name
// leads into a structure, members of a list are numbered, and those of a map are
// numbered pairs.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func structure(parameters map[string]string) any {
	if text, ok := parameters[""]; ok {
		return text
	}
	inner := map[string]map[string]string{}
	for name, text := range parameters {
		first, rest, _ := strings.Cut(name, ".")
		if inner[first] == nil {
			inner[first] = map[string]string{}
		}
		inner[first][rest] = text
	}
	var list []any
	members := map[string]any{}
	for n := 1; inner[strconv.Itoa(n)] != nil; n++ {
		member := structure(inner[strconv.Itoa(n)])
		list = append(list, member)
		pair, _ := member.(map[string]any)
		for key, value := range map[string]string{"Name": "Value", "key": "value"} {
			if name, ok := pair[key].(string); ok {
				members[name] = pair[value]
			}
		}
	}
	switch {
	case len(members) > 0:
		return members
	case list != nil:
		return list
	}
	for name, each := range inner {
		if members[name] = structure(each); name == "member" || name == "entry" {
			return members[name] // the wrapper of a list or a map
		}
	}
	return members
}
