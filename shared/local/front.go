package local

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/topic"
)

// maxForm bounds a call of the Query protocol: the largest SNS takes is 256 KiB
// of text, percent-encoded.
const maxForm = 8 << 20

// served is the hint for a request that nothing here serves.
const served = "sespolicy local serves SQS, SES, SNS, DynamoDB, EventBridge, Step Functions' callbacks, CloudFormation's DescribeStacks and one Lambda function's Invoke only"

// ServeHTTP passes a request to its service. All services share the port and
// are told apart by the protocol: the target of AWS JSON, the path of REST, the
// API version of Query.
func (s *Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.foreign(r); err != nil {
		refuseJSON(w, http.StatusForbidden, "AccessDeniedException", err.Error())
		return
	}
	target := r.Header.Get("X-Amz-Target")
	switch {
	case target == "" && s.page != nil && isForPage(r):
		s.page.ServeHTTP(w, r)
	case strings.HasPrefix(target, table.TargetPrefix):
		s.Tables.ServeHTTP(w, r)
	case strings.HasPrefix(target, "AmazonSQS."):
		s.Queues.ServeHTTP(w, r)
	case strings.HasPrefix(target, bus.TargetPrefix):
		s.Bus.ServeHTTP(w, r)
	case strings.HasPrefix(target, states.TargetPrefix):
		s.States.ServeHTTP(w, r)
	case target != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		refuseJSON(w, http.StatusBadRequest, "UnknownOperationException", target+" is not served: "+served)
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/") && r.URL.Path != "/2015-03-31/functions/":
		s.Function.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, response.PathPrefix):
		s.Responses.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, email.PathPrefix):
		s.Email.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, topic.CertificatePrefix):
		s.Topics.ServeHTTP(w, r)
	case r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		s.serveQuery(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/":
		_, _ = fmt.Fprintln(w, "sespolicy local: SES, SQS, SNS, DynamoDB, EventBridge, Step Functions' callbacks and Lambda's Invoke, for AWS clients with --endpoint-url "+s.URL)
	default:
		message := fmt.Sprintf("%s %s is not served: %s; CloudFormation's response buckets are at %s%s... as in the ResponseURL that sespolicy local greets with",
			r.Method, r.URL.Path, served, s.URL, response.PathPrefix)
		refuseJSON(w, http.StatusNotFound, "UnknownOperationException", message)
	}
}

// PagePrefix begins the path of everything that the page loads and sends. No
// service has such a path.
const PagePrefix = "/page/"

// isForPage reports whether a request is the page's or asks for it: clients of
// AWS accept no HTML.
func isForPage(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, PagePrefix) ||
		r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// foreign is why a request is refused that a web page may have sent: browsers
// let any page post forms to this port, and a page whose name resolves to
// 127.0.0.1 read the answers. So the Host must be a loopback name or address
// with this port, and the Origin, which only browsers send, a page of this port.
func (s *Stack) foreign(r *http.Request) error {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	host, givenPort, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, givenPort = strings.Trim(r.Host, "[]"), "80"
	}
	if ip := net.ParseIP(host); givenPort != port || !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("the request's Host is %q: use %s, localhost or another loopback address with this port", r.Host, s.URL)
	}
	if origins, sent := r.Header["Origin"]; sent && !slices.Equal(origins, []string{"http://" + r.Host}) {
		return fmt.Errorf("the request is from a web page of another origin, %q", origins)
	}
	return nil
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
	case stackVersion:
		s.serveStacks(w, r)
	case "2012-11-05":
		s.Queues.ServeHTTP(w, r)
	default:
		if version == "" && r.Form.Get("Action") == "SendMessage" { // API Gateway names no version
			s.Queues.ServeHTTP(w, r)
			return
		}
		refuseXML(w, "InvalidAction", fmt.Sprintf("%s of the API version %q is not served: %s", r.Form.Get("Action"), version, served))
	}
}

// refuseJSON is an error as clients of AWS JSON and REST read it: the code in
// the header and in the body.
func refuseJSON(w http.ResponseWriter, status int, code, message string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message}) // the client is gone: nobody to tell
}

// refuseXML is an error as clients of the Query protocol read it.
func refuseXML(w http.ResponseWriter, code, message string) {
	type failure struct{ Type, Code, Message string }
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	_ = xml.NewEncoder(w).Encode(struct { // the client is gone: nobody to tell
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     failure
		RequestId string //nolint:revive // the protocol's name
	}{Error: failure{"Sender", code, message}, RequestId: "local"})
}
