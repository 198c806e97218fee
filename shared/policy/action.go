package policy

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
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
	switch {
	case !isAction(text):
		f := n.Fault(RuleActionForm, "the action "+finding.Quote(text)+` does not have the form service:name, one like ses:SendEmail or "*" was expected`)
		if trimmed := strings.TrimSpace(text); isAction(trimmed) {
			f = f.Suggest(trimmed)
		} else if nearest, near := finding.Nearest(trimmed, knownActions); near {
			f = f.Suggest(service + ":" + nearest)
		}
		c.violation(f)
	case !c.noWarnings() && !isKnownAction(text):
		c.unknownAction(n, text)
	}
}

// unknownAction warns of an action that SES does not list.
func (c *checker) unknownAction(n document.Node, text string) {
	namespace, name, _ := strings.Cut(text, ":")
	nearest, near := finding.Nearest(name, knownActions)
	f := n.Fault(RuleUnknownAction, "SES lists no action "+finding.Quote(text)+" for identities")
	if !matchFold(namespace, service) {
		f.Message = "the action " + finding.Quote(text) + " is of another service than ses, in a policy of an identity it has no effect"
		near = near && strings.EqualFold(nearest, name)
	} else if near {
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
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_*?", rune(c)) {
			return false
		}
	}
	return text != ""
}

// isKnownAction reports whether an action is a known one of SES, or a pattern
// that one matches. Case does not count.
func isKnownAction(text string) bool {
	if name, ok := strings.CutPrefix(text, service+":"); ok && slices.Contains(knownActions, name) {
		return true // as nearly everybody writes it
	}
	lower := strings.ToLower(text)
	for _, known := range knownActions {
		if identity.Match(lower, service+":"+strings.ToLower(known)) {
			return true
		}
	}
	return false
}

func matchFold(pattern, text string) bool {
	return identity.Match(strings.ToLower(pattern), strings.ToLower(text))
}

// forSES reports whether an action can be one of SES.
func forSES(n document.Node) bool { return !isAction(n.Text()) || isKnownAction(n.Text()) }

// coversSES reports whether an action stands for all of SES.
func coversSES(n document.Node) bool {
	namespace, name, found := strings.Cut(n.Text(), ":")
	if !found {
		return OnlyWildcards(namespace)
	}
	return isAction(n.Text()) && matchFold(namespace, service) && OnlyWildcards(name)
}
