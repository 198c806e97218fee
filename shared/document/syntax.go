package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// syntaxHint names what makes a text unreadable at an offset, for the mistakes
// that editors, shells and copying make; empty for any other.
func syntaxHint(text string, at int) string {
	switch {
	case strings.HasPrefix(text, "\ufeff"):
		return "the text starts with a byte order mark: save it without"
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"), isWide(text):
		return "the text is UTF-16: save it as UTF-8"
	case strings.HasPrefix(text[at:], "\\'"), at > 0 && strings.HasPrefix(text[at-1:], "\\'"):
		return `JSON has no escape \': write the apostrophe without a backslash`
	case strings.HasPrefix(text[at:], "'"):
		return "JSON has double quotes only"
	}
	switch r, _ := utf8.DecodeRuneInString(text[at:]); {
	case strings.ContainsRune("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb", r):
		return "this is a typographic quote: write a plain double quote (\")"
	case r > unicode.MaxASCII && unicode.IsSpace(r), r == '\u200b', r == '\u2060', r == '\ufeff':
		return "this is a no-break or other special space: write a plain one"
	}
	return ""
}

// isWide reports whether a text starts like ASCII in UTF-16 without a byte order
// mark: every other byte is zero.
func isWide(text string) bool {
	return len(text) >= 4 && (text[0] == 0 && text[2] == 0 && text[1] != 0 && text[3] != 0 ||
		text[1] == 0 && text[3] == 0 && text[0] != 0 && text[2] != 0)
}
