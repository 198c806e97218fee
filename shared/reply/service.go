package reply

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// service is a service of AWS that is told of outcomes, by one signed POST of JSON a call.
//
// The SDK has a package for each. What they make before main runs costs every start of the function,
// and few deployments tell these services anything. So only the SDK's core is used here: its
// configuration, credentials, signature and HTTP client. Tests hold what is left, names and
// endpoints, against the two packages.
type service struct {
	id      string // in the SDK's configuration: AWS_ENDPOINT_URL_SFN
	name    string // in the host and in the signature
	target  string // begins the X-Amz-Target header
	version string // of AWS JSON
}

var (
	eventBridge   = service{"EventBridge", "events", "AWSEvents.", "1.1"}
	stepFunctions = service{"SFN", "states", "AWSStepFunctions.", "1.0"}
)

// maxAnswer is how many bytes of an answer are read: many times what any has.
const maxAnswer = 1 << 20

// caller calls services.
type caller struct {
	config aws.Config
	http   doer
	signer *v4.Signer
	flags  sqs.EndpointResolverOptions // FIPS, dual stack
}

func newCaller(cfg aws.Config, client doer) *caller {
	// The client of SQS says what the SDK makes of its configuration.
	return &caller{config: cfg, http: client, signer: v4.NewSigner(), flags: sqs.NewFromConfig(cfg).Options().EndpointOptions}
}

// call makes one attempt of an operation. What the service refuses is a *smithyhttp.ResponseError
// around a smithy.APIError, as the SDK has it.
func (c *caller) call(ctx context.Context, s service, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing the request of %s: %w", operation, err)
	}
	request, err := c.request(ctx, s, operation, body)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode != http.StatusOK {
		return refusal(answer, text)
	}
	if err := text.Decode(out); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", operation, err)
	}
	return nil
}

func (c *caller) request(ctx context.Context, s service, operation string, body []byte) (*http.Request, error) {
	at, err := c.endpoint(ctx, s)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-"+s.version)
	request.Header.Set("X-Amz-Target", s.target+operation)
	request.Header.Set("User-Agent", "sespolicy")
	// Lambda knows by it a function that sets itself off.
	if trace := os.Getenv("_X_AMZN_TRACE_ID"); trace != "" {
		request.Header.Set("X-Amzn-Trace-Id", trace)
	}
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("getting credentials: %w", err)
	}
	hash := sha256.Sum256(body)
	return request, c.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), s.name, c.config.Region, time.Now())
}

// refusal is the error that a service answered with.
func refusal(answer *http.Response, text *json.Decoder) error {
	code, message, _ := restjson.GetErrorInfo(text) // what has no JSON has no code
	if header := answer.Header.Get("X-Amzn-ErrorType"); header != "" {
		code = restjson.SanitizeErrorCode(header)
	}
	if code == "" {
		code, message = "UnknownError", answer.Status
	}
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: &smithy.GenericAPIError{Code: code, Message: message}}
}
