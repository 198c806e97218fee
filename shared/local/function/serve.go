package function

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// ServeHTTP answers the Invoke API, synchronous invocations alone:
// POST /2015-03-31/functions/{name or ARN}/invocations.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.EscapedPath(), "/2015-03-31/functions/")
	if ok {
		name, ok = strings.CutSuffix(name, "/invocations")
	}
	if !ok || r.Method != http.MethodPost {
		refuse(w, http.StatusNotFound, "UnknownOperationException", "User", "only Invoke is served: POST /2015-03-31/functions/"+f.config.Name+"/invocations")
		return
	}
	if name, err := url.PathUnescape(name); err != nil || !f.isNamed(name, r.URL.Query().Get("Qualifier")) {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "User", "Function not found: "+name+". This one is "+f.ARN())
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "User", ErrTooLarge.Error())
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "User", "Could not parse request body into json")
		return
	}
	if kind := r.Header.Get("X-Amz-Invocation-Type"); kind != "" && kind != "RequestResponse" {
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException", "User", "only the invocation type RequestResponse is served here, not "+kind)
		return
	}
	result, err := f.Invoke(r.Context(), payload)
	f.answer(w, r, result, err)
}

func (f *Function) answer(w http.ResponseWriter, r *http.Request, result Result, err error) {
	switch {
	case errors.Is(err, ErrTooManyRequests):
		w.Header().Set("X-Amzn-Errortype", "TooManyRequestsException")
		reply(w, http.StatusTooManyRequests, map[string]string{
			"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."})
		return
	case err != nil:
		refuse(w, http.StatusInternalServerError, "ServiceException", "Server", err.Error())
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Amzn-Requestid", result.RequestID)
	header.Set("X-Amz-Executed-Version", "$LATEST")
	if result.FunctionError != "" {
		header.Set("X-Amz-Function-Error", result.FunctionError)
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.LogTail))
	}
	_, _ = w.Write(result.Payload) // the client is gone: nobody to tell
}

// isNamed reports whether a caller means this function: by name, partial ARN or
// ARN. $LATEST is its only version.
func (f *Function) isNamed(name, qualifier string) bool {
	name, versioned := strings.CutSuffix(name, ":$LATEST")
	if qualifier != "" && (versioned || qualifier != "$LATEST") {
		return false
	}
	return name == f.config.Name || name == f.config.Account+":function:"+f.config.Name || name == f.ARN()
}

// refuse is an error answer of the Lambda API.
func refuse(w http.ResponseWriter, status int, code, whose, message string) {
	w.Header().Set("X-Amzn-Errortype", code)
	reply(w, status, map[string]string{"Type": whose, "Message": message})
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	text, err := json.Marshal(body)
	if err != nil {
		text = []byte(`{}`) // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
