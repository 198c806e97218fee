package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy/known"
)

// service is the namespace of SES actions, of both versions of the API.
const service = known.Service

// list checks an element that takes one string or a list of them: it must not
// be empty, and check is called for each string.
func (c *checker) list(n document.Node, name, example string, check func(document.Node)) {
	if n.IsArray() && n.Len() == 0 {
		c.warning(n.Fault(RuleEmptyElement, name+" is an empty list, so the statement applies to nothing"))
	}
	for v := range Values(n) {
		if v.IsString() {
			check(v)
		} else {
			c.wrongType(v, name, "a string like "+example+" or a list of strings")
		}
	}
}

// action checks one action.
func (c *checker) action(n document.Node) {
	text := n.Text()
	switch {
	case !isAction(text):
		f := n.Fault(RuleActionForm, "the action "+finding.Quote(text)+` does not have the form service:name, expected one like ses:SendEmail or "*"`)
		if trimmed := strings.TrimSpace(text); isAction(trimmed) {
			f = f.Suggest(trimmed)
		} else if nearest, near := known.Get().NearestAction(trimmed); near {
			f = f.Suggest(service + ":" + nearest)
		}
		c.violation(f)
	case !c.noWarnings() && !actsOnIdentity(text):
		c.unknownAction(n, text)
	}
}

// unknownAction warns of an action that is not documented for identities.
func (c *checker) unknownAction(n document.Node, text string) {
	namespace, name, _ := strings.Cut(text, ":")
	list := known.Get()
	nearest, near := list.NearestAction(name)
	f := n.Fault(RuleUnknownAction, "the action "+finding.Quote(text)+" is not in this version's list of SES actions, of "+list.Date)
	switch _, listed := list.Action(name); {
	case !matchesSES(text):
		f.Message = "the action " + finding.Quote(text) + " is of another service than ses, it has no effect in the policy of an identity"
		near = near && listed && !strings.EqualFold(namespace, service)
	case matchFold(namespace, service) && listed:
		f.Message = "the action " + finding.Quote(text) + " does not act on an identity, so it has no effect in the policy of one (this version's list is of " + list.Date + ")"
		near = false
	case near:
		f.Message += ", " + service + ":" + nearest + " may be meant"
	}
	if near {
		f = f.Suggest(service + ":" + nearest)
	}
	c.warning(f)
}

// isAction reports whether text has the form of an action, or is a pattern that
// one of this form can match: in "*" and "s?s*" a wildcard stands for the colon.
func isAction(text string) bool {
	namespace, name, found := strings.Cut(text, ":")
	if found {
		return isActionPart(namespace) && isActionPart(name)
	}
	return isActionPart(text) && (strings.Contains(text, "*") || len(text) > 2 && strings.Contains(text[1:len(text)-1], "?"))
}

func isActionPart(text string) bool {
	return identity.Only(text, identity.Letters+identity.Digits+"-_*?")
}

// actsOnIdentity reports whether an action is a documented one on identities, or
// a pattern that matches one. Case does not count.
func actsOnIdentity(text string) bool {
	namespace, name, found := strings.Cut(text, ":")
	if a, ok := known.Get().Action(name); ok && found && strings.EqualFold(namespace, service) {
		return a.Identity // most actions are written without wildcards
	}
	if !strings.ContainsAny(text, "*?") {
		return false
	}
	lower := strings.ToLower(text)
	for _, a := range known.Get().Actions {
		if a.Identity && a.Matches(lower) {
			return true
		}
	}
	return false
}

func matchFold(pattern, text string) bool {
	return identity.Match(strings.ToLower(pattern), strings.ToLower(text))
}

// matchesSES reports whether a pattern can match an action of SES, whatever its
// name: SES may add any.
func matchesSES(pattern string) bool { return continues(strings.ToLower(pattern), service+":") }

// continues reports whether a pattern can match a text that begins with prefix
// and goes on without another colon.
func continues(pattern, prefix string) bool {
	switch {
	case prefix == "":
		return pattern != "" && !strings.Contains(pattern, ":")
	case pattern == "":
		return false
	case pattern[0] == '*':
		rest := strings.TrimLeft(pattern, "*")
		return continues("*"+rest, prefix[1:]) || rest != "" && continues(rest, prefix)
	case pattern[0] == '?' || pattern[0] == prefix[0]:
		return continues(pattern[1:], prefix[1:])
	default:
		return false
	}
}

// forSES reports whether an action can be one of SES, today or later.
func forSES(n document.Node) bool { return !isAction(n.Text()) || matchesSES(n.Text()) }

// coversSES reports whether an action stands for all actions of SES.
func coversSES(n document.Node) bool {
	namespace, name, found := strings.Cut(n.Text(), ":")
	if !found {
		return OnlyWildcards(namespace)
	}
	return isAction(n.Text()) && matchFold(namespace, service) && OnlyWildcards(name)
}
