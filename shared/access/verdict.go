package access

import (
	"slices"
	"strings"
)

// truth is Kleene's three-valued logic, ordered, so that "and" is the smaller.
type truth int8

const (
	isFalse truth = iota
	isMaybe
	isTrue
)

// verdict is whether something holds and, for isMaybe only, what it depends on.
type verdict struct {
	truth  truth
	keys   []string // condition keys whose value is not known
	doubts []string // what the documentation leaves open
}

var (
	yes = verdict{truth: isTrue}
	no  = verdict{truth: isFalse}
)

// given is the verdict of something that is known.
func given(holds bool) verdict {
	if holds {
		return yes
	}
	return no
}

// dependsOn is the verdict of something that the value of a key decides.
func dependsOn(key string) verdict { return verdict{truth: isMaybe, keys: []string{key}} }

// inDoubt is the verdict of something that the documentation leaves open.
func inDoubt(why string) verdict { return verdict{truth: isMaybe, doubts: []string{why}} }

// and holds if both do.
func (v verdict) and(w verdict) verdict { return combine(v, w, min(v.truth, w.truth)) }

// or holds if one of them does.
func (v verdict) or(w verdict) verdict { return combine(v, w, max(v.truth, w.truth)) }

// not holds if v does not.
func (v verdict) not() verdict {
	v.truth = isTrue - v.truth
	return v
}

func combine(v, w verdict, t truth) verdict {
	if t != isMaybe {
		return verdict{truth: t}
	}
	return verdict{truth: t, keys: union(v.keys, w.keys), doubts: union(v.doubts, w.doubts)}
}

// union is a plus what b has and a lacks, ignoring case.
func union(a, b []string) []string {
	for _, s := range b {
		if !slices.ContainsFunc(a, func(have string) bool { return strings.EqualFold(have, s) }) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}
