package access

import (
	"strings"
	"unicode"
)

// pattern is text with wildcards: characters, and the two values below.
type pattern []rune

const (
	anyNumber rune = -1 // *: any number of characters
	anyOne    rune = -2 // ?: exactly one
)

// newPattern reads text whose * and ? are wildcards.
func newPattern(text string) pattern {
	p := make(pattern, 0, len(text))
	for _, r := range text {
		switch r {
		case '*':
			r = anyNumber
		case '?':
			r = anyOne
		}
		p = append(p, r)
	}
	return p
}

// literal is text without wildcards.
func literal(text string) pattern { return pattern(text) }

// text is the pattern as it is written.
func (p pattern) text() string {
	var b strings.Builder
	for _, r := range p {
		switch r {
		case anyNumber:
			r = '*'
		case anyOne:
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// wild reports whether there is a wildcard.
func (p pattern) wild() bool {
	for _, r := range p {
		if r < 0 {
			return true
		}
	}
	return false
}

// everything reports whether the pattern is the bare *.
func (p pattern) everything() bool { return len(p) == 1 && p[0] == anyNumber }

// fold is the pattern in lower case.
func (p pattern) fold() pattern {
	folded := make(pattern, len(p))
	for i, r := range p {
		folded[i] = r
		if r >= 0 {
			folded[i] = unicode.ToLower(r)
		}
	}
	return folded
}

// match reports whether all of text matches. Its time is at most proportional
// to the product of the lengths: only the last * can still take more.
func (p pattern) match(text string) bool { return p.matchRunes([]rune(text)) }

func (p pattern) matchRunes(text []rune) bool {
	at, star, resume := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case at < len(p) && p[at] == anyNumber:
			star, resume = at, i
			at++
		case at < len(p) && (p[at] == anyOne || p[at] == text[i]):
			at++
			i++
		case star >= 0:
			resume++
			at, i = star+1, resume
		default:
			return false
		}
	}
	for at < len(p) && p[at] == anyNumber {
		at++
	}
	return at == len(p)
}

// matchARN compares the six components of an ARN one by one. A pattern that has
// fewer is in doubt where it matches as a string.
func (p pattern) matchARN(text string) verdict {
	rest, value := p, text
	for range 5 {
		field, after, isARN := rest.cut()
		part, remaining, found := strings.Cut(value, ":")
		if !isARN && found {
			return given(p.match(text)).and(inDoubt("an ARN pattern with fewer than six components"))
		}
		if !isARN || !found || !field.match(part) {
			return no
		}
		rest, value = after, remaining
	}
	return given(rest.match(value))
}

// cut cuts the pattern at its first colon.
func (p pattern) cut() (before, after pattern, found bool) {
	for i, r := range p {
		if r == ':' {
			return p[:i], p[i+1:], true
		}
	}
	return p, nil, false
}
