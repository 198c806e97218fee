package wire

import (
	"errors"
	"fmt"
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
// text. It makes of them the JSON that AWS JSON would have: a dot leads into a
// structure, members of lists are numbered, and those of maps are pairs.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func Form[In any](form url.Values) (in In, err error) {
	tree := map[string]any{}
	for name, values := range form {
		within, last := tree, name
		for {
			first, rest, found := strings.Cut(last, ".")
			if !found {
				break
			}
			child, ok := within[first].(map[string]any)
			if !ok {
				child = map[string]any{}
				within[first] = child
			}
			within, last = child, rest
		}
		within[last] = values[0]
	}
	text, err := json.Marshal(fold(tree))
	if err == nil {
		err = json.Unmarshal(text, &in, json.StringifyNumbers(true))
	}
	if err != nil {
		return in, Errorf("InvalidParameterValue", "the parameters are not those of the operation: %v", err)
	}
	return in, nil
}

// fold makes lists and maps of a structure whose members are numbered. Where
// they are numbered without a wrapper, as in SQS, the parameter has the name of
// one member: MessageAttribute.1 is in MessageAttributes.
func fold(structure map[string]any) map[string]any {
	folded := map[string]any{}
	for name, value := range structure {
		inner, ok := value.(map[string]any)
		if !ok {
			folded[name] = value
			continue
		}
		_, flat := inner["1"]
		for _, wrapper := range []string{"member", "entry"} {
			if wrapped, ok := inner[wrapper].(map[string]any); ok {
				inner = wrapped
			}
		}
		_, numbered := inner["1"]
		switch inner = fold(inner); {
		case flat:
			folded[name+"s"] = members(inner)
		case numbered:
			folded[name] = members(inner)
		default:
			folded[name] = inner
		}
	}
	return folded
}

// members are those of a list, or of a map if each is a pair of key and value.
func members(numbered map[string]any) any {
	list, pairs := []any{}, map[string]any{}
	for n := 1; ; n++ {
		member, ok := numbered[strconv.Itoa(n)]
		if !ok {
			break
		}
		list = append(list, member)
		pair, _ := member.(map[string]any)
		for key, value := range map[string]string{"Name": "Value", "key": "value"} {
			if name, ok := pair[key].(string); ok {
				pairs[name] = pair[value]
			}
		}
	}
	if len(pairs) > 0 {
		return pairs
	}
	return list
}
