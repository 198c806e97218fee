package local

import (
	"fmt"
	"net/http"
	"strings"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/topic"
)

// maxForm bounds a call of the Query protocol: the largest SNS takes is 256 KiB
// of text, percent-encoded.
const maxForm = 8 << 20

// ServeHTTP sends a request to the service that it is for. All services share
// the port, so the protocol tells: the target of AWS JSON, the path of REST,
// the API version of Query.
func (s *Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, "AmazonSQS."):
		s.Queues.ServeHTTP(w, r)
	case strings.HasPrefix(target, bus.TargetPrefix):
		s.Bus.ServeHTTP(w, r)
	case strings.HasPrefix(target, states.TargetPrefix):
		s.States.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
		s.Function.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, response.PathPrefix):
		s.Responses.ServeHTTP(w, r)
	case r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		s.serveQuery(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/":
		_, _ = fmt.Fprintln(w, "sespolicy local: SES, SQS, SNS, EventBridge, Step Functions' callbacks and Lambda's Invoke, for AWS clients with --endpoint-url "+s.URL)
	default:
		http.Error(w, fmt.Sprintf("no service of sespolicy local takes %s %s %s", r.Method, r.URL.Path, target), http.StatusNotFound)
	}
}

// serveQuery tells the services of the Query protocol apart.
func (s *Stack) serveQuery(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	switch version := r.Form.Get("Version"); version {
	case "2010-12-01":
		s.Email.ServeHTTP(w, r)
	case topic.Version:
		s.Topics.ServeHTTP(w, r)
	case "2012-11-05":
		http.Error(w, "this SQS speaks AWS JSON 1.0, as AWS clients have since late 2023: use a newer one", http.StatusBadRequest)
	default:
		http.Error(w, fmt.Sprintf("no service of sespolicy local has the API version %q and the action %q", version, r.Form.Get("Action")), http.StatusBadRequest)
	}
}
