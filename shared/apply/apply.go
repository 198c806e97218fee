// Package apply makes the SES calls that put a sending authorization policy on
// an identity, delete it or look it up, at the pace SES allows, and classifies
// SES's answers into final and transient.
//
// It does not check what it sends, and it does not decide how a request ends:
// package outcome does, from the error returned here.
//
// The API: https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html
package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/smithy-go/middleware"

	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

const (
	// AttemptTimeout is the longest that one attempt of a call may take. SES
	// answers in well under a second; a connection that hangs costs the batch
	// this much once.
	AttemptTimeout = 5 * time.Second
	// attempts is how often one call is attempted at most before its request goes
	// back to the queue: enough for a short throttle or failure.
	attempts = 3
)

// Applier applies requests with one SES client. A deployment has one, so its pace
// is the deployment's.
type Applier struct {
	client *ses.Client
	pace   *Pace
}

// New is an Applier whose SES client is built from cfg and keeps at least
// interval between its calls. SES allows one call a second per account and
// Region.
func New(cfg aws.Config, interval time.Duration) *Applier {
	pace := NewPace(interval, AttemptTimeout)
	client := ses.NewFromConfig(cfg, func(o *ses.Options) {
		o.Retryer = newRetryer()
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return pace.addTo(s) })
	})
	return &Applier{client: client, pace: pace}
}

// newRetryer is the SDK's standard retryer with three changes: the pace is the
// backoff; the pace is the rate limit; and an attempt that timed out is not
// repeated, because it has cost enough time.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if isTimeout(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// Apply makes the change that r asks for. The error is nil once SES has taken
// it, an *outcome.Rejection if SES refused it finally, and an
// *outcome.Transient if it may be retried.
func (a *Applier) Apply(ctx context.Context, r message.Request) error {
	var err error
	switch r.Action {
	case message.Delete:
		_, err = a.client.DeleteIdentityPolicy(ctx, &ses.DeleteIdentityPolicyInput{
			Identity: aws.String(r.Identity.Name), PolicyName: aws.String(r.PolicyName)})
	default:
		_, err = a.client.PutIdentityPolicy(ctx, &ses.PutIdentityPolicyInput{
			Identity: aws.String(r.Identity.Name), PolicyName: aws.String(r.PolicyName), Policy: aws.String(r.Policy)})
	}
	if err != nil {
		err = fmt.Errorf("%s %q on %s: %w", r.Action, r.PolicyName, r.Identity.Name, err)
	}
	return classify(err)
}

// Lookup returns the text of a policy as SES has it; exists is false if the
// identity has no such policy. The error is an *outcome.Transient: a lookup
// never decides that a request is refused.
func (a *Applier) Lookup(ctx context.Context, identity, policyName string) (text string, exists bool, err error) {
	out, err := a.client.GetIdentityPolicies(ctx, &ses.GetIdentityPoliciesInput{
		Identity: aws.String(identity), PolicyNames: []string{policyName}})
	if err == nil {
		text, exists = out.Policies[policyName]
		return text, exists, nil
	}
	err = fmt.Errorf("looking up the policy %q on %s: %w", policyName, identity, err)
	if refused, ok := errors.AsType[*outcome.Rejection](classify(err)); ok {
		return "", false, &outcome.Transient{Cause: outcome.CauseUnknown, Err: refused}
	}
	return "", false, classify(err)
}

// Fits reports whether a call could begin now and end before ctx does.
func (a *Applier) Fits(ctx context.Context) bool { return a.pace.fits(ctx) }

// TakeStats returns the statistics since the last TakeStats.
func (a *Applier) TakeStats() Stats { return a.pace.take() }
