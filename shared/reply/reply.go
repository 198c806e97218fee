// Package reply tells whoever asked what became of a request: CloudFormation by a PUT to the
// request's response URL, Step Functions by ending the task whose token came along, and everybody
// else who listens by an event on an event bus.
//
// It does not decide anything and keeps nothing: an answer that could not be delivered is an
// error, and the caller's to try again. An event is best effort and never more than that.
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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// Who can be told, as dead letters name them (AnsweredTo).
const (
	CloudFormation = "CloudFormation"
	StepFunctions  = "StepFunctions"
)

// answerTimeout is the longest that one answer may take, so that an asker who does not listen costs
// its request's turn and not the batch.
const answerTimeout = 10 * time.Second

// ErrNobodyWaits says that an answer can never be delivered: the task has timed out or the
// execution was stopped. It changes nothing about the request, which is done.
var ErrNobodyWaits = errors.New("nobody waits for the answer any more")

// Result is what became of one request.
type Result struct {
	Message  message.Message
	Outcome  outcome.Outcome
	Warnings []finding.Finding
}

// Replier answers for one deployment. Its clients are made when they are first needed: what nobody
// uses costs nothing at the start.
type Replier struct {
	buckets buckets
	http    func() doer
	events  func() *eventbridge.Client
	tasks   func() *sfn.Client
	bus     string
}

// New is a Replier that sends its events to the event bus with the given name or ARN; to none if it
// is empty. Endpoints come with cfg; where it has one for S3 (AWS_ENDPOINT_URL_S3), response URLs
// must be there and nowhere else.
func New(cfg aws.Config, eventBus string) *Replier {
	return &Replier{
		buckets: newBuckets(cfg),
		http:    sync.OnceValue(func() doer { return newHTTPClient(cfg) }),
		// Announce has its own, shorter backoff.
		events: sync.OnceValue(func() *eventbridge.Client {
			return eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) { o.Retryer = aws.NopRetryer{} })
		}),
		tasks: sync.OnceValue(func() *sfn.Client { return sfn.NewFromConfig(cfg) }),
		bus:   eventBus,
	}
}

// Check refuses a request whose answer must not be delivered: its response URL is not one of
// CloudFormation's. Such a request must have no effect, for nobody would hear of it.
func (r *Replier) Check(m message.Message) *outcome.Rejection {
	asked := m.CloudFormation
	if asked == nil {
		return nil
	}
	at := asked.At.Get("ResponseURL")
	if asked.ResponseURL == "" && !at.IsString() {
		return nil // one that is missing, or no string, was refused when the message was opened
	}
	if err := r.buckets.check(asked.ResponseURL); err != nil {
		return outcome.Reject(outcome.MalformedRequest, []finding.Finding{at.Finding(RuleResponseURL, err.Error())})
	}
	return nil
}

// Asker is whom Answer tells of an outcome: CloudFormation, StepFunctions, or nobody (empty).
//
// Nobody hears of a Retry, which is no outcome yet; of an Expired request, whose stack waits no
// more; and of an AlreadyAnswered one, whose asker was told.
func (r *Replier) Asker(m message.Message, o outcome.Outcome) string {
	switch {
	case o.Kind == outcome.Retry, o.Code == outcome.Expired, o.Code == outcome.AlreadyAnswered:
		return ""
	case m.CloudFormation != nil && r.buckets.check(m.CloudFormation.ResponseURL) == nil:
		return CloudFormation
	case m.TaskToken != "":
		return StepFunctions
	}
	return ""
}

// Answer tells the asker, if there is one, what became of its request. An error that is
// ErrNobodyWaits is final; after any other the same answer may be given again.
func (r *Replier) Answer(ctx context.Context, m message.Message, o outcome.Outcome, warnings []finding.Finding) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	result := Result{Message: m, Outcome: o, Warnings: warnings}
	switch r.Asker(m, o) {
	case CloudFormation:
		return r.answerCloudFormation(ctx, result)
	case StepFunctions:
		return r.answerStepFunctions(ctx, result)
	}
	return nil
}

// failed reports whether the asker is told of a failure. A request that a newer one overtook is
// none: what was asked for was replaced, as the next request would have done anyway.
func (r Result) failed() bool { return r.Outcome.Kind == outcome.Rejected }

// cut shortens text to at most limit bytes of whole characters. What was cut shows as an ellipsis.
func cut(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	end := max(0, limit-len(ellipsis))
	for end > 0 && !isStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

// isStart reports whether a byte begins a character in UTF-8.
func isStart(b byte) bool { return b&0xC0 != 0x80 }
