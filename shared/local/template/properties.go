package template

import (
	"strconv"
	"time"
)

// properties reads typed values from an evaluated mapping. What has the wrong type is reported at its place, and its zero
// value stands in, so that one pass finds everything.
type properties struct {
	builder *builder
	node    *node // nil where the mapping itself is missing
}

func (b *builder) properties(n *node) properties {
	if n != nil && n.kind != object {
		b.fail(n, "expected a mapping, this is %s", n.kind)
		n = nil
	}
	return properties{builder: b, node: n}
}

func (p properties) object(name string) properties {
	return p.builder.properties(p.node.member(name))
}

func (p properties) list(name string) []*node {
	value := p.node.member(name)
	if value == nil {
		return nil
	}
	if value.kind != list {
		p.builder.fail(value, "%s must be a list, this is %s", name, value.kind)
	}
	return value.items
}

func (p properties) text(name, otherwise string) string {
	value := p.node.member(name)
	if value == nil {
		return otherwise
	}
	if !value.isScalar() {
		p.builder.fail(value, "%s must be a string, this is %s", name, value.kind)
	}
	return value.text
}

// integer also takes a string that spells one, as CloudFormation does.
func (p properties) integer(name string, otherwise int) int {
	value := p.node.member(name)
	if value == nil {
		return otherwise
	}
	n, err := strconv.Atoi(value.text)
	if err != nil {
		p.builder.fail(value, "%s must be a whole number, this is %s", name, value.json())
	}
	return n
}

func (p properties) seconds(name string, otherwise int) time.Duration {
	return time.Duration(p.integer(name, otherwise)) * time.Second
}

func (p properties) boolean(name string, otherwise bool) bool {
	value := p.node.member(name)
	if value == nil {
		return otherwise
	}
	if value.text != "true" && value.text != "false" {
		p.builder.fail(value, "%s must be true or false, this is %s", name, value.json())
	}
	return value.text == "true"
}

// document gives a value as JSON text, "" where there is none. A string is taken for JSON text already.
func (p properties) document(name string) string {
	value := p.node.member(name)
	switch {
	case value == nil:
		return ""
	case value.kind == text:
		return value.text
	default:
		return value.json()
	}
}
