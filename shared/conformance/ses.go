package main

import (
	"context"
	"encoding/json"
	"fmt"
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

// putPolicy puts a policy of this run, which is removed at the end.
func (w *world) putPolicy(ctx context.Context, identity, name, text string) error {
	w.planRemoval(identity, name)
	err := w.paced(ctx, func() error { return w.callPut(ctx, identity, name, text) })
	if notServed(err) {
		w.cleanup.done(policyStep(identity, name))
	}
	return err
}

func (w *world) planRemoval(identity, name string) {
	w.cleanup.add(policyStep(identity, name), func(ctx context.Context) error {
		return w.paced(ctx, func() error { return w.callDelete(ctx, identity, name) })
	})
}

func policyStep(identity, name string) string { return "policy " + name + " on " + identity }

// callPut puts a policy at once. Its removal must be planned.
func (w *world) callPut(ctx context.Context, identity, name, text string) error {
	_, err := w.mail.PutIdentityPolicy(ctx, &ses.PutIdentityPolicyInput{Identity: &identity, PolicyName: aws.String(w.policyName(name)), Policy: &text})
	return err
}

func (w *world) callDelete(ctx context.Context, identity, name string) error {
	_, err := w.mail.DeleteIdentityPolicy(ctx, &ses.DeleteIdentityPolicyInput{Identity: &identity, PolicyName: aws.String(w.policyName(name))})
	return err
}

func (w *world) callGet(ctx context.Context, identity string, names ...string) (map[string]string, error) {
	for i := range names {
		names[i] = w.policyName(names[i])
	}
	out, err := w.mail.GetIdentityPolicies(ctx, &ses.GetIdentityPoliciesInput{Identity: &identity, PolicyNames: names})
	if err != nil {
		return nil, err
	}
	return out.Policies, nil
}

func (w *world) deletePolicy(ctx context.Context, identity, name string) error {
	err := w.paced(ctx, func() error { return w.callDelete(ctx, identity, name) })
	if err == nil {
		w.cleanup.done(policyStep(identity, name))
	}
	return err
}

// getPolicy reads a policy; empty if there is none.
func (w *world) getPolicy(ctx context.Context, identity, name string) (text string, err error) {
	err = w.paced(ctx, func() error {
		found, err := w.callGet(ctx, identity, name)
		text = found[w.policyName(name)]
		return err
	})
	return text, err
}

func (w *world) listPolicies(ctx context.Context, identity string) (names []string, err error) {
	err = w.paced(ctx, func() error {
		out, err := w.mail.ListIdentityPolicies(ctx, &ses.ListIdentityPoliciesInput{Identity: &identity})
		if err == nil {
			names = out.PolicyNames
		}
		return err
	})
	return names, err
}

// sameMeaning reports whether two policies mean the same to the function.
func (w *world) sameMeaning(a, b string) bool { return meaning.Equal(a, b, w.owner.Partition) }

// policyName is a name within the run's prefix.
func (w *world) policyName(name string) string { return w.prefix + name }

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
// The value absentElement leaves one out.
func (w *world) policy(changes map[string]any) string {
	statement := w.statement()
	for name, value := range changes {
		statement[name] = value
		if value == absentElement {
			delete(statement, name)
		}
	}
	return marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
}

// absentElement is the value of an element that a policy does not have.
const absentElement = "\x00"

func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return string(text)
}
