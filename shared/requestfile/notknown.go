package requestfile

import (
	"maps"
	"slices"

	"sespolicy/shared/finding"
)

// RuleUnknownValue: a value of a plan is known only after it is applied.
const RuleUnknownValue = "unknown-value"

// NotKnown are warnings at the values of a Terraform plan that are known only
// after apply, so that nothing checked them. The parameters of a template are not
// among them: templates are written to leave them open.
func (e *Entry) NotKnown() []finding.Finding {
	var all []finding.Finding
	if !e.planned {
		return nil
	}
	for _, pointer := range slices.Sorted(maps.Keys(e.unknown)) {
		f := finding.Finding{Level: finding.Warning, Rule: RuleUnknownValue, Path: pointer,
			Message: "this value is known only after apply, and was not checked", Hint: "apply what it comes from, then check the plan again"}
		f.Line, f.Column = positionAfter(e.text()[:e.unknown[pointer]])
		if f, ok := e.at.place(f, e.text()); ok {
			all = append(all, f)
		}
	}
	return all
}
