package document

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Node is one value of a document: a cursor, cheap to copy. The zero Node is no
// value; its Kind is [jsontext.KindInvalid] and it holds nothing.
type Node struct {
	doc *Document
	i   int32
}

// Exists reports whether there is a value.
func (n Node) Exists() bool { return n.doc != nil }

// Document is the document that the value stands in.
func (n Node) Document() *Document { return n.doc }

// Kind is the JSON type: KindString, KindNumber, KindTrue, KindFalse, KindNull,
// KindBeginObject or KindBeginArray.
func (n Node) Kind() jsontext.Kind {
	if n.doc == nil {
		return jsontext.KindInvalid
	}
	return n.at().kind
}

// IsObject reports whether the value is an object.
func (n Node) IsObject() bool { return n.Kind() == jsontext.KindBeginObject }

// IsArray reports whether the value is an array.
func (n Node) IsArray() bool { return n.Kind() == jsontext.KindBeginArray }

// IsString reports whether the value is a string.
func (n Node) IsString() bool { return n.Kind() == jsontext.KindString }

// Type is the JSON type in words: "a string", "an object", ….
func (n Node) Type() string {
	switch n.Kind() {
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindNull:
		return "null"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "a list"
	default:
		return "nothing"
	}
}

func (n Node) at() *value { return &n.doc.values[n.i] }

// Text is a string's decoded text; of any other value, the text as written;
// empty where there is none.
func (n Node) Text() string {
	if n.doc == nil {
		return ""
	}
	v := n.at()
	if v.kind != jsontext.KindString {
		return n.doc.text[v.start:v.end]
	}
	return n.doc.unquote(v.start, v.end, v.escaped)
}

// Name is the decoded name of an object's member; empty for any other value.
func (n Node) Name() string {
	v := n.at()
	if v.nameEnd == 0 {
		return ""
	}
	return n.doc.unquote(v.nameStart, v.nameEnd, v.nameEscaped)
}

func (d *Document) unquote(start, end int32, escaped bool) string {
	if !escaped {
		return d.text[start+1 : end-1]
	}
	// The decoder accepted this string: it is valid.
	b, _ := jsontext.AppendUnquote(nil, d.bytes[start:end])
	return string(b)
}

// Raw is the value as written. It must not be altered.
func (n Node) Raw() []byte {
	v := n.at()
	return n.doc.bytes[v.start:v.end:v.end]
}

// Span is where the value stands in the text: its first byte and the byte after its last.
func (n Node) Span() (start, end int) { return int(n.at().start), int(n.at().end) }

// children are the members or elements, in order.
func (n Node) children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.doc == nil {
			return
		}
		end := n.doc.values[n.i].next
		for i := n.i + 1; i < end; i = n.doc.values[i].next {
			if !yield(Node{n.doc, i}) {
				return
			}
		}
	}
}

// Members are an object's members in order, each with its decoded name;
// nothing for any other value. A name can come twice.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if !n.IsObject() {
			return
		}
		for c := range n.children() {
			if !yield(c.Name(), c) {
				return
			}
		}
	}
}

// Elements are an array's elements in order; nothing for any other value.
func (n Node) Elements() iter.Seq[Node] {
	if !n.IsArray() {
		return func(func(Node) bool) {}
	}
	return n.children()
}

// Member is the first member with exactly this name; names are case-sensitive.
func (n Node) Member(name string) (Node, bool) {
	for member, c := range n.Members() {
		if member == name {
			return c, true
		}
	}
	return Node{}, false
}

// Len is how many members or elements the value holds.
func (n Node) Len() int {
	count := 0
	for range n.children() {
		count++
	}
	return count
}

// Pointer is the value's JSON Pointer (RFC 6901).
func (n Node) Pointer() string {
	b, _ := n.appendPointer([]byte(n.doc.base), math.MaxInt/maxEscape)
	return string(b)
}

// maxEscape is how many bytes one byte of a decoded name can take as written: \u0061.
const maxEscape = 6

// appendPointer appends the value's pointer. If that gets longer than limit
// bytes it stops at an enclosing value, and whole is false.
func (n Node) appendPointer(b []byte, limit int) (pointer []byte, whole bool) {
	v := n.at()
	if v.parent < 0 {
		return b, true
	}
	if b, whole = (Node{n.doc, v.parent}).appendPointer(b, limit); !whole {
		return b, false
	}
	from := len(b)
	b = append(b, '/')
	switch {
	case v.nameEnd == 0:
		b = strconv.AppendInt(b, int64(v.index), 10)
	case int(v.nameEnd-v.nameStart)/maxEscape <= limit: // a longer one need not be decoded
		b = append(b, EscapeToken(n.Name())...)
	default:
		return b[:from], false
	}
	if len(b) > limit {
		return b[:from], false
	}
	return b, true
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// EscapeToken is name as it stands in a JSON Pointer.
func EscapeToken(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return pointerEscapes.Replace(name)
}

// Get is [Node.Member] without the report: the zero Node if there is none.
func (n Node) Get(name string) Node {
	c, _ := n.Member(name)
	return c
}

// NameSpan is where a member's name stands in the text, quotes included; where the
// value stands if it has no name.
func (n Node) NameSpan() (start, end int) {
	if v := n.at(); v.nameEnd != 0 {
		return int(v.nameStart), int(v.nameEnd)
	}
	return n.Span()
}
