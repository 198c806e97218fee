package requestfile

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// composer writes a JSON text of the values of another, and notes where each
// value came from.
type composer struct {
	source   source
	resolver resolver
	// template resolves intrinsic functions and turns numbers and booleans into
	// strings, as CloudFormation does with the properties of a custom resource.
	template bool

	body     []byte
	segments segments
	pointers pointers
	unknown  map[string]int
	listed   []string // the unknown values' pointers in the source
	request  string   // the pointer of the object that has the request's members
}

func newComposer(s source, owner identity.Owner, template bool) *composer {
	return &composer{source: s, resolver: resolver{owner}, template: template, pointers: pointers{}, unknown: map[string]int{}}
}

// mark notes that what follows came from an offset of the source.
func (c *composer) mark(from int, copied bool) {
	c.segments = append(c.segments, segment{at: len(c.body), from: from, copied: copied})
}

// markNode notes that what follows came from a value's place.
func (c *composer) markNode(n document.Node) {
	start, _ := n.Span()
	c.mark(start, false)
}

func (c *composer) quote(text string) {
	c.body, _ = jsontext.AppendQuote(c.body, text) // an invalid text is written with replacement characters
}

// open begins an object that stands for a value of the source.
func (c *composer) open(n document.Node, pointer, from string) {
	c.markNode(n)
	c.pointers[pointer] = from
	c.body = append(c.body, '{')
}

func (c *composer) close() { c.body = append(c.body, '}') }

// name writes a member's name, at the place of the name that the value has in the
// source.
func (c *composer) name(n document.Node, name string, more bool) {
	if more {
		c.body = append(c.body, ',')
	}
	if n.Exists() {
		start, _ := n.NameSpan()
		c.mark(start, false)
	}
	c.quote(name)
	c.body = append(c.body, ':')
}

// constant writes a member that nobody wrote.
func (c *composer) constant(name, value string, more bool) {
	c.pointers["/"+name] = nowhere
	c.name(document.Node{}, name, more)
	c.quote(value)
}

// value writes a value.
func (c *composer) value(n document.Node, pointer string) {
	c.pointers[pointer] = n.Pointer()
	if c.template && isIntrinsic(n) {
		c.intrinsic(n, pointer)
		return
	}
	switch {
	case n.IsObject():
		c.markNode(n)
		c.body = append(c.body, '{')
		more := false
		for name, member := range n.Members() {
			if c.template && isNoValue(member) {
				continue
			}
			c.name(member, name, more)
			c.value(member, pointer+"/"+document.EscapeToken(name))
			more = true
		}
		c.body = append(c.body, '}')
	case n.IsArray():
		c.array(n, pointer)
	case c.template && !n.IsString() && n.Text() != "null":
		c.markNode(n)
		c.quote(n.Text())
	default:
		start, _ := n.Span()
		c.mark(start, true)
		c.body = append(c.body, n.Raw()...)
	}
}

func (c *composer) array(n document.Node, pointer string) {
	c.markNode(n)
	c.body = append(c.body, '[')
	i := 0
	for element := range n.Elements() {
		if c.template && isNoValue(element) {
			continue
		}
		if i > 0 {
			c.body = append(c.body, ',')
		}
		c.value(element, child(pointer, i))
		i++
	}
	c.body = append(c.body, ']')
}

// intrinsic writes what an intrinsic function stands for.
func (c *composer) intrinsic(n document.Node, pointer string) {
	if inner := n.Get("Fn::ToJsonString"); inner.Exists() {
		c.value(inner, pointer)
		return
	}
	if text, ok := c.resolver.text(n); ok {
		c.markNode(n)
		c.quote(text)
		return
	}
	if list, ok := c.resolver.list(n); ok {
		c.markNode(n)
		c.body = append(c.body, '[')
		for i, text := range list {
			if i > 0 {
				c.body = append(c.body, ',')
			}
			c.quote(text)
		}
		c.body = append(c.body, ']')
		return
	}
	c.unknownValue(n, pointer, n.Pointer())
}

// unknownValue writes a value that is right wherever it stands, in place of one
// that is not known.
func (c *composer) unknownValue(n document.Node, pointer, from string) {
	c.markNode(n)
	c.pointers[pointer] = from
	c.unknown[pointer] = len(c.body)
	c.listed = append(c.listed, from)
	c.body = append(c.body, stand(pointer, c.request)...)
}

// entry is the entry of the composed text.
func (c *composer) entry(pointer string) Entry {
	return Entry{Body: string(c.body), Pointer: pointer, Unknown: slices.Clip(c.listed), unknown: c.unknown, request: c.request,
		at: placement{source: c.source, offset: c.segments.offset, pointer: c.pointers.pointer}}
}
