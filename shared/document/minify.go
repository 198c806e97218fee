package document

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Minify is text without the white space between its tokens. Nothing else
// changes: order, escapes and numbers stay as written. It fails when text is
// not JSON.
func Minify(text []byte) ([]byte, error) {
	if !jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
		return nil, errors.New("minifying: the text is not JSON")
	}
	return minify(text), nil
}

// Minified is the value as written, without the white space between its tokens.
func (n Node) Minified() []byte { return minify(n.Raw()) }

// minify drops the white space outside strings of a text that is JSON.
func minify(text []byte) []byte {
	out := make([]byte, 0, len(text))
	quoted, from := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++ // what follows is escaped, a quote too
		case !quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			out = append(out, text[from:i]...)
			from = i + 1
		}
	}
	return append(out, text[from:]...)
}
