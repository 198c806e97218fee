package access

import "strings"

// variables is whether ${…} in a policy is a variable
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html):
// in version 2012-10-17 only. How SES reads another version is not
// documented.
type variables int

const (
	variablesOff variables = iota
	variablesOn
	variablesInDoubt
)

func variablesOf(version string) variables {
	switch version {
	case "2012-10-17":
		return variablesOn
	case "2008-10-17", "":
		return variablesOff
	default:
		return variablesInDoubt
	}
}

// expanded is a policy's text with its variables replaced.
type expanded struct {
	pattern pattern
	// known is whether the pattern is what AWS compares with.
	known verdict
	// valid is whether the statement has an effect at all: a variable that
	// cannot be resolved "might cause the entire statement to be invalid".
	valid verdict
}

// expand replaces the variables of text, in which * and ? are wildcards if wild.
func (q *question) expand(text string, mode variables, wild bool) expanded {
	e := expanded{known: yes, valid: yes}
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed || mode == variablesOff {
			break
		}
		e.add(before, wild)
		if mode == variablesInDoubt {
			e.known = e.known.and(inDoubt("${" + name + "} in a policy of an unknown version"))
		} else {
			e.replace(q, name, wild)
		}
		text = after
	}
	e.add(text, wild)
	return e
}

func (e *expanded) add(text string, wild bool) {
	if wild {
		e.pattern = append(e.pattern, newPattern(text)...)
	} else {
		e.pattern = append(e.pattern, literal(text)...)
	}
}

// replace appends the value of the variable. Whether a substituted * or ? is a
// wildcard is not documented.
func (e *expanded) replace(q *question, variable string, wild bool) {
	if variable == "*" || variable == "?" || variable == "$" {
		e.pattern = append(e.pattern, literal(variable)...)
		return
	}
	key, fallback, hasDefault := splitVariable(variable)
	values, known := q.lookup(key)
	switch {
	case !known:
		e.known = e.known.and(dependsOn(key))
		if !hasDefault {
			e.valid = e.valid.and(dependsOn(key))
		}
	case len(values) == 1:
		e.pattern = append(e.pattern, literal(values[0])...)
		if wild && strings.ContainsAny(values[0], "*?") {
			e.known = e.known.and(inDoubt("the value of ${" + key + "} has a wildcard"))
		}
	case len(values) == 0 && hasDefault:
		e.add(fallback, wild)
	case hasDefault:
		e.known = e.known.and(inDoubt("${" + key + "} has several values in the request, and a default"))
	default:
		e.known = no
		e.valid = e.valid.and(inDoubt("${" + key + "} has no single value in the request, which may make the statement invalid"))
	}
}

// splitVariable splits ${key, 'default'}.
func splitVariable(variable string) (key, fallback string, hasDefault bool) {
	key, rest, found := strings.Cut(variable, ",")
	rest = strings.TrimSpace(rest)
	if found && len(rest) >= 2 && strings.HasPrefix(rest, "'") && strings.HasSuffix(rest, "'") {
		return strings.TrimSpace(key), rest[1 : len(rest)-1], true
	}
	return strings.TrimSpace(variable), "", false
}
