package reply

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// Wherever the SDK's own packages find the services, they are found here.
func TestEndpointsAreTheSDKs(t *testing.T) {
	regions := []string{"us-east-1", "us-west-2", "eu-central-1", "ca-central-1", "mx-central-1", "af-south-1", "il-central-1", "cn-north-1", "cn-northwest-1",
		"us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "xx-unknown-1"}
	for _, region := range regions {
		for _, fips := range []bool{false, true} {
			for _, dual := range []bool{false, true} {
				c := newCaller(aws.Config{Region: region})
				if fips {
					c.options.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
				}
				if dual {
					c.options.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
				}
				e, eErr := eventbridge.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), eventbridge.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
				s, sErr := sfn.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sfn.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dual})
				for _, tt := range []struct {
					service service
					want    string
					wantErr error
				}{{eventBridge, e.URI.String(), eErr}, {stepFunctions, s.URI.String(), sErr}} {
					got, err := c.endpoint(t.Context(), tt.service)
					if (err != nil) != (tt.wantErr != nil) || err == nil && strings.TrimSuffix(got.String(), "/") != tt.want {
						t.Errorf("%s, %s, FIPS %v, dual stack %v: %v, %v; the SDK has %s, %v", tt.service.id, region, fips, dual, got, err, tt.want, tt.wantErr)
					}
				}
			}
		}
	}
}

// sent keeps what requests say, and answers as a service that is content.
type sent struct {
	lines []string
	wrong []string // signatures
}

func (s *sent) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := checkSignature(r, body); err != nil {
		s.wrong = append(s.wrong, err.Error())
	}
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	s.lines = append(s.lines, fmt.Sprintln(r.Method, r.URL, r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type"), r.Header.Get("X-Amz-Security-Token"),
		r.Header.Get("X-Amzn-Trace-Id"), scope[len(scope)-3:len(scope)-1], r.ContentLength, string(body)))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// checkSignature signs what came again, with the credentials of the test, and compares.
func checkSignature(r *http.Request, body []byte) error {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		return fmt.Errorf("signed at %q: %w", r.Header.Get("X-Amz-Date"), err)
	}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}
	for name := range strings.SplitSeq(list, ";") {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = int64(len(body))
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), scope[3], scope[2], at); err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return nil
}

// What is sent, and whereto in each environment, is what the SDK's packages send.
func TestRequestsAreTheSDKs(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"as on AWS":                   {},
		"one endpoint for all":        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"an endpoint with a slash":    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
		"an endpoint with a path":     {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/a/b"},
		"a path that ends in a slash": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/a/b/"},
		"the file's own, one for all": {"AWS_CONFIG_FILE": "testdata/endpoints.ini", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"the file's own":              {"AWS_CONFIG_FILE": "testdata/endpoints.ini"},
		"not ignored after all":       {"AWS_CONFIG_FILE": "testdata/ignored.ini", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
		"ignored by the file":         {"AWS_CONFIG_FILE": "testdata/ignored.ini"},
		"endpoints of their own":      {"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:3"},
		"one for all and one's own":   {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2"},
		"endpoints that are ignored":  {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"FIPS":                        {"AWS_USE_FIPS_ENDPOINT": "true"},
		"FIPS and an endpoint":        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"dual stack":                  {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"GovCloud, FIPS":              {"AWS_REGION": "us-gov-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
		"China":                       {"AWS_REGION": "cn-north-1"},
		"a trace of the invocation":   {"_X_AMZN_TRACE_ID": "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"},
		"credentials without a token": {"AWS_SESSION_TOKEN": ""},
		"no Region":                   {"AWS_REGION": ""},
		"a trace with odd characters": {"_X_AMZN_TRACE_ID": "a:0|b 1"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none",
				"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token", "AWS_CA_BUNDLE": "", "_X_AMZN_TRACE_ID": "Root=1"} {
				t.Setenv(key, value)
			}
			for key, value := range environment {
				t.Setenv(key, value)
			}
			cfg, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var ours, theirs sent
			cfg.HTTPClient, cfg.Retryer = &theirs, func() aws.Retryer { return aws.NopRetryer{} }
			bus, task := eventbridge.NewFromConfig(cfg), sfn.NewFromConfig(cfg)
			_, err1 := bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
				{Detail: aws.String("{}"), DetailType: aws.String("t"), EventBusName: aws.String("b"), Source: aws.String("s")}}})
			_, err2 := task.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{Output: aws.String("o"), TaskToken: aws.String("t")})
			_, err3 := task.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{Cause: aws.String("c"), Error: aws.String("e"), TaskToken: aws.String("t")})
			theirsFailed := errors.Join(err1, err2, err3)

			cfg.HTTPClient = &ours
			c, none := newCaller(cfg), &struct{}{}
			oursFailed := errors.Join(
				c.call(t.Context(), eventBridge, "PutEvents", putEvents{Entries: []event{{Detail: "{}", DetailType: "t", EventBusName: "b", Source: "s"}}}, none),
				c.call(t.Context(), stepFunctions, "SendTaskSuccess", taskSuccess{Output: "o", TaskToken: "t"}, none),
				c.call(t.Context(), stepFunctions, "SendTaskFailure", taskFailure{Cause: "c", Error: "e", TaskToken: "t"}, none))
			if (oursFailed == nil) != (theirsFailed == nil) {
				t.Errorf("got %v; the SDK has %v", oursFailed, theirsFailed)
			}
			if diff := cmp.Diff(theirs.lines, ours.lines); diff != "" {
				t.Error(diff)
			}
			if len(theirs.wrong) > 0 || len(ours.wrong) > 0 {
				t.Errorf("signatures: ours %q, the SDK's %q", ours.wrong, theirs.wrong)
			}
		})
	}
}

// What comes of an answer, and after how many attempts, is what comes of it with the SDK's package.
func TestAnswersAreTheSDKs(t *testing.T) {
	for _, tt := range []struct {
		name, header, body string
		status             int
		failures           int // attempts that get this answer, a good one follows
		code               string
	}{
		{"nothing in it", "", "", 200, 9, ""},
		{"no content", "", "", 204, 9, ""},
		{"accepted", "", "{}", 202, 9, ""},
		{"code in the header", "InvalidToken:http://internal", `{"message":"no"}`, 400, 9, "InvalidToken"},
		{"code in the body", "", `{"__type":"com.amazonaws.states#TaskTimedOut","message":"no"}`, 400, 9, "TaskTimedOut"},
		{"denied", "", `{"__type":"AccessDeniedException","Message":"no"}`, 400, 9, "AccessDeniedException"},
		{"elsewhere", "", "", 302, 9, "UnknownError"},
		{"trouble that passes", "InternalServerError", `{}`, 500, 1, ""},
		{"throttled twice", "ThrottlingException", `{}`, 400, 2, ""},
		{"throttled for ever", "ThrottlingException", `{}`, 400, 9, "ThrottlingException"},
		{"down", "", ``, 503, 9, "UnknownError"},
		{"a connection that broke", "", "", 0, 1, ""},
		{"connections that break", "", "", 0, 9, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			cfg := wired(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if attempts++; attempts > tt.failures {
					_, _ = io.WriteString(w, "{}")
					return
				}
				if tt.status == 0 {
					panic(http.ErrAbortHandler)
				}
				if tt.header != "" {
					w.Header().Set("X-Amzn-ErrorType", tt.header)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			codeOf := func(err error) string {
				if refused, ok := errors.AsType[smithy.APIError](err); ok {
					return refused.ErrorCode()
				}
				return ""
			}
			_, theirs := sfn.NewFromConfig(cfg).SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{Output: aws.String("o"), TaskToken: aws.String("t")})
			their := attempts
			attempts = 0
			ours := newCaller(cfg).call(t.Context(), stepFunctions, "SendTaskSuccess", taskSuccess{}, &struct{}{})
			if (ours == nil) != (theirs == nil) || attempts != their || codeOf(ours) != tt.code || codeOf(theirs) != tt.code {
				t.Errorf("%s: %d attempts, %v; the SDK %d, %v", tt.name, attempts, ours, their, theirs)
			}
		})
	}
}

// body is an answer's, with more in it than is read of one.
type body struct {
	io.Reader
	ended, closed bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

func (b *body) Close() error { b.closed = true; return nil }

func (b *body) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: b, Request: r}, nil
}

// A body that is read to its end and closed leaves the connection for the next call.
func TestAnswersAreReadToTheirEnd(t *testing.T) {
	cfg, b := wired(nil), &body{Reader: strings.NewReader("{}" + strings.Repeat(" ", 2*maxAnswer))}
	cfg.HTTPClient = b
	if err := newCaller(cfg).call(t.Context(), stepFunctions, "SendTaskSuccess", taskSuccess{}, &struct{}{}); err != nil || !b.ended || !b.closed {
		t.Errorf("ended %v, closed %v, %v", b.ended, b.closed, err)
	}
}
