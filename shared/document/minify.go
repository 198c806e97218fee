package document

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Minified is the value as written, without the white space between its tokens:
// order, escapes, numbers and duplicate members stay.
func (n Node) Minified() []byte {
	v := jsontext.Value(bytes.Clone(n.Raw()))
	_ = v.Compact() // the value was read before: it is valid
	return v
}
