package local

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/topic"
	"sespolicy/shared/local/wire"
)

// PagePrefix begins the path of everything that the page loads and sends. No
// service has such a path.
const PagePrefix = "/page/"

// served is the hint for a request that nothing here serves.
const served = "sespolicy local serves SQS, SES, SNS, DynamoDB, EventBridge, Step Functions' callbacks, CloudFormation's DescribeStacks and one Lambda function's Invoke only"

// route is a service and how its requests begin.
type route struct {
	prefix  string
	service http.Handler
}

// ServeHTTP passes a request to its service. All services share the port and are
// told apart by the protocol: the target of AWS JSON, the path of REST, the API
// version of Query.
func (s *Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.checkOrigin(r); err != nil {
		refuse(w, r, wire.REST{}, err)
		return
	}
	targets := []route{{table.TargetPrefix, s.Tables}, {"AmazonSQS.", s.Queues}, {bus.TargetPrefix, s.Bus}, {states.TargetPrefix, s.States}}
	paths := []route{
		{function.PathPrefix, s.Function}, {response.PathPrefix, s.Responses}, {email.PathPrefix, s.Email}, {topic.CertificatePrefix, s.Topics},
	}
	target := r.Header.Get("X-Amz-Target")
	service := find(targets, target)
	if target == "" {
		service = find(paths, r.URL.Path)
	}
	switch {
	case service != nil:
		service.ServeHTTP(w, r)
	case target != "":
		refuse(w, r, wire.JSON{Version: "1.0"}, wire.Errorf("UnknownOperationException", "%s is not served: %s", target, served))
	case s.page != nil && isForPage(r):
		s.page.ServeHTTP(w, r)
	case r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		s.serveQuery(w, r)
	case r.Method == http.MethodGet && r.URL.Path == "/":
		_, _ = fmt.Fprintf(w, "%s, for AWS clients with --endpoint-url %s\n", served, s.URL)
	default:
		refuse(w, r, wire.REST{}, &wire.Error{Code: "UnknownOperationException", Status: http.StatusNotFound, Message: fmt.Sprintf(
			"%s %s is not served: %s; CloudFormation's response buckets are at %s%s... as in the ResponseURL that sespolicy local greets with",
			r.Method, r.URL.Path, served, s.URL, response.PathPrefix)})
	}
}

// find is the service whose prefix a target or path has, nil if there is none.
func find(routes []route, text string) http.Handler {
	for _, each := range routes {
		if strings.HasPrefix(text, each.prefix) {
			return each.service
		}
	}
	return nil
}

// serveQuery tells the services of the Query protocol apart.
func (s *Stack) serveQuery(w http.ResponseWriter, r *http.Request) {
	form, err := wire.ReadForm(w, r)
	if err != nil {
		refuse(w, r, wire.Query{}, err)
		return
	}
	switch version := form.Get("Version"); version {
	case "2010-12-01":
		s.Email.ServeHTTP(w, r)
	case topic.Version:
		s.Topics.ServeHTTP(w, r)
	case stackVersion:
		s.serveStacks(w, r)
	case "2012-11-05":
		s.Queues.ServeHTTP(w, r)
	default:
		if version == "" && form.Get("Action") == "SendMessage" { // API Gateway names no version
			s.Queues.ServeHTTP(w, r)
			return
		}
		refuse(w, r, wire.Query{}, wire.Errorf("InvalidAction", "%s of the API version %q is not served: %s", form.Get("Action"), version, served))
	}
}

// isForPage reports whether a request is the page's or asks for it: clients of
// AWS accept no HTML.
func isForPage(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, PagePrefix) ||
		r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// checkOrigin refuses a request that a web page may have sent: browsers let any
// page post forms to this port, and a page whose name resolves to 127.0.0.1 read
// the answers. So the Host must be a loopback name or address with this port, and
// the Origin, which only browsers send, a page of this port.
func (s *Stack) checkOrigin(r *http.Request) error {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	host, givenPort, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, givenPort = strings.Trim(r.Host, "[]"), "80"
	}
	denied := &wire.Error{Code: "AccessDeniedException", Status: http.StatusForbidden}
	origins, fromBrowser := r.Header["Origin"]
	switch {
	case givenPort != port || !isLoopback(host):
		denied.Message = fmt.Sprintf("the request's Host is %q: use %s, localhost or another loopback address with this port", r.Host, s.URL)
	case fromBrowser && !slices.Equal(origins, []string{"http://" + r.Host}):
		denied.Message = fmt.Sprintf("the request is from a web page of another origin, %q", origins)
	default:
		return nil
	}
	return denied
}

// isLoopback reports whether a host is this machine and nobody else can reach it.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func refuse(w http.ResponseWriter, r *http.Request, protocol wire.Protocol, err error) {
	wire.Write(w, r, protocol, "", wire.NewID(), nil, err)
}
