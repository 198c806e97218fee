package reply

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

const (
	stackID   = "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/5b918d10-cd98-11ea-90d5-0a9cd3354c10"
	requestID = "5478ff46-0000-4a3b-8c6e-c61a94ed2b58"
	endpoint  = "http://127.0.0.1:4566"
)

// s3 is where a configuration says that S3 is.
type s3 string

func (s s3) GetServiceBaseEndpoint(context.Context, string) (string, bool, error) {
	return string(s), true, nil
}

// at is a configuration whose buckets are at the endpoint, called by the client.
func at(endpoint string, client aws.HTTPClient) aws.Config {
	return aws.Config{Region: "us-east-1", HTTPClient: client, ConfigSources: []any{s3(endpoint)}}
}

// asked is a custom resource request for MyPolicy on example.com.
func asked(requestType, physicalID string) message.Message {
	return message.Message{
		Request: message.Request{Action: message.Put, Identity: identity.Identity{Name: "example.com"}, PolicyName: "MyPolicy"},
		CloudFormation: &message.CloudFormation{
			RequestType: cfn.RequestType(requestType), StackID: stackID, RequestID: requestID, LogicalResourceID: "Policy", PhysicalResourceID: physicalID,
			ResponseURL: parsed(response.URL(endpoint, "us-east-1", stackID, "Policy", requestID)),
		},
	}
}

func parsed(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err) // the tests' own
	}
	return u
}

// ended is a request that ended, with the requester that its message names.
func ended(m message.Message, o outcome.Outcome, warnings ...finding.Finding) Result {
	r := Result{Message: m, Outcome: o, Warnings: warnings}
	switch {
	case m.CloudFormation != nil:
		r.AnswerTo = message.Stack
	case m.TaskToken != "":
		r.AnswerTo = message.Task
	}
	return r
}

var (
	applied  = outcome.Outcome{Kind: outcome.Applied}
	rejected = outcome.Outcome{Kind: outcome.Rejected, Code: outcome.InvalidPolicy, Message: "no Statement"}
)

func TestResponses(t *testing.T) {
	attributes := map[string]any{"Identity": "example.com", "PolicyName": "MyPolicy"}
	nothing := message.NothingMade("Policy")
	for _, tt := range []struct {
		name        string
		requestType string
		physicalID  string
		outcome     outcome.Outcome
		status      string
		wantID      string
		data        map[string]any
	}{
		{"a create", "Create", "", applied, "SUCCESS", "example.com/MyPolicy", attributes},
		{"a create that its own stack overtook", "Create", "", outcome.Outcome{Kind: outcome.Superseded, Own: true}, "SUCCESS", "example.com/MyPolicy", attributes},
		{"a create that somebody else overtook", "Create", "", outcome.Outcome{Kind: outcome.Superseded}, "FAILED", "nothing-made-for-Policy", nil},
		{"a create that failed made nothing", "Create", "", rejected, "FAILED", nothing, nil},
		{"an update in place", "Update", "example.com/MyPolicy", applied, "SUCCESS", "example.com/MyPolicy", attributes},
		{"an update to another name is a replacement", "Update", "example.com/Old", applied, "SUCCESS", "example.com/MyPolicy", attributes},
		{"an update that failed leaves the old id", "Update", "example.com/Old", rejected, "FAILED", "example.com/Old", nil},
		{"a delete", "Delete", "example.com/Old", applied, "SUCCESS", "example.com/Old", nil},
		{"a delete of nothing", "Delete", nothing, applied, "SUCCESS", nothing, nil},
		{"a delete that failed", "Delete", "example.com/Old", rejected, "FAILED", "example.com/Old", nil},
		{"an update that never had an id", "Update", "", rejected, "FAILED", nothing, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bucket := response.New()
			replier := New(at(endpoint, wire.Client{Handler: bucket}), "")
			if err := replier.Answer(t.Context(), ended(asked(tt.requestType, tt.physicalID), tt.outcome)); err != nil {
				t.Fatal(err)
			}
			got, _ := bucket.Answer(stackID, requestID)
			want := response.Answer{
				StackID: stackID, RequestID: requestID, LogicalResourceID: "Policy",
				Status: tt.status, PhysicalResourceID: tt.wantID, Data: tt.data, Body: got.Body, Time: got.Time,
			}
			if tt.status == "FAILED" {
				want.Reason = got.Reason // required; its start is the code
				if code := tt.outcome.Code; !strings.HasPrefix(got.Reason, map[bool]string{true: "Superseded", false: code}[code == ""]+": ") {
					t.Errorf("reason %q, want the code %s first", got.Reason, code)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNobodyIsTold(t *testing.T) {
	bucket := response.New()
	replier := New(at(endpoint, wire.Client{Handler: bucket}), "")
	for _, m := range []message.Message{asked("Create", ""), {TaskToken: "token"}, {}} {
		if err := replier.Answer(t.Context(), Result{Message: m, Outcome: applied}); err != nil {
			t.Error(err)
		}
	}
	if len(bucket.Answers()) != 0 {
		t.Errorf("got %+v", bucket.Answers())
	}
}

func TestReasonKeepsItsHead(t *testing.T) {
	for _, tt := range []struct{ name, reason string }{
		{"plain", strings.Repeat("x", 10_000)},
		{"quotes, two bytes each", strings.Repeat(`"`, 10_000)},
		{"control characters, six bytes each", strings.Repeat("\x01", 10_000)},
		{"four-byte characters", strings.Repeat("😀", 5_000)},
		{"no characters at all", strings.Repeat("\xff", 10_000)},
	} {
		o := rejected
		o.Message = tt.reason
		body, err := body(newStackAnswer(Result{Message: asked("Create", ""), Outcome: o}))
		if err != nil {
			t.Fatal(err)
		}
		var got response.Answer
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if len(body) > 4096 || !strings.HasPrefix(got.Reason, "InvalidPolicy: ") || !strings.HasSuffix(got.Reason, "…") || len(got.Reason) < 600 {
			t.Errorf("%s: %d bytes, reason of %d bytes", tt.name, len(body), len(got.Reason))
		}
	}
	short, err := body(newStackAnswer(Result{Message: asked("Create", ""), Outcome: rejected}))
	if err != nil || !strings.Contains(string(short), `"InvalidPolicy: no Statement"`) {
		t.Errorf("got %s, %v", short, err)
	}
}

func TestIDsThatFitNoResponse(t *testing.T) {
	bucket := response.New()
	m := asked("Create", "")
	m.CloudFormation.LogicalResourceID = strings.Repeat("x", 5000)
	err := New(at(endpoint, wire.Client{Handler: bucket}), "").Answer(t.Context(), ended(m, rejected))
	if !errors.Is(err, ErrNobodyWaits) || len(bucket.Answers()) != 0 {
		t.Errorf("got %v", err)
	}
}

// faults answers the first requests with a fault, then lets the bucket answer.
func faults(bucket *response.Bucket, count int, fault response.Fault) *int {
	seen := 0
	bucket.SetFault(func(*http.Request) response.Fault {
		if seen++; seen > count {
			return response.Fault{}
		}
		return fault
	})
	return &seen
}

// The URL is its own authorization, so what the bucket refuses it refuses for
// good. A status that may pass, and a redirect, are retried.
func TestWhichAnswersOfTheBucketAreFinal(t *testing.T) {
	for status, final := range map[int]bool{400: true, 403: true, 404: true, 405: true, 408: false, 429: false, 500: false, 503: false, 307: false} {
		synctest.Test(t, func(t *testing.T) {
			bucket := response.New()
			faults(bucket, 100, response.Fault{Status: status})
			err := New(at(endpoint, wire.Client{Handler: bucket}), "").Answer(t.Context(), ended(asked("Create", ""), applied))
			if err == nil || errors.Is(err, ErrNobodyWaits) != final {
				t.Errorf("status %d: got %v", status, err)
			}
		})
	}
}

func TestPutIsRetriedInsideTheTime(t *testing.T) {
	const never = 100
	for _, tt := range []struct {
		name  string
		fault response.Fault
		times int
		limit time.Duration // of the caller
		puts  int
		took  time.Duration
		fine  bool
	}{
		{"no fault", response.Fault{}, 0, time.Minute, 1, 0, true},
		{"three faults", response.Fault{Status: 503}, 3, time.Minute, 4, 1400 * time.Millisecond, true},
		{"too many requests", response.Fault{Status: 429}, 1, time.Minute, 2, 200 * time.Millisecond, true},
		{"always down", response.Fault{Status: 500}, never, time.Minute, 4, 1400 * time.Millisecond, false},
		{"always down, a second left: no pause beyond it", response.Fault{Status: 500}, never, time.Second, 3, 600 * time.Millisecond, false},
		{"one that hangs", response.Fault{Hang: true}, 1, time.Minute, 2, 3200 * time.Millisecond, true},
		{"always hanging", response.Fault{Hang: true}, never, time.Minute, 3, 9600 * time.Millisecond, false},
		{"always hanging, two seconds left", response.Fault{Hang: true}, never, 2 * time.Second, 1, 2 * time.Second, false},
		{"sent elsewhere", response.Fault{Answer: redirect(endpoint+"/elsewhere", http.StatusTemporaryRedirect)}, never, time.Minute, 1, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bucket := response.New()
				seen := faults(bucket, tt.times, tt.fault)
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				start := time.Now()
				err := New(at(endpoint, wire.Client{Handler: bucket}), "").Answer(ctx, ended(asked("Create", ""), applied))
				if (err == nil) != tt.fine || errors.Is(err, ErrNobodyWaits) {
					t.Errorf("got %v", err)
				}
				if *seen != tt.puts || time.Since(start) != tt.took {
					t.Errorf("%d puts in %v, want %d in %v", *seen, time.Since(start), tt.puts, tt.took)
				}
				if kept := len(bucket.Answers()) == 1; kept != tt.fine {
					t.Errorf("answered: %v", kept)
				}
			})
		})
	}
}

// roundTripper answers in the network's place.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNoErrorHasTheQuery(t *testing.T) {
	for name, failure := range map[string]error{
		"no such host":     &net.DNSError{Err: "no such host", Name: "127.0.0.1"},
		"no connection":    &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")},
		"wrong certifcate": &tls.CertificateVerificationError{Err: errors.New("x509: unknown authority")},
		"no answer":        context.DeadlineExceeded,
	} {
		synctest.Test(t, func(t *testing.T) {
			client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, failure })}
			err := New(at(endpoint, client), "").Answer(t.Context(), ended(asked("Create", ""), applied))
			if err == nil || !errors.Is(err, failure) {
				t.Errorf("%s: got %v", name, err)
			} else if strings.Contains(err.Error(), "X-Amz") || strings.Contains(err.Error(), "stack/mail") {
				t.Errorf("the URL got out: %v", err)
			}
		})
	}
}

// TestPutOnTheWire looks at what a real server gets from the client that the function has.
func TestPutOnTheWire(t *testing.T) {
	bucket := response.New()
	var got *http.Request
	bucket.SetFault(func(r *http.Request) response.Fault { got = r; return response.Fault{} })
	server := httptest.NewServer(bucket)
	defer server.Close()
	m := asked("Create", "")
	m.CloudFormation.ResponseURL = parsed(response.URL(server.URL, "us-east-1", stackID, "Policy", requestID))
	for name, client := range map[string]aws.HTTPClient{"the SDK's": awshttp.NewBuildableClient(), "none": nil} {
		if err := New(at(server.URL, client), "").Answer(t.Context(), ended(m, applied)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if server.URL+got.RequestURI != m.CloudFormation.ResponseURL.String() {
			t.Errorf("%s: called %s, want %s", name, got.RequestURI, m.CloudFormation.ResponseURL)
		}
		if types, ok := got.Header["Content-Type"]; ok {
			t.Errorf("%s: content type %q", name, types)
		}
	}
	for _, answer := range bucket.Answers() {
		if answer.Problem != "" {
			t.Error(answer.Problem)
		}
	}
}

// endless answers 200 and never ends: 4 KiB each millisecond.
func endless(w http.ResponseWriter, r *http.Request) {
	for wire.Wait(r.Context(), time.Millisecond) {
		_, _ = io.WriteString(w, strings.Repeat("x", 4096)) // the context ends when the client is gone
		_ = http.NewResponseController(w).Flush()
	}
}

func redirect(to string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) }
}

func TestNoRedirectIsFollowedAndNoBodyReadToItsEnd(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	bucket := response.New()
	server := httptest.NewServer(bucket)
	defer server.Close()
	m := asked("Create", "")
	m.CloudFormation.ResponseURL = parsed(response.URL(server.URL, "us-east-1", stackID, "Policy", requestID))
	for name, client := range map[string]aws.HTTPClient{"the SDK's": awshttp.NewBuildableClient(), "a plain one": &http.Client{}, "none": nil} {
		replier := New(at(server.URL, client), "")
		for status, fault := range map[int]response.Fault{
			307: {Answer: redirect(other.URL, http.StatusTemporaryRedirect)},
			301: {Answer: redirect(other.URL, http.StatusMovedPermanently)},
		} {
			bucket.SetFault(func(*http.Request) response.Fault { return fault })
			if err := replier.Answer(t.Context(), ended(m, applied)); err == nil || elsewhere != 0 {
				t.Errorf("%s: %d: error %v, %d calls elsewhere", name, status, err, elsewhere)
			}
		}
		bucket.SetFault(func(*http.Request) response.Fault { return response.Fault{Answer: endless} })
		start := time.Now()
		if err := replier.Answer(t.Context(), ended(m, applied)); err != nil || time.Since(start) > putTimeout/2 {
			t.Errorf("%s: an endless body: %v after %v", name, err, time.Since(start))
		}
	}
}
