package guardrail

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/policy"
)

// allowedActions refuses an Allow that could grant an action outside of the
// list: each of the actions that its pattern can match, those that SES may add
// tomorrow included, has to match a pattern of the list. Case does not count,
// and anything but * and ? stands for itself, policy variables too. A text that
// can have no colon is no action, which package policy refuses.
func (c *check) allowedActions(s *policy.Statement) {
	if c.allowsAllActions() {
		return
	}
	if n := s.NotAction; n.Exists() {
		c.found.Add(n.NameFault(AllowedActions, "NotAction in an Allow grants every action it does not name: name the actions in Action"))
	}
	c.eachAction(s.Action)
}

// eachAction checks the texts of an Action element, whatever its form.
func (c *check) eachAction(n document.Node) {
	switch {
	case c.found.Full(finding.Violation):
	case n.IsArray():
		for e := range n.Elements() {
			c.eachAction(e)
		}
	case n.IsObject():
		for _, e := range n.Members() {
			c.eachAction(e)
		}
	case n.Exists() && !c.allowsAction(n.Text()):
		c.found.Add(n.Fault(AllowedActions, "the action "+finding.Quote(n.Text())+" could allow more than "+
			strings.Join(c.config.allowedActions(), ", ")+", which is all that "+AllowedActions+
			" of this deployment lets a policy allow"))
	}
}

func (c *check) allowsAllActions() bool {
	return slices.ContainsFunc(c.actions, func(pattern string) bool { return strings.Trim(pattern, "*") == "" })
}

// allowsAction reports whether the patterns of the list together match all that
// an action's pattern matches. No action has a name outside ASCII, and a ?
// compares bytes here.
func (c *check) allowsAction(text string) bool {
	if !strings.ContainsAny(text, ":*?") {
		return true
	}
	if !all(text, func(b byte) bool { return b < 0x80 }) {
		return false
	}
	text = strings.ToLower(text)
	if slices.ContainsFunc(c.actions, func(pattern string) bool { return includes(pattern, text) }) {
		return true
	}
	if !hasWildcard(text) || len(text) > maxAction || c.states >= maxStates {
		return false
	}
	u := newUnion(c.actions, maxStates-c.states)
	covered := u.includes(text)
	c.states += len(u.seen)
	return covered
}
