package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/policy/known"
)

// checkForAllValues warns of an Allow that ForAllValues does not limit:
// ForAllValues holds if the request does not have the key
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html),
// and an allowed action is documented without it.
func (c *checker) checkForAllValues(s *Statement) {
	if !s.means(Allow) || c.noWarnings() {
		return
	}
	var actions []known.Action // computed once, and only if there is a ForAllValues
	for cond := range Conditions(s.Condition) {
		if cond.Operator.Set != forAllValues || cond.Operator.Name == "" || !known.Get().PerAction(cond.Key) {
			continue
		}
		if actions == nil {
			actions = allowedActions(s)
		}
		for _, a := range actions {
			if a.HasKey(cond.Key) {
				continue
			}
			c.warning(cond.Values.NameFault(RuleForAllValues, "ForAllValues holds if the request does not have the key, and this version's list of "+
				known.Get().Date+" has no "+finding.Quote(cond.Key)+" for ses:"+a.Name+
				`: for it the condition limits nothing. Add "Null": {"`+known.Get().Key(cond.Key)+`": "false"}`))
			break
		}
	}
}

// allowedActions are the listed actions on identities that a statement covers
// and that its conditions do not exclude: a condition that requires a key
// excludes the actions that are documented without it. What the statement says
// of the API's version is not evaluated, so it has no such actions then.
func allowedActions(s *Statement) []known.Action {
	actions := []known.Action{}
	for cond := range Conditions(s.Condition) {
		if strings.EqualFold(cond.Key, "ses:ApiVersion") {
			return actions
		}
	}
	for _, a := range known.Get().Actions {
		if a.Identity && covers(s, a) && !excluded(s.Condition, a) {
			actions = append(actions, a)
		}
	}
	return actions
}

// covers reports whether the Action or NotAction of a statement covers an action.
func covers(s *Statement, a known.Action) bool {
	matches := func(n document.Node) bool { return a.Matches(strings.ToLower(n.Text())) }
	if s.Action.Exists() {
		return anyValue(s.Action, matches)
	}
	return s.NotAction.Exists() && !anyValue(s.NotAction, matches)
}

// excluded reports whether a condition requires a key that the action's requests
// do not have.
func excluded(condition document.Node, a known.Action) bool {
	for cond := range Conditions(condition) {
		if known.Get().PerAction(cond.Key) && !a.HasKey(cond.Key) && requires(cond) {
			return true
		}
	}
	return false
}

// requires reports whether a comparison holds only if the request has the key.
func requires(c Condition) bool {
	o := c.Operator
	switch {
	case o.Name == "Null":
		for v := range Values(c.Values) {
			if !strings.EqualFold(v.Text(), "false") {
				return false
			}
		}
		return true
	case o.Name == "" || o.Set == forAllValues || o.IfExists:
		return false
	default:
		return o.Set == forAnyValue || !strings.Contains(o.Name, "Not")
	}
}
