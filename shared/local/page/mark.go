package page

import (
	"cmp"
	"regexp"
	"slices"
	"unicode/utf16"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// segment is a part of a text.
type segment struct {
	Text  string
	Class string // error or warning; empty if nothing is wrong with it
	Title string // what is wrong
}

// mark splits a text where findings begin and end. Where two overlap, the first
// counts. Lines and columns count within the text.
func mark(text string, findings []finding.Finding) []segment {
	type span struct {
		start, end int
		finding.Finding
	}
	var spans []span
	for _, f := range findings {
		start, end := where(text, f)
		spans = append(spans, span{start, end, f})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var all []segment
	at := 0
	for _, s := range spans {
		if s.start < at || s.start == s.end {
			continue
		}
		if s.start > at {
			all = append(all, segment{Text: text[at:s.start]})
		}
		all = append(all, segment{text[s.start:s.end], level(s.Finding), s.Message})
		at = s.end
	}
	return append(all, segment{Text: text[at:]})
}

// token is the JSON token that a text begins with: a string with its quotes, a
// number or a word, or one character of any other kind. It ends with the line.
var token = regexp.MustCompile(`^(?:"(?:\\.|[^"\\\n])*"?|[^ \t\r\n,:\[\]{}"]+|[^\n])`)

func level(f finding.Finding) string {
	if f.Level == finding.Warning {
		return "warning"
	}
	return "error"
}

// where is the token in a text that a finding is about, in bytes.
func where(text string, f finding.Finding) (start, end int) {
	start = document.Offset(text, max(f.Line, 1), max(f.Column, 1))
	return start, start + len(token.FindString(text[start:]))
}

// units is the length of a text as browsers count: in UTF-16 code units.
func units(text string) int { return len(utf16.Encode([]rune(text))) }
