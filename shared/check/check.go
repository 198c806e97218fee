// Package check checks everything about a request that can be checked before a
// call: whether SES could accept its policy, whether the guardrails allow it,
// and whether its answer may go where the request says. The function and the
// command share it.
//
// It does not open messages (package message) and it applies nothing.
package check

import (
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
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
}

// Request checks a request as far as it could be read. What opening the message
// refused is not repeated.
func Request(m message.Message, s *message.Source, rules Rules) Verdict {
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
	v.Refused = outcome.Join(
		outcome.Reject(outcome.MalformedRequest, misdirected),
		outcome.Reject(outcome.PolicyTooLarge, tooLarge),
		outcome.Reject(outcome.InvalidPolicy, append(invalid, s.PolicyFindings...)),
		outcome.Reject(outcome.GuardrailViolation, guard(m.Request, s, rules.Guardrail, parsed)),
	)
	return v
}

// guard asks the guardrails, unless nothing is to be done. They leave out what
// could not be read, and is refused for that.
func guard(r message.Request, s *message.Source, g *guardrail.Guardrail, parsed *policy.Policy) []finding.Finding {
	if r.Nothing {
		return nil
	}
	found, _ := g.Check(guardrail.Request{ // without a topic there is no error
		Identity: r.Identity, IdentityAt: s.Identity,
		PolicyName: r.PolicyName, PolicyNameAt: s.PolicyName,
		Policy: parsed,
	}, nil)
	return found
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
