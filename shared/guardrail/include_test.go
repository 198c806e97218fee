package guardrail

import (
	"math/rand/v2"
	"testing"

	"sespolicy/shared/identity"
)

// The inclusion of patterns agrees with matching every short text, in both
// directions.
func TestInclusionAgreesWithMatching(t *testing.T) {
	texts := []string{""}
	for from := 0; len(texts[from]) < 6; from++ {
		for _, b := range []string{"a", "b", "c"} { // c is in no pattern
			texts = append(texts, texts[from]+b)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	pattern := func() string {
		text := make([]byte, random.IntN(5))
		for i := range text {
			text[i] = "ab?*"[random.IntN(4)]
		}
		return string(text)
	}
	covered := 0
	for range 20_000 {
		list := make([]string, 1+random.IntN(3))
		for i := range list {
			list[i] = pattern()
		}
		inner := pattern()
		want := true
		for _, text := range texts {
			want = want && (!identity.Match(inner, text) || matchesAny(list, text))
		}
		if got := newUnion(list, maxStates).includes(inner); got != want {
			t.Fatalf("%q in %q: got %v, want %v", inner, list, got, want)
		}
		for _, outer := range list {
			if includes(outer, inner) && !want {
				t.Fatalf("%q evidently in %q, but it is not", inner, outer)
			}
		}
		if want {
			covered++
		}
	}
	if covered < 1000 {
		t.Errorf("only %d patterns were covered", covered)
	}
}

func matchesAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if identity.Match(p, text) {
			return true
		}
	}
	return false
}

// Beyond the limit nothing is covered.
func TestInclusionIsBounded(t *testing.T) {
	if u := newUnion([]string{"?*"}, 2); u.includes("*?*?") {
		t.Error("covered without being examined")
	}
}
