package reply

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/states"
)

// Wherever the SDK's own packages find the services, they are found here.
func TestEndpointsAreTheSDKs(t *testing.T) {
	regions := []string{"us-east-1", "us-west-2", "eu-central-1", "ca-central-1", "mx-central-1", "af-south-1", "il-central-1", "cn-north-1", "cn-northwest-1",
		"us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "xx-unknown-1"}
	for _, region := range regions {
		for _, fips := range []bool{false, true} {
			for _, dual := range []bool{false, true} {
				c := newCaller(aws.Config{Region: region}, nil)
				if fips {
					c.flags.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
				}
				if dual {
					c.flags.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
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
type sent struct{ lines []string }

func (s *sent) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	s.lines = append(s.lines, fmt.Sprintln(r.Method, r.URL, r.Header.Get("X-Amz-Target"), r.Header.Get("Content-Type"), r.Header.Get("X-Amz-Security-Token"),
		r.Header.Get("X-Amzn-Trace-Id"), scope[len(scope)-3:len(scope)-1], r.ContentLength, string(body)))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// What is sent, and whereto in each environment, is what the SDK's packages send.
func TestRequestsAreTheSDKs(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"as on AWS":                    {},
		"one endpoint for all":         {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"an endpoint with a path":      {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
		"endpoints of their own":       {"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:3"},
		"one for all and one's own":    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2"},
		"endpoints that are ignored":   {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"FIPS":                         {"AWS_USE_FIPS_ENDPOINT": "true"},
		"FIPS and an endpoint":         {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"dual stack":                   {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"GovCloud, FIPS":               {"AWS_REGION": "us-gov-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
		"China":                        {"AWS_REGION": "cn-north-1"},
		"a trace of the invocation":    {"_X_AMZN_TRACE_ID": "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"},
		"credentials without a token":  {"AWS_SESSION_TOKEN": ""},
		"a configuration file is none": {"AWS_CONFIG_FILE": "/nowhere"},
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

			c, none := newCaller(cfg, &ours), &struct{}{}
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
		})
	}
}

// What a service answers with is told apart as the SDK does it.
func TestAnswersThatRefuse(t *testing.T) {
	for _, tt := range []struct {
		name, header, body string
		status             int
		code, message      string
	}{
		{"code in the header", "InvalidToken:http://internal", `{"message":"no"}`, 400, "InvalidToken", "no"},
		{"code in the body", "", `{"__type":"com.amazonaws.states#TaskTimedOut","message":"no"}`, 400, "TaskTimedOut", "no"},
		{"a message in capitals", "", `{"__type":"AccessDeniedException","Message":"no"}`, 400, "AccessDeniedException", "no"},
		{"no JSON", "", `<html>`, 503, "UnknownError", "Service Unavailable"},
		{"nothing", "", ``, 302, "UnknownError", "Found"},
	} {
		server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if tt.header != "" {
				w.Header().Set("X-Amzn-ErrorType", tt.header)
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		cfg := wired(server)
		err := newCaller(cfg, cfg.HTTPClient).call(t.Context(), stepFunctions, "SendTaskSuccess", taskSuccess{}, &struct{}{})
		refused, ok := errors.AsType[smithy.APIError](err)
		if !ok || refused.ErrorCode() != tt.code || refused.ErrorMessage() != tt.message {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// An answer is sent again when that may help, and only then.
func TestTaskAnswersAreTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name     string
		status   int
		code     string
		failures int
		calls    int
		took     time.Duration
		told     bool
	}{
		{"a moment's trouble", 500, "InternalServerError", 1, 2, taskPause, true},
		{"throttled twice", 400, "ThrottlingException", 2, 3, 3 * taskPause, true},
		{"down", 503, "", 9, 3, 3 * taskPause, false},
		{"denied", 400, "AccessDeniedException", 9, 1, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, calls := states.New(), 0
			server.SetFault(func(w http.ResponseWriter, _ *http.Request) bool {
				calls++
				if calls > tt.failures {
					return false
				}
				w.Header().Set("X-Amzn-ErrorType", tt.code)
				w.WriteHeader(tt.status)
				return true
			})
			begun := time.Now()
			err := New(wired(server), "").Answer(t.Context(), waiting("token"), applied, nil)
			if (err == nil) != tt.told || calls != tt.calls || time.Since(begun) != tt.took || len(server.Answers()) != map[bool]int{true: 1}[tt.told] {
				t.Errorf("%s: %d calls in %v, %v", tt.name, calls, time.Since(begun), err)
			}
		})
	}
}
