package function

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"sespolicy/shared/local/wire"
)

// PathPrefix begins the path of every call of the Invoke API.
const PathPrefix = "/2015-03-31/functions/"

// ServeHTTP answers the Invoke API, synchronous invocations alone:
// POST /2015-03-31/functions/{name or ARN}/invocations.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result, err := f.serve(w, r)
	if err != nil {
		wire.Write(w, r, wire.REST{}, "Invoke", wire.NewID(), nil, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Amzn-Requestid", result.RequestID)
	header.Set("X-Amz-Executed-Version", "$LATEST")
	if result.FunctionError != "" {
		header.Set("X-Amz-Function-Error", result.FunctionError)
	}
	_, _ = w.Write(result.Payload) // the client is gone: nobody to tell
}

func (f *Function) serve(w http.ResponseWriter, r *http.Request) (Result, error) {
	name, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.EscapedPath(), PathPrefix), "/invocations")
	if !ok || r.Method != http.MethodPost {
		return Result{}, &wire.Error{Code: "UnknownOperationException", Status: http.StatusNotFound,
			Message: "only Invoke is served: POST " + PathPrefix + f.config.Name + "/invocations"}
	}
	if name, err := url.PathUnescape(name); err != nil || name != f.config.Name && name != f.ARN() {
		return Result{}, &wire.Error{Code: "ResourceNotFoundException", Status: http.StatusNotFound,
			Message: "Function not found: " + name + ". This one is " + f.ARN()}
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	kind := r.Header.Get("X-Amz-Invocation-Type")
	switch {
	case err != nil:
		return Result{}, errTooLarge
	case len(payload) == 0:
		payload = []byte("{}")
	case !json.Valid(payload):
		return Result{}, wire.Errorf("InvalidRequestContentException", "Could not parse request body into json")
	case kind != "" && kind != "RequestResponse":
		return Result{}, wire.Errorf("InvalidParameterValueException", "only the invocation type RequestResponse is served here, not %s", kind)
	}
	result, err := f.Invoke(r.Context(), payload)
	if errors.Is(err, ErrTooManyRequests) {
		err = wire.Errorf("TooManyRequestsException", "Rate Exceeded.")
	}
	return result, err
}
