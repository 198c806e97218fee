package printout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns text that is safe on a terminal, in one line: requesters
// choose what stands in it. Control characters (C0, C1, DEL, so all ANSI
// sequences), bidirectional controls and everything else that is not printable
// becomes \uXXXX, a tab becomes a space, and invalid UTF-8 becomes U+FFFD.
func Escape(text string) string {
	if !strings.ContainsFunc(text, hidden) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case hidden(r):
			b.Write(escaped(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// EscapeLines is [Escape] for a text of several lines.
func EscapeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Escape(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// EscapeJSON escapes in a JSON text what [Escape] does, as \uXXXX. The text
// means the same as before. White space between values stays.
func EscapeJSON(text []byte) []byte {
	isSpace := func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }
	if !bytes.ContainsFunc(text, func(r rune) bool { return hidden(r) && !isSpace(r) }) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if hidden(r) && !isSpace(r) {
			b.Write(escaped(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// WriteJSON writes v as indented JSON, escaped by [EscapeJSON].
func WriteJSON(out io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := out.Write(EscapeJSON(b.Bytes()))
	return err
}

// hidden reports whether a character is not printable. A plain space is the
// only printable space.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

// escaped is a character as JSON escapes it: a surrogate pair beyond U+FFFF.
func escaped(r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		return fmt.Appendf(nil, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(nil, `\u%04x`, r)
}
