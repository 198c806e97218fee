package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/identity"
	"sespolicy/shared/reply"
)

// What is asked.
const (
	onLocal    = "sespolicy local"
	onEmulator = "another emulator"
	onAccount  = "an AWS account"
)

// prefix begins the names of everything that the checks make.
const prefix = "sespolicy-conformance-"

// world is the endpoint that is asked, and what was made there.
type world struct {
	kind     string
	endpoint string // empty for an account
	prefix   string // of this run's names
	owner    identity.Owner
	cleanup  cleanup

	// second is the interval that SES allows one call in: shorter only in tests.
	second    time.Duration
	lastCall  time.Time // when the last policy call of SES ended
	identity  string    // the identity whose policies may be changed
	address   string    // an address identity that may be changed, if any
	principal string    // an IAM role or user made just now, if any
	began     time.Time

	mail   *ses.Client
	mailV2 *sesv2.Client
	queues *sqs.Client
	topics *sns.Client
	tables *dynamodb.Client
	bus    *eventbridge.Client
	steps  *sfn.Client
	http   reply.HTTPClient // reads signing certificates
}

// newWorld makes the clients. They repeat no call: a check counts its calls.
func newWorld(cfg aws.Config, kind string, t target) *world {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	endpoint := cfg.BaseEndpoint
	w := &world{
		kind: kind, endpoint: aws.ToString(endpoint), prefix: prefix + strings.ToLower(rand.Text()[:8]) + "-",
		second: t.second, identity: t.identity, address: t.address, principal: t.principal, began: time.Now(),
		owner:  identity.Owner{Partition: "aws", Region: cfg.Region, Account: "123456789012"},
		mail:   ses.NewFromConfig(cfg, func(o *ses.Options) { o.BaseEndpoint = endpoint }),
		mailV2: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.BaseEndpoint = endpoint }),
		queues: sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = endpoint }),
		topics: sns.NewFromConfig(cfg, func(o *sns.Options) { o.BaseEndpoint = endpoint }),
		tables: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = endpoint }),
		bus:    eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) { o.BaseEndpoint = endpoint }),
		steps:  sfn.NewFromConfig(cfg, func(o *sfn.Options) { o.BaseEndpoint = endpoint }),
		http:   reply.NewHTTPClient(cfg),
	}
	return w
}

// learnOwner takes account, Region and partition from the ARN of a new queue.
func (w *world) learnOwner(ctx context.Context) error {
	q, err := w.makeQueue(ctx, "owner", nil)
	if err != nil {
		return fmt.Errorf("creating the first queue: %w", err)
	}
	parsed, err := arn.Parse(q.arn)
	if err != nil {
		return fmt.Errorf("the queue's ARN %q: %w", q.arn, err)
	}
	w.owner = identity.Owner{Partition: parsed.Partition, Region: parsed.Region, Account: parsed.AccountID}
	return nil
}

// identityARN is the ARN of the identity.
func (w *world) identityARN(name string) string { return w.arn("ses", "identity/"+name) }

func (w *world) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", w.owner.Partition, service, w.owner.Region, w.owner.Account, resource)
}

// pause waits, at most until ctx ends.
func (w *world) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// identityOr is the identity, or the default of an emulator.
func identityOr(given string) string { return cmp.Or(given, "conformance.example.com") }
