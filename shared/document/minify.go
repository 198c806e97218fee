package document

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Minify is text without the white space between its tokens. Nothing else
// changes: order, escapes, numbers and duplicate members stay as written. It
// fails if text is not JSON in valid UTF-8.
func Minify(text []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Compact(jsontext.AllowInvalidUTF8(false)); err != nil {
		return nil, fmt.Errorf("minifying: the text is not JSON: %w", err)
	}
	return v, nil
}

// Minified is the value as written, without the white space between its tokens.
func (n Node) Minified() []byte {
	v := jsontext.Value(bytes.Clone(n.Raw()))
	_ = v.Compact() // the value was read before: it is valid
	return v
}
