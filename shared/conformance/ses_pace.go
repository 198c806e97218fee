package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// pacing are the assumptions about how fast SES takes policy calls.
func pacing() []Assumption {
	return []Assumption{
		{
			Name: "ses/one-call-a-second", Sure: Documented, Source: pageSES + "API_PutIdentityPolicy.html",
			Statement: "A second PutIdentityPolicy within a second is refused with Throttling, HTTP 400, without Retry-After.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.tooEarly(ctx, 0, w.putAgain)
				if wrong := refusedAs(err, http.StatusBadRequest, "Throttling"); wrong != nil {
					return "", wrong
				}
				if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response.Header.Get("Retry-After") != "" {
					return "", differs("no Retry-After", "%q", response.Response.Header.Get("Retry-After"))
				}
				return "", nil
			},
		},
		{
			Name: "ses/second-shared-with-reads", Sure: Inferred, Source: "each of the four actions is documented as once a second, not whether they share it",
			Statement: "GetIdentityPolicies within a second of PutIdentityPolicy is throttled: the actions share one second.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.tooEarly(ctx, 0, func(ctx context.Context) error {
					_, err := w.callGet(ctx, w.identity, "paced")
					return err
				})
				return "", refusedWith(err, "Throttling")
			},
		},
		{
			Name: "ses/second-shared-with-deletes", Sure: Inferred, Source: "each of the four actions is documented as once a second, not whether they share it",
			Statement: "DeleteIdentityPolicy within a second of PutIdentityPolicy is throttled.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.tooEarly(ctx, 0, func(ctx context.Context) error { return w.callDelete(ctx, w.identity, "paced") })
				return "", refusedWith(err, "Throttling")
			},
		},
		{
			Name: "ses/second-shared-with-lists", Sure: Inferred, Source: "each of the four actions is documented as once a second, not whether they share it",
			Statement: "ListIdentityPolicies within a second of PutIdentityPolicy is throttled.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.tooEarly(ctx, 0, func(ctx context.Context) error {
					_, err := w.mail.ListIdentityPolicies(ctx, &ses.ListIdentityPoliciesInput{Identity: &w.identity})
					return err
				})
				return "", refusedWith(err, "Throttling")
			},
		},
		{
			Name: "ses/a-tenth-too-early", Sure: Inferred, Source: "a limit of once a second, taken at its word",
			Statement: "A call that starts nine tenths of a second after the start of the last one is throttled.",
			Check: func(ctx context.Context, w *world) (string, error) {
				apart, err := w.tooEarly(ctx, w.second*9/10, w.putAgain)
				return fmt.Sprintf("%v apart", apart.Round(time.Millisecond)), refusedWith(err, "Throttling")
			},
		},
		{
			Name: "ses/throttled-call-does-not-count", Sure: Inferred, Source: "the pace starts its wait at the end of every attempt, throttled or not",
			Statement: "A second after a call that was taken the next one is taken, whether or not a throttled one lies between.",
			Check: func(ctx context.Context, w *world) (string, error) {
				began := time.Now()
				if _, err := w.tooEarly(ctx, w.second/2, w.putAgain); refusedWith(err, "Throttling") != nil {
					return "", refusedWith(err, "Throttling")
				}
				w.lastCall = w.lastCall.Add(-w.second / 2) // the end of the call that was taken
				if err := w.turn(ctx); err != nil {
					return "", err
				}
				err := w.putAgain(ctx)
				w.lastCall = time.Now()
				return fmt.Sprintf("three calls within %v", time.Since(began).Round(time.Millisecond)), err
			},
		},
		{
			Name: "ses/v2-reads-have-no-second", Sure: Inferred, Source: pageSESv2 + "API_GetEmailIdentity.html",
			Statement: "Five GetEmailIdentity in a row are not throttled, and do not throttle a policy call.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if err := w.putPolicy(ctx, w.identity, "paced", w.policy(nil)); err != nil {
					return "", err
				}
				if err := w.turn(ctx); err != nil {
					return "", err
				}
				began := time.Now()
				for range 5 {
					out, err := w.mailV2.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &w.identity})
					if err != nil {
						return "", err
					}
					if aws.ToString(new(out.Policies[w.policyName("paced")])) == "" {
						return "", differs("the policy", "none")
					}
				}
				took := time.Since(began)
				err := w.putAgain(ctx)
				w.lastCall = time.Now()
				return fmt.Sprintf("five calls in %v", took.Round(time.Millisecond)), err
			},
		},
	}
}

// tooEarly puts a policy when it is due, makes a second call that long after the
// start of the first, and returns the time between their starts and the second's
// error.
func (w *world) tooEarly(ctx context.Context, after time.Duration, second func(context.Context) error) (time.Duration, error) {
	w.planRemoval(w.identity, "paced")
	var started time.Time
	err := w.paced(ctx, func() error {
		started = time.Now()
		return w.putAgain(ctx)
	})
	if notServed(err) {
		w.cleanup.done(policyStep(w.identity, "paced"))
	}
	if err != nil {
		return 0, fmt.Errorf("the first of two calls: %w", err)
	}
	if err := w.pause(ctx, time.Until(started.Add(after))); err != nil {
		return 0, err
	}
	apart := time.Since(started)
	err = second(ctx)
	w.lastCall = time.Now()
	if took := time.Since(started); err == nil && took >= w.second {
		return apart, unaskable(fmt.Sprintf("the endpoint is too slow: two calls took %v", took.Round(time.Millisecond)))
	}
	return apart, err
}

// putAgain puts the policy of the pacing checks at once.
func (w *world) putAgain(ctx context.Context) error {
	return w.callPut(ctx, w.identity, "paced", w.policy(nil))
}
