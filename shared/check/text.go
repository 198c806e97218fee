package check

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
)

// Text asks the guardrails about a policy that was applied once and may be put
// again; nil if they allow it today. topic is the verified topic that it came
// through, by its name or ARN; empty for none.
func Text(rules Rules, id identity.Identity, policyName, text, topic string) *outcome.Rejection {
	doc, findings := document.ReadString(text)
	if doc == nil {
		return outcome.Reject(outcome.InvalidPolicy, findings)
	}
	parsed, _ := policy.Check(doc.Root(), id)
	through := func() (string, error) { return topic[strings.LastIndexByte(topic, ':')+1:], nil }
	found, _ := rules.Guardrail.Check(guardrail.Request{Identity: id, PolicyName: policyName, Policy: parsed}, through) // this topic has no error
	return outcome.Reject(outcome.GuardrailViolation, found)
}
