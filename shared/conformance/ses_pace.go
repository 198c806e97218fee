package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const eachOnceASecond = "each of the four actions is documented as once a second, not whether they share it"

// pacing are the assumptions about how fast SES takes policy calls. Their checks
// share a policy.
var pacing = []Assumption{
	{"ses/one-call-a-second", Documented, pageSES + "API_PutIdentityPolicy.html",
		"A second PutIdentityPolicy within a second is refused with Throttling, HTTP 400, without Retry-After.",
		func(c *check) {
			_, err := c.tooEarly(0, c.putAgain)
			c.refusedAs(err, http.StatusBadRequest, "Throttling")
			if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
				after := response.Response.Header.Get("Retry-After")
				c.want(after == "", "no Retry-After", "%q", after)
			}
		}},
	{"ses/second-shared-with-reads", Inferred, eachOnceASecond,
		"GetIdentityPolicies within a second of PutIdentityPolicy is throttled: the actions share one second.",
		func(c *check) {
			_, err := c.tooEarly(0, func() error {
				return failure(c, c.mail.GetIdentityPolicies, &ses.GetIdentityPoliciesInput{Identity: &c.identity, PolicyNames: []string{c.policyName()}})
			})
			c.refused(err, "Throttling")
		}},
	{"ses/second-shared-with-deletes", Inferred, eachOnceASecond,
		"DeleteIdentityPolicy within a second of PutIdentityPolicy is throttled.",
		func(c *check) {
			_, err := c.tooEarly(0, func() error { return c.callDelete(c.ctx, c.identity, c.policyName()) })
			c.refused(err, "Throttling")
		}},
	{"ses/second-shared-with-lists", Inferred, eachOnceASecond,
		"ListIdentityPolicies within a second of PutIdentityPolicy is throttled.",
		func(c *check) {
			_, err := c.tooEarly(0, func() error {
				return failure(c, c.mail.ListIdentityPolicies, &ses.ListIdentityPoliciesInput{Identity: &c.identity})
			})
			c.refused(err, "Throttling")
		}},
	{"ses/a-tenth-too-early", Inferred, "a limit of once a second, taken at its word",
		"A call that starts nine tenths of a second after the start of the last one is throttled.",
		func(c *check) {
			apart, err := c.tooEarly(c.second*9/10, c.putAgain)
			c.observe("%v apart", apart.Round(time.Millisecond))
			c.refused(err, "Throttling")
		}},
	{"ses/throttled-call-does-not-count", Inferred, "the pace starts its wait at the end of every attempt, throttled or not",
		"A second after a call that was taken the next one is taken, whether or not a throttled one lies between.",
		func(c *check) {
			began := time.Now()
			_, err := c.tooEarly(c.second/2, c.putAgain)
			c.refused(err, "Throttling")
			c.lastCall = c.lastCall.Add(-c.second / 2) // the end of the call that was taken
			c.must(c.turn(c.ctx))
			err = c.putAgain()
			c.lastCall = time.Now()
			c.observe("three calls within %v", time.Since(began).Round(time.Millisecond))
			c.must(err)
		}},
	{"ses/v2-reads-have-no-second", Inferred, pageSESv2 + "API_GetEmailIdentity.html",
		"Five GetEmailIdentity in a row are not throttled, and do not throttle a policy call.",
		func(c *check) {
			c.name = paced
			c.put(c.identity, c.policy(nil))
			c.must(c.turn(c.ctx))
			began := time.Now()
			for range 5 {
				out := call(c, c.mailV2.GetEmailIdentity, &sesv2.GetEmailIdentityInput{EmailIdentity: &c.identity})
				c.want(out.Policies[c.policyName()] != "", "the policy", "none")
			}
			c.observe("five calls in %v", time.Since(began).Round(time.Millisecond))
			err := c.putAgain()
			c.lastCall = time.Now()
			c.must(err)
		}},
}

// paced is the name of the policy that the checks share.
const paced = "paced"

// tooEarly puts a policy when it is due, makes a second call that long after the
// start of the first, and returns the time between their starts and the second's
// error.
func (c *check) tooEarly(after time.Duration, second func() error) (apart time.Duration, err error) {
	c.name = paced
	forget := c.planRemoval(c.identity)
	var started time.Time
	err = c.paced(c.ctx, func() error {
		started = time.Now()
		return c.putAgain()
	})
	if notServed(err) {
		forget()
	}
	c.must(err)
	c.pause(time.Until(started.Add(after)))
	apart = time.Since(started)
	err = second()
	c.lastCall = time.Now()
	if took := time.Since(started); err == nil && took >= c.second {
		c.cannot(fmt.Sprintf("the endpoint is too slow: two calls took %v", took.Round(time.Millisecond)))
	}
	return apart, err
}

// putAgain puts the policy of the pacing checks at once.
func (c *check) putAgain() error { return c.callPut(c.identity, c.policy(nil)) }
