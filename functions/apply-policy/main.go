// Command apply-policy is the Lambda function: it takes batches of requests
// from the request queue, checks each, applies it with PutIdentityPolicy or
// DeleteIdentityPolicy at the pace SES allows, answers whoever asked, and sends
// what cannot be done to the dead-letter queue.
//
// One batch goes through handler.handle, top to bottom:
//
//	message.Open → check.Request → apply → outcome.Of → dead letter, reply
//
// What one instance remembers between batches is the time of its last call and
// the newest requests it applied; nothing is lost with either.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/apply"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/reply"
)

func main() {
	h, err := start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.StartHandlerFunc(h.handle)
}

// start reads the environment and the SDK's configuration, once per instance.
func start(ctx context.Context) (*handler, error) {
	env, err := readEnvironment()
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return newHandler(env, cfg, lambdacontext.NewLogger(), os.Stdout)
}

// newHandler makes the clients; what a deployment has not turned on makes none.
func newHandler(env environment, cfg aws.Config, log *slog.Logger, metricsTo io.Writer) (*handler, error) {
	fence, err := guardrail.New(env.Guardrail)
	if err != nil {
		return nil, fmt.Errorf("reading the guardrails from the environment: %w", err)
	}
	queues := sqs.NewFromConfig(cfg)
	return &handler{
		guardrail:          fence,
		applier:            apply.New(cfg, env.MinCallInterval),
		deadLetters:        deadletter.New(queues, env.DeadLetterQueueURL),
		deadLetterQueueURL: env.DeadLetterQueueURL,
		visibility:         queues,
		replies:            reply.New(cfg, env.EventBusName),
		marks:              newMarks(),
		log:                log,
		metrics:            &metrics{out: metricsTo, function: lambdacontext.FunctionName},
	}, nil
}
