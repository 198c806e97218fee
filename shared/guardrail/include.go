package guardrail

import (
	"math/big"
	"strings"
)

// Limits of the exact comparison of action patterns. Beyond them a pattern is
// covered only if a single pattern of the list evidently covers it, see
// [includes]: what is not examined is refused.
const (
	// maxAction is the longest action pattern, in bytes. The longest action of
	// SES has 48.
	maxAction = 128
	// maxStates is how many states are examined for one request: a few
	// milliseconds.
	maxStates = 4_000
)

// includes reports whether pattern outer matches all that pattern inner matches,
// judged by their texts: a * of outer covers any text of inner, a ? of outer any
// one byte or ?, and another byte only itself. If outer matches inner in this
// way then it matches everything that inner does, because whatever a * or ? of
// inner stands for is covered by the same wildcard of outer. The converse does
// not hold: ?* matches all that *? does, and this does not see it.
func includes(outer, inner string) bool {
	o, i := 0, 0
	star, resume := -1, 0
	for i < len(inner) {
		switch {
		case o < len(outer) && outer[o] == '*':
			star, resume = o, i
			o++
		case o < len(outer) && inner[i] != '*' && (outer[o] == '?' || outer[o] == inner[i]):
			o++
			i++
		case star >= 0:
			resume++
			o, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(outer[o:], "*") == ""
}

// union is the language of several patterns together: an automaton whose states
// are sets of places in the patterns.
type union struct {
	text    string // the patterns, each with a 0 byte at its end
	starts  []int
	symbols []byte // that stand somewhere in the patterns, and one that does not
	limit   int
	seen    map[string]bool
}

// other stands for every byte that is in no pattern of the list: they all lead
// to the same places.
const other = 0xff

func newUnion(patterns []string, limit int) *union {
	u := &union{limit: limit, seen: map[string]bool{}, symbols: []byte{other}}
	for _, p := range patterns {
		u.starts = append(u.starts, len(u.text))
		u.text += p + "\x00"
	}
	for i := range len(u.text) {
		if b := u.text[i]; b != 0 && !isWildcard(b) && !strings.Contains(string(u.symbols), string(b)) {
			u.symbols = append(u.symbols, b)
		}
	}
	return u
}

// includes reports whether each text that pattern matches is matched by one of
// the patterns: whether no way through both ends where pattern ends and none of
// the others does. It is exact up to the limit, and false beyond.
func (u *union) includes(pattern string) bool {
	begin := new(big.Int)
	for _, start := range u.starts {
		u.enter(begin, start)
	}
	return u.from(pattern, 0, begin)
}

// enter adds a place to a set, and those that a * there can be skipped to.
func (u *union) enter(set *big.Int, place int) {
	set.SetBit(set, place, 1)
	for u.text[place] == '*' {
		place++
		set.SetBit(set, place, 1)
	}
}

// step is the set of places after a symbol.
func (u *union) step(set *big.Int, symbol byte) *big.Int {
	next := new(big.Int)
	for place := range len(u.text) {
		if set.Bit(place) == 0 {
			continue
		}
		switch b := u.text[place]; {
		case b == '*':
			u.enter(next, place)
		case b != 0 && (b == '?' || b == symbol):
			u.enter(next, place+1)
		}
	}
	return next
}

func (u *union) accepts(set *big.Int) bool {
	for place := range len(u.text) {
		if u.text[place] == 0 && set.Bit(place) == 1 {
			return true
		}
	}
	return false
}

// from reports whether all is covered that pattern matches from place at on,
// with the others in the places of set.
func (u *union) from(pattern string, at int, set *big.Int) bool {
	if set.BitLen() == 0 {
		return false // pattern always has a way to its end
	}
	state := string(rune(at)) + string(set.Bytes())
	if u.seen[state] {
		return true // being examined, or found covered
	}
	if len(u.seen) >= u.limit {
		return false
	}
	u.seen[state] = true
	if at == len(pattern) {
		return u.accepts(set)
	}
	next, symbols := at+1, u.symbols
	switch b := pattern[at]; b {
	case '*':
		if !u.from(pattern, at+1, set) {
			return false
		}
		next = at
	case '?':
	default:
		symbols = []byte{b}
	}
	for _, symbol := range symbols {
		if !u.from(pattern, next, u.step(set, symbol)) {
			return false
		}
	}
	return true
}
