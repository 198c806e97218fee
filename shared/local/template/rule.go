package template

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
		EventBusName: p.text("EventBusName", defaultBus),
		EventPattern: p.document("EventPattern"),
		Enabled:      p.text("State", "ENABLED") == "ENABLED",
	}
	path := "rule/" + rule.Name
	if rule.EventBusName != defaultBus {
		path = "rule/" + rule.EventBusName + "/" + rule.Name
	}
	rule.ARN = b.resolver.arn("events", path)
	if rule.EventPattern == "" {
		b.fail(res.at, "rule %s: only rules with an EventPattern are run locally", res.logicalID)
	}
	for _, item := range p.list("Targets") {
		target := b.properties(item)
		for _, name := range []string{"Input", "InputPath", "InputTransformer"} {
			if transformed := target.node.member(name); transformed != nil {
				b.fail(transformed, "a target's %s is not run locally", name)
			}
		}
		rule.Targets = append(rule.Targets, Target{ID: target.text("Id", ""), ARN: target.text("Arn", "")})
	}
	return rule
}
