package reply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// service is a service of AWS that is told of outcomes, by one signed POST of JSON a call.
//
// The SDK has a package for each. What they make before main runs costs every start of the function,
// and few deployments tell these services anything. So their calls are put together here from the
// SDK's core: its configuration, retryer and middleware. Tests hold requests, endpoints and what
// comes of answers against the two packages.
type service struct {
	id      string      // in the SDK's configuration: AWS_ENDPOINT_URL_SFN
	name    string      // in the host and in the signature
	target  string      // begins the X-Amz-Target header
	version string      // of AWS JSON
	retryer aws.Retryer // nil for the configuration's
}

var (
	// Announce has its own, shorter, way to try again.
	eventBridge   = service{"EventBridge", "events", "AWSEvents.", "1.1", aws.NopRetryer{}}
	stepFunctions = service{"SFN", "states", "AWSStepFunctions.", "1.0", nil}
)

// caller calls services.
type caller struct {
	config  aws.Config
	options sqs.Options // what the SDK makes of the configuration, for the one client that is linked anyway
}

func newCaller(cfg aws.Config) *caller {
	return &caller{config: cfg, options: sqs.NewFromConfig(cfg).Options()}
}

// call calls an operation of a service: in is its request, and out is where its answer goes. What
// the service refuses is a smithy.APIError in the error.
func (c *caller) call(ctx context.Context, s service, name string, in, out any) error {
	err := c.try(ctx, s, name, in, out)
	if err != nil {
		return &smithy.OperationError{ServiceID: s.id, OperationName: name, Err: err}
	}
	return nil
}

func (c *caller) try(ctx context.Context, s service, name string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	at, err := c.endpoint(ctx, s)
	if err != nil {
		return err
	}
	retryer := s.retryer
	if retryer == nil {
		retryer = c.options.Retryer
	}
	o := &operation{service: s, name: name, at: at, body: body, out: out, region: c.options.Region, credentials: c.options.Credentials}
	stack := middleware.NewStack(name, smithyhttp.NewStackRequest)
	if err := errors.Join(
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("OperationSerializer", o.write), middleware.After),
		awsmiddleware.AddRequestUserAgentMiddleware(stack),
		awsmiddleware.AddRecursionDetection(stack),
		stack.Finalize.Add(retry.NewAttemptMiddleware(retryer, smithyhttp.RequestCloner), middleware.After),
		stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Signing", o.sign), middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("OperationDeserializer", o.read), middleware.After),
		awsmiddleware.AddRequestIDRetrieverMiddleware(stack),
		awshttp.AddResponseErrorMiddleware(stack),
	); err != nil {
		return err
	}
	_, _, err = middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(c.options.HTTPClient), stack).Handle(ctx, in)
	return err
}
