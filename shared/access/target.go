package access

import (
	"slices"
	"strings"

	"sespolicy/shared/identity"
)

// actions is an Action or NotAction element
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html).
type actions struct {
	texts    []string
	patterns []pattern // of the texts, in lower case
	except   bool      // NotAction
}

func newActions(texts []string, except bool) actions {
	as := actions{texts: texts, except: except}
	for _, text := range texts {
		as.patterns = append(as.patterns, newPattern(text).fold())
	}
	return as
}

func (as actions) include(q *question) verdict {
	v := no
	for _, p := range as.patterns {
		v = v.or(matchAction(p, q.action))
	}
	if as.except {
		return v.not()
	}
	return v
}

// matchAction compares without regard to case. A wildcard in the service's
// prefix, or no prefix at all, is not in the grammar of an action, the bare *
// excepted.
func matchAction(p pattern, action string) verdict {
	if p.everything() {
		return yes
	}
	match := given(p.match(action))
	if service, _, found := p.cut(); !found || service.wild() {
		return match.and(inDoubt("an action whose service is a pattern"))
	}
	return match
}

// resources is a Resource or NotResource element
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
type resources struct {
	texts   []string
	except  bool     // NotResource
	settled *verdict // the same for all requests: no text has a variable
}

// settle compares with the identity once, if no request can change the result.
func (rs resources) settle(id identity.Identity) resources {
	if !slices.ContainsFunc(rs.texts, func(text string) bool { return strings.Contains(text, "${") }) {
		v := rs.include(newQuestion(Request{}, id), variablesOff)
		rs.settled = &v
	}
	return rs
}

func (rs resources) include(q *question, mode variables) verdict {
	if rs.settled != nil {
		return *rs.settled
	}
	v, valid := no, yes
	for _, text := range rs.texts {
		e := q.expand(text, mode, true)
		valid = valid.and(e.valid)
		if e.known.truth == isTrue {
			v = v.or(matchResource(e.pattern, q))
		} else {
			v = v.or(e.known)
		}
	}
	if rs.except {
		v = v.not()
	}
	return v.and(valid)
}

// matchResource compares a pattern with the ARN of the identity. The case of a
// domain does not count, an address counts to the letter. Of an identity that
// was given by its name alone, only the name is compared.
func matchResource(p pattern, q *question) verdict {
	const prefix = "identity/"
	if p.everything() {
		return yes
	}
	id, name := q.identity, q.identity.Name
	if !strings.Contains(name, "@") {
		name = strings.ToLower(name)
		p = foldName(p, prefix)
	}
	if id.Partition == "" {
		fields := p
		for range 5 {
			_, after, found := fields.cut()
			if !found {
				return no
			}
			fields = after
		}
		return given(fields.match(prefix + name))
	}
	return p.matchARN("arn:" + id.Partition + ":ses:" + id.Region + ":" + id.Account + ":" + prefix + name)
}

// foldName is the pattern with the identity's name in lower case: what follows
// the prefix, or a wildcard that may stand for it.
func foldName(p pattern, prefix string) pattern {
	name := 0
	for fields := p; ; {
		_, after, found := fields.cut()
		if !found {
			break
		}
		fields = after
		name = len(p) - len(after)
	}
	if rest := p[name:]; len(rest) >= len(prefix) && string(rest[:len(prefix)]) == prefix {
		name += len(prefix)
	} else if i := slices.IndexFunc(rest, func(r rune) bool { return r < 0 }); i >= 0 {
		name += i
	} else {
		return p
	}
	return append(append(pattern(nil), p[:name]...), p[name:].fold()...)
}
