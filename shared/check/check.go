// Package check checks everything about a request that can be checked before a
// call: whether SES could accept its policy, whether the guardrails allow it,
// and whether its answer may go where the request says. The function and the
// command share it.
//
// It does not open messages (package message), it applies nothing, and it does
// not verify where a request came from: it is told, see [Topic].
package check

import (
	"errors"
	"sync"

	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/notification"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
)

// Rules is what one deployment checks requests by.
type Rules struct {
	Guardrail *guardrail.Guardrail
	Answers   Answers
}

// Verdict is the result of all checks.
type Verdict struct {
	Warnings []finding.Finding // they stop nothing
	// Refused has all violations; nil if there are none.
	Refused *outcome.Rejection
	// AnswerTo is who is told how the request ends, message.Stack or
	// message.Task: empty if nobody waits, or if the answer must not go where
	// the request says.
	AnswerTo string
	// Undecided is why the guardrails can neither refuse nor allow the request
	// now: its topic could not be verified. It has to be retried. Refused then
	// lacks their findings.
	Undecided *outcome.Transient
	// Verified is what SNS signed, if the topic was asked: the request counts as
	// sent at its Timestamp, and its MessageID identifies it. Nil if nobody asked,
	// or if the signature does not count.
	Verified *notification.Verified
	// Unsigned is why the signature does not count; nil if nobody asked.
	Unsigned error
}

// Topic verifies through which SNS topic a request came. Its error wraps
// [notification.ErrUnsigned] if the request came through none, and stays so. Any
// other error says that this is not known now. A nil Topic is no topic.
type Topic func() (notification.Verified, error)

// Request checks a request as far as it could be read. What opening the message
// refused is not repeated.
//
// The topic is asked at most once, and only in a deployment that uses ${topic}:
// if such a guardrail refuses the request without it, and for each request of a
// stack, because a stack's resource belongs to the topic that its first request
// came through.
func Request(m message.Message, s *message.Source, rules Rules, topic Topic) Verdict {
	var v Verdict
	var tooLarge, invalid []finding.Finding
	var parsed *policy.Policy
	if s.Policy.Exists() {
		if len(s.Policy.Raw()) > policy.MaxSize { // it may fit without white space
			if f, ok := policy.CheckSize(s.Policy, s.Policy.Minified()); ok {
				tooLarge = append(tooLarge, f)
			}
		}
		var findings []finding.Finding
		parsed, findings = policy.Check(s.Policy, m.Request.Identity)
		v.Warnings, invalid = split(findings)
	}
	var misdirected []finding.Finding
	v.AnswerTo, misdirected = rules.Answers.check(m, s)
	name := v.nameOf(topic)
	refused := v.guard(m.Request, s, rules.Guardrail, parsed, name)
	v.Refused = outcome.Join(
		outcome.Reject(outcome.MalformedRequest, misdirected),
		outcome.Reject(outcome.PolicyTooLarge, tooLarge),
		outcome.Reject(outcome.InvalidPolicy, append(invalid, s.PolicyFindings...)),
		outcome.Reject(outcome.GuardrailViolation, refused),
	)
	if m.CloudFormation != nil && v.Refused == nil && name != nil && rules.Guardrail.UsesTopic() {
		if _, err := name(); err != nil {
			v.Undecided = undecided(err)
		}
	}
	return v
}

// guard asks the guardrails, unless nothing is to be done. They leave out what
// could not be read, and is refused for that.
func (v *Verdict) guard(r message.Request, s *message.Source, g *guardrail.Guardrail, parsed *policy.Policy, topic guardrail.Topic) []finding.Finding {
	if r.Nothing {
		return nil
	}
	found, err := g.Check(guardrail.Request{
		Identity: r.Identity, IdentityAt: s.Identity,
		PolicyName: r.PolicyName, PolicyNameAt: s.PolicyName,
		Policy: parsed,
	}, topic)
	if err != nil {
		v.Undecided = undecided(err)
	}
	return found
}

func undecided(err error) *outcome.Transient {
	return &outcome.Transient{Cause: outcome.CauseCertificate, Err: err}
}

// nameOf is a topic for the guardrails, verified when it is asked first. What was
// verified is noted in the verdict.
func (v *Verdict) nameOf(topic Topic) guardrail.Topic {
	if topic == nil {
		return nil
	}
	return sync.OnceValues(func() (string, error) {
		verified, err := topic()
		switch {
		case errors.Is(err, notification.ErrUnsigned):
			v.Unsigned = err
			return "", nil
		case err != nil:
			return "", err
		}
		v.Verified = &verified
		return verified.TopicName, nil
	})
}

func split(findings []finding.Finding) (warnings, violations []finding.Finding) {
	for _, f := range findings {
		if f.Level == finding.Warning {
			warnings = append(warnings, f)
		} else {
			violations = append(violations, f)
		}
	}
	return warnings, violations
}
