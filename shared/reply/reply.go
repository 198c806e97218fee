// Package reply tells the requester what became of a request: CloudFormation by a
// PUT to the request's response URL, Step Functions by ending the task whose
// token came along, and everyone else by an event on an event bus.
//
// It does not decide where an answer may go (package check) and it stores
// nothing: if an answer could not be delivered it returns an error, and the
// caller retries. Events are best effort.
//
// Custom resources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
// Task tokens: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
// Events: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
package reply

import (
	"context"
	"errors"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// answerTimeout is the longest that one answer may take, so that a requester who
// does not listen costs one request's time and not the batch's.
const answerTimeout = 10 * time.Second

// ErrNobodyWaits says that an answer can never be delivered: the task has timed
// out or its execution was stopped, or the response bucket refuses the URL, which
// has expired or never was CloudFormation's. The request's outcome stands. What
// the deployment is at fault for, such as a permission that its role lacks, is
// another error.
var ErrNobodyWaits = errors.New("nobody waits for the answer any more")

// Result is what became of one request.
type Result struct {
	Message  message.Message
	Outcome  outcome.Outcome
	Warnings []finding.Finding
	AnswerTo string // who is told: message.Stack, message.Task or nobody (empty); package check decides it
}

// Replier answers for one deployment. Its clients are made when they are first
// needed: what a deployment does not use costs nothing at the start.
type Replier struct {
	http   func() HTTPClient
	events func() *eventbridge.Client
	tasks  func() *sfn.Client
	bus    string
}

// New is a Replier that sends its events to the event bus with the given name or
// ARN; to none if it is empty.
func New(cfg aws.Config, eventBus string) *Replier {
	return &Replier{
		http: sync.OnceValue(func() HTTPClient { return NewHTTPClient(cfg) }),
		// Announce has its own, shorter backoff.
		events: sync.OnceValue(func() *eventbridge.Client {
			return eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) { o.Retryer = aws.NopRetryer{} })
		}),
		tasks: sync.OnceValue(func() *sfn.Client { return sfn.NewFromConfig(cfg) }),
		bus:   eventBus,
	}
}

// S3Endpoint is where cfg says that response buckets are (AWS_ENDPOINT_URL_S3);
// empty on AWS.
func S3Endpoint(cfg aws.Config) string { return aws.ToString(endpointOf(cfg, "S3")) }

// Answer tells the requester, if there is one. ErrNobodyWaits is final; after any
// other error the same answer may be given again.
func (r *Replier) Answer(ctx context.Context, result Result) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	switch result.AnswerTo {
	case message.Stack:
		return r.answerCloudFormation(ctx, result)
	case message.Task:
		return r.answerStepFunctions(ctx, result)
	}
	return nil
}

// failed reports whether the requester is told of a failure. A superseded request
// has not failed if the newer one would have replaced its change anyway; but a
// stack would take itself for the owner of what somebody else put.
func (r Result) failed() bool {
	switch r.Outcome.Kind {
	case outcome.Rejected:
		return true
	case outcome.Superseded:
		return r.AnswerTo == message.Stack && !r.Outcome.Own
	}
	return false
}

// cut shortens text to at most limit bytes of whole characters, and marks the cut
// with an ellipsis.
func cut(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	end := max(0, limit-len(ellipsis))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
