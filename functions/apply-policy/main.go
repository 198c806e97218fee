// Command apply-policy is the Lambda function: it takes batches of requests
// from the request queue, checks each, applies it with PutIdentityPolicy or
// DeleteIdentityPolicy at the pace SES allows, tells the requester, and sends
// what cannot be applied to the dead-letter queue.
//
// One batch goes through batch.settle, top to bottom:
//
//	message.Open → check.Request → ledger.Read
//	per request: ledger.Decide → intent, SES, settle → dead letter, answer
//
// What was applied and what became of each request is in the ledger. Between
// batches an instance remembers the time of its last call only.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/account/meaning"
	"sespolicy/shared/apply"
	"sespolicy/shared/check"
	"sespolicy/shared/deadletter"
	"sespolicy/shared/ledger"
	"sespolicy/shared/notification"
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
	env, err := readEnvironment(os.Getenv)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return newHandler(env, cfg, lambdacontext.NewLogger(), os.Stdout), nil
}

// newHandler makes the clients that every deployment uses.
func newHandler(env environment, cfg aws.Config, log *slog.Logger, metricsTo io.Writer) *handler {
	queues := sqs.NewFromConfig(cfg)
	return &handler{
		rules: check.Rules{Guardrail: env.Guardrail, Answers: check.Answers{
			Region: cfg.Region, S3Endpoint: reply.S3Endpoint(cfg), StepFunctions: env.AnswerStepFunctions}},
		verifier: sync.OnceValue(func() *notification.Verifier {
			return notification.New(reply.NewHTTPClient(cfg), env.SNSEndpoint)
		}),
		applier:            apply.New(cfg, env.MinCallInterval),
		deadLetters:        deadletter.New(queues, env.DeadLetterQueueURL),
		deadLetterQueueURL: env.DeadLetterQueueURL,
		maxReceives:        env.MaxReceiveCount,
		visibility:         queues,
		replies:            reply.New(cfg, env.EventBusName),
		ledger:             newLedger(env, cfg),
		log:                log,
		metrics:            &metrics{out: metricsTo, function: lambdacontext.FunctionName},
	}
}

// newLedger is the ledger, with the policies compared as SES stores them.
func newLedger(env environment, cfg aws.Config) *ledger.Ledger {
	l := ledger.New(dynamodb.NewFromConfig(cfg), env.LedgerTable)
	l.SharePolicies = !env.ProtectStackPolicies
	l.Same = func(a, b string) bool { return meaning.Equal(a, b, check.Partition(cfg.Region)) }
	return l
}
