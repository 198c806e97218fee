// Package check asks everything of a request that can be asked without a call:
// whether SES could accept its policy, and whether this deployment wants it.
// The function and the command line ask by the same code.
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

// Request checks a request as far as it could be read. The rejection has all
// violations there are and is nil when there are none; warnings stop nothing.
func Request(r message.Request, fence *guardrail.Guardrail) (warnings []finding.Finding, refused *outcome.Rejection) {
	var tooLarge, invalid []finding.Finding
	var parsed *policy.Policy
	if r.Policy.At.Exists() {
		if len(r.Policy.At.Raw()) > policy.MaxSize { // it may fit without white space
			if f, ok := policy.CheckSize(r.Policy.At, r.Policy.At.Minified()); ok {
				tooLarge = append(tooLarge, f)
			}
		}
		var findings []finding.Finding
		parsed, findings = policy.Check(r.Policy.At, r.Identity)
		warnings, invalid = split(findings)
	}
	return warnings, outcome.Join(
		outcome.Reject(outcome.PolicyTooLarge, tooLarge),
		outcome.Reject(outcome.InvalidPolicy, append(r.Policy.Findings, invalid...)),
		outcome.Reject(outcome.GuardrailViolation, guard(r, fence, parsed)),
	)
}

// guard asks the guardrails: nothing where nothing is done, and about the policy
// alone where the rest could not be read and is refused already.
func guard(r message.Request, fence *guardrail.Guardrail, parsed *policy.Policy) []finding.Finding {
	switch {
	case r.Nothing:
		return nil
	case r.Identity.Name == "", r.PolicyName == "":
		return fence.CheckPolicy(r.Identity, parsed)
	}
	return fence.CheckAt(r.IdentityAt, r.PolicyNameAt, r.Identity, r.PolicyName, parsed)
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
