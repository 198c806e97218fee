package local_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sespolicy/shared/local"
)

// A web page can post forms to any port of its visitor's machine, and read the
// answers if its own name resolves to 127.0.0.1.
func TestRefusesWebPages(t *testing.T) {
	s := start(t, local.Config{Paused: true})
	own, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	put := url.Values{
		"Action": {"PutIdentityPolicy"}, "Version": {"2010-12-01"}, "Identity": {"example.com"}, "PolicyName": {"Forged"},
		"Policy": {`{"Version":"2012-10-17","Statement":[]}`},
	}.Encode()
	allowed := 0
	for _, test := range []struct {
		reason, host string
		origin       []string
		refused      bool
	}{
		{"a client", own.Host, nil, false},
		{"a client by name", "localhost:" + own.Port(), nil, false},
		{"a client by another loopback address", "127.0.0.2:" + own.Port(), nil, false},
		{"a client by IPv6", "[::1]:" + own.Port(), nil, false},
		{"its own page", own.Host, []string{s.URL}, false},
		{"a foreign page", own.Host, []string{"https://evil.example"}, true},
		{"a page without an origin, such as a sandboxed frame", own.Host, []string{"null"}, true},
		{"a page of another port", own.Host, []string{"http://127.0.0.1:1"}, true},
		{"its own page by https", own.Host, []string{"https://" + own.Host}, true},
		{"an empty origin", own.Host, []string{""}, true},
		{"two origins", own.Host, []string{s.URL, s.URL}, true},
		{"a name that resolves to loopback", "evil.example:" + own.Port(), nil, true},
		{"the same, from its own page", "evil.example:" + own.Port(), []string{"http://evil.example:" + own.Port()}, true},
		{"a name that begins like loopback", "127.0.0.1.evil.example:" + own.Port(), nil, true},
		{"another machine's address", "192.0.2.1:" + own.Port(), nil, true},
		{"another port", "127.0.0.1:1", nil, true},
		{"no port", "127.0.0.1", nil, true},
		{"no host", "", nil, true},
	} {
		for _, call := range []struct{ method, path, contentType, target, body string }{
			{"POST", "/", "application/x-www-form-urlencoded", "", put},
			{"POST", "/", "text/plain", "AmazonSQS.ListQueues", "{}"},
			{"POST", "/", "text/plain", "DynamoDB_20120810.ListTables", "{}"},
			{"GET", "/", "", "", ""},
		} {
			request := httptest.NewRequest(call.method, call.path, strings.NewReader(call.body))
			request.Host = test.host
			request.Header.Set("Content-Type", call.contentType)
			if call.target != "" {
				request.Header.Set("X-Amz-Target", call.target)
			}
			if test.origin != nil {
				request.Header["Origin"] = test.origin
			}
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, request)
			if got := answer.Code == http.StatusForbidden; got != test.refused {
				t.Errorf("%s: %s %s%s: got status %d, want refused %v", test.reason, call.method, call.path, call.target, answer.Code, test.refused)
			}
		}
		if !test.refused {
			allowed++
		}
	}
	if got := len(s.Email.Calls()); got != allowed {
		t.Errorf("got %d calls of SES, want the %d of those that may", got, allowed)
	}
}
