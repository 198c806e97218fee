// Package document reads JSON text and remembers the place of every value, so
// that a finding can name its JSON Pointer, line and column.
//
// It is strict where two readers of one text could disagree (RFC 7493, I-JSON):
// one value, valid UTF-8, no unpaired surrogates, no duplicate members. It does
// not interpret the values, it does not alter the text, and it builds no Go
// values: a [Node] is a cursor into the text.
package document

import (
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest. The deepest valid request (a
// policy's condition values, inside an EventBridge event) needs 9; the limit
// keeps hostile nesting cheap.
const MaxDepth = 64

// MaxText is the longest text that is read, in bytes. An SQS message is at most
// 1 MiB; the limit is for files on the command line.
const MaxText = 64 << 20

// Document is one JSON text and the places of all its values. It is not safe for
// concurrent use: lines are counted when the first position is computed.
type Document struct {
	bytes   []byte  // the text as given
	text    string  // the same, so that decoded strings cost no allocation
	base    string  // JSON Pointer of the root: not empty for a text that was a string inside another
	depth   int     // how many texts are around it
	values  []value // in document order: a container is followed by what it holds
	columns *columns
}

// value is one JSON value. Offsets count bytes from the start of the text.
type value struct {
	start, end         int32 // the value as written, quotes and brackets included
	nameStart, nameEnd int32 // the member's name as written, quotes included; both 0 outside objects
	parent             int32 // the container that holds it; -1 for the root
	next               int32 // the value after it and all it holds
	index              int32 // its place in its container, from 0
	kind               jsontext.Kind
	escaped            bool // the string has escapes: its decoded text differs
	nameEscaped        bool
}

// Root is the document's one value.
func (d *Document) Root() Node { return Node{doc: d} }

// Text is the text as given. It must not be altered.
func (d *Document) Text() []byte { return d.bytes }
