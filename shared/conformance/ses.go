package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ses"

	"sespolicy/shared/account/meaning"
)

// maxThrottled is how often a call is repeated that somebody else's call of the
// same account got throttled.
const maxThrottled = 5

// turn waits until SES takes the next policy call: a tenth more than a second
// after the end of the last one.
func (w *world) turn(ctx context.Context) error {
	if w.lastCall.IsZero() {
		return ctx.Err()
	}
	return w.pause(ctx, time.Until(w.lastCall.Add(w.second+w.second/10)))
}

// paced makes a policy call when it is due.
func (w *world) paced(ctx context.Context, call func() error) error {
	var err error
	for range maxThrottled {
		if wait := w.turn(ctx); wait != nil {
			return wait
		}
		err = call()
		w.lastCall = time.Now()
		if code(err) != "Throttling" {
			return err
		}
	}
	return err
}

// policyName is the name of a check's policy.
func (c *check) policyName() string { return c.prefix + c.name }

// planRemoval has the policy of the check removed at the end. It returns what
// forgets the plan.
func (c *check) planRemoval(identity string) (forget func()) {
	name := c.policyName()
	return c.cleanup.add("policy "+name+" on "+identity, func(ctx context.Context) error {
		return c.paced(ctx, func() error { return c.callDelete(ctx, identity, name) })
	})
}

// callPut puts the policy of the check at once. Its removal must be planned.
func (c *check) callPut(identity, text string) error {
	return failure(c, c.mail.PutIdentityPolicy, &ses.PutIdentityPolicyInput{Identity: &identity, PolicyName: aws.String(c.policyName()), Policy: &text})
}

func (w *world) callDelete(ctx context.Context, identity, name string) error {
	_, err := w.mail.DeleteIdentityPolicy(ctx, &ses.DeleteIdentityPolicyInput{Identity: &identity, PolicyName: &name})
	return err
}

// tryPut puts the policy of the check, which is removed at the end.
func (c *check) tryPut(identity, text string) error {
	forget := c.planRemoval(identity)
	err := c.paced(c.ctx, func() error { return c.callPut(identity, text) })
	if refused := status(err) >= http.StatusBadRequest && status(err) < http.StatusInternalServerError; refused || notServed(err) {
		forget()
	}
	return err
}

func (c *check) put(identity, text string) { c.must(c.tryPut(identity, text)) }

// delete removes the policy of the check.
func (c *check) delete(identity string) {
	c.must(c.paced(c.ctx, func() error { return c.callDelete(c.ctx, identity, c.policyName()) }))
	c.cleanup.done("policy " + c.policyName() + " on " + identity)
}

// get reads policies when it is due.
func (c *check) get(identity string, names ...string) (found map[string]string) {
	c.must(c.paced(c.ctx, func() error {
		out, err := c.mail.GetIdentityPolicies(c.ctx, &ses.GetIdentityPoliciesInput{Identity: &identity, PolicyNames: names})
		if err == nil {
			found = out.Policies
		}
		return err
	}))
	return found
}

// stored is the text of the check's policy, which must be there.
func (c *check) stored(identity string) string {
	text := c.get(identity, c.policyName())[c.policyName()]
	c.want(text != "", "the policy", "none")
	return text
}

func (c *check) list(identity string) (names []string, err error) {
	err = c.paced(c.ctx, func() error {
		out, err := c.mail.ListIdentityPolicies(c.ctx, &ses.ListIdentityPoliciesInput{Identity: &identity})
		if err == nil {
			names = out.PolicyNames
		}
		return err
	})
	return names, err
}

// takes puts a policy under one name of an identity, and reads it under another.
// It notes how SES wrote it if that is another text, and removes it.
func (c *check) takes(identity, other, text string) (stored string) {
	c.put(identity, text)
	stored = c.stored(other)
	if stored != text {
		c.observe("stored as %s", stored)
	}
	c.delete(other)
	c.cleanup.done("policy " + c.policyName() + " on " + identity)
	return stored
}

// means ends the check unless two policies mean the same to the function.
func (c *check) means(got, want string) {
	c.want(meaning.Equal(got, want, c.owner.Partition), "a policy that means "+want, "%q", got)
}

// refuses ends the check unless a policy is refused as InvalidPolicy.
func (c *check) refuses(text string) {
	err := c.tryPut(c.identity, text)
	if err == nil {
		c.delete(c.identity)
	}
	c.refused(err, "InvalidPolicy")
}

// statement is what policies of the checks have: it allows the owner's own
// account what that may do anyway, so no policy changes who can send.
func (w *world) statement() map[string]any {
	return map[string]any{
		"Sid": "Conformance", "Effect": "Allow", "Action": "ses:SendEmail",
		"Principal": map[string]any{"AWS": fmt.Sprintf("arn:%s:iam::%s:root", w.owner.Partition, w.owner.Account)},
		"Resource":  w.identityARN(w.identity),
	}
}

// policy is a policy text: the statement with some elements in place of its own.
// The value absent leaves one out.
func (w *world) policy(changes map[string]any) string {
	statement := w.statement()
	for name, value := range changes {
		statement[name] = value
		if value == absent {
			delete(statement, name)
		}
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return string(text)
}

// absent is the value of an element that a policy does not have.
const absent = "\x00"
