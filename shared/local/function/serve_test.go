package function_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sespolicy/shared/local/function"
)

const invocations = "/2015-03-31/functions/ApplyPolicyFunction/invocations"

// post is one request to the Invoke API.
func post(t *testing.T, f http.Handler, path, body string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func TestServeHTTP(t *testing.T) {
	f := start(t, function.Config{ReservedConcurrency: 1})
	arn := url.QueryEscape(f.ARN())
	for _, test := range []struct {
		reason, path, body string
		status             int
		kind               string
	}{
		{"by name", invocations, `{}`, 200, ""},
		{"no payload", invocations, ``, 200, ""},
		{"by ARN", "/2015-03-31/functions/" + arn + "/invocations", `{}`, 200, ""},
		{"another function", "/2015-03-31/functions/Other/invocations", `{}`, 404, "ResourceNotFoundException"},
		{"another action", "/2015-03-31/functions/ApplyPolicyFunction/concurrency", `{}`, 404, "UnknownOperationException"},
		{"no JSON", invocations, `{`, 400, "InvalidRequestContentException"},
		{"over 6 MB", invocations, `"` + strings.Repeat("x", 6291456) + `"`, 413, "RequestTooLargeException"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			answer := post(t, f, test.path, test.body, nil)
			if answer.StatusCode != test.status || answer.Header.Get("X-Amzn-Errortype") != test.kind {
				t.Errorf("%s %s, want %d %s", answer.Status, answer.Header.Get("X-Amzn-Errortype"), test.status, test.kind)
			}
		})
	}
}

func TestFunctionErrorHeader(t *testing.T) {
	f := start(t, function.Config{})
	answer := post(t, f, invocations, `{"Do":"error","Text":"no luck"}`, nil)
	if answer.StatusCode != 200 || answer.Header.Get("X-Amz-Function-Error") != "Unhandled" || answer.Header.Get("X-Amz-Executed-Version") != "$LATEST" {
		t.Errorf("%s %v", answer.Status, answer.Header)
	}
	if answer = post(t, f, invocations, `{}`, nil); answer.Header.Get("X-Amz-Function-Error") != "" {
		t.Errorf("%v", answer.Header)
	}
}

func TestThrottled(t *testing.T) {
	hanging := make(chan struct{}, 1)
	f := start(t, function.Config{ReservedConcurrency: 1, Output: func(line string) {
		if line == "hanging" {
			hanging <- struct{}{}
		}
	}})
	if answer := post(t, f, invocations, `{}`, map[string]string{"X-Amz-Invocation-Type": "Event"}); answer.StatusCode != 400 {
		t.Errorf("an invocation type that is not served: %s", answer.Status)
	}
	go f.Invoke(context.Background(), []byte(`{"Do":"hang"}`)) //nolint:errcheck // it ends with the test
	<-hanging
	answer := post(t, f, invocations, `{}`, nil)
	if answer.StatusCode != 429 || answer.Header.Get("X-Amzn-Errortype") != "TooManyRequestsException" {
		t.Errorf("got %s %v, want 429 TooManyRequestsException", answer.Status, answer.Header)
	}
}
