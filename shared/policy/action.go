package policy

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// service is the namespace of SES actions, of both versions of the API.
const service = "ses"

// list checks that an element which takes one string or a list of them has
// some, and hands each to check.
func (c *checker) list(n document.Node, name, example string, check func(document.Node)) {
	if n.IsArray() && n.Len() == 0 {
		c.warning(n.Fault(RuleEmptyElement, name+" is an empty list, so the statement is about nothing"))
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
	namespace, name, ok := splitAction(text)
	if !ok {
		f := n.Fault(RuleActionForm, "the action "+document.Quote(text)+` does not have the form service:name, one like ses:SendEmail or "*" was expected`)
		if trimmed := strings.TrimSpace(text); isAction(trimmed) {
			f = f.Suggest(trimmed)
		} else if nearest, near := document.Nearest(trimmed, knownActions); near {
			f = f.Suggest(service + ":" + nearest)
		}
		c.violation(f)
		return
	}
	if c.noWarnings() || text == "*" {
		return
	}
	if !matchFold(namespace, service) {
		f := n.Fault(RuleUnknownAction, "the action "+document.Quote(text)+" is of another service than ses, in a policy of an identity it has no effect")
		if nearest, near := document.Nearest(name, knownActions); near && strings.EqualFold(nearest, name) {
			f = f.Suggest(service + ":" + nearest)
		}
		c.warning(f)
		return
	}
	if isKnownAction(name) {
		return
	}
	f := n.Fault(RuleUnknownAction, "SES lists no action "+document.Quote(text)+" for identities")
	if nearest, near := document.Nearest(name, knownActions); near {
		f.Message += ", " + service + ":" + nearest + " may be meant"
		f = f.Suggest(service + ":" + nearest)
	}
	c.warning(f)
}

// splitAction splits an action at its colon; ok is false when it has not the
// form of one. "*" is everything of every service.
func splitAction(text string) (namespace, name string, ok bool) {
	if text == "*" {
		return "*", "*", true
	}
	namespace, name, ok = strings.Cut(text, ":")
	return namespace, name, ok && isActionPart(namespace) && isActionPart(name)
}

func isAction(text string) bool {
	_, _, ok := splitAction(text)
	return ok
}

func isActionPart(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_*?", rune(c)) {
			return false
		}
	}
	return text != ""
}

// isKnownAction reports whether the name, or a pattern, is or matches a known
// action. Case does not count.
func isKnownAction(name string) bool {
	if slices.Contains(knownActions, name) { // as nearly everybody writes it
		return true
	}
	wild := strings.ContainsAny(name, "*?")
	lower := strings.ToLower(name)
	for _, known := range knownActions {
		if strings.EqualFold(known, name) || wild && identity.Match(lower, strings.ToLower(known)) {
			return true
		}
	}
	return false
}

func matchFold(pattern, text string) bool {
	return strings.EqualFold(pattern, text) || identity.Match(strings.ToLower(pattern), strings.ToLower(text))
}

// forSES reports whether an action can be one of SES.
func forSES(n document.Node) bool {
	namespace, name, ok := splitAction(n.Text())
	return !ok || matchFold(namespace, service) && isKnownAction(name)
}

// coversSES reports whether an action stands for all of SES.
func coversSES(n document.Node) bool {
	namespace, name, ok := splitAction(n.Text())
	return ok && matchFold(namespace, service) && OnlyWildcards(name)
}
