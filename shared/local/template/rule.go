package template

import (
	"cmp"
)

// Rule is an EventBridge rule: which events of which bus go where.
type Rule struct {
	LogicalID, Name, ARN string
	EventBusName         string
	EventPattern         string // JSON
	Enabled              bool
	Targets              []Target
}

// Target is where a rule sends its events.
type Target struct {
	ID, ARN string
}

// defaultBus is the bus of a rule that names none.
const defaultBus = "default"

func (b *builder) rule(res resource, p properties) Rule {
	rule := Rule{
		LogicalID:    res.logicalID,
		Name:         res.logicalID,
		ARN:          b.attribute(res, "Arn"),
		EventBusName: cmp.Or(p.text("EventBusName"), defaultBus),
		EventPattern: p.document("EventPattern"),
		Enabled:      cmp.Or(p.text("State"), "ENABLED") == "ENABLED",
	}
	if rule.EventPattern == "" {
		b.fail(res.at, "rule %s has no EventPattern: schedules do not run locally", res.logicalID)
	}
	for _, item := range p.list("Targets") {
		target := b.properties(item)
		for _, name := range []string{"Input", "InputPath", "InputTransformer"} {
			if transformed := target.node.member(name); transformed != nil {
				b.fail(transformed, "a target's %s does not run locally", name)
			}
		}
		rule.Targets = append(rule.Targets, Target{ID: target.text("Id"), ARN: target.text("Arn")})
	}
	return rule
}
