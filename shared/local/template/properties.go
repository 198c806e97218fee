package template

import (
	"strconv"
	"time"
)

// properties reads typed values from an evaluated mapping. A value of the wrong type is reported with its line, and its
// zero value is returned, so that one pass finds everything.
type properties struct {
	builder *builder
	node    *node // nil if the mapping itself is missing
}

func (b *builder) properties(n *node) properties {
	if n != nil && n.kind != object {
		b.fail(n, "got %s, want a mapping", n.kind)
		n = nil
	}
	return properties{builder: b, node: n}
}

// members are the entries of the mapping called name.
func (p properties) members(name string) []member {
	if n := p.object(name).node; n != nil {
		return n.members
	}
	return nil
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
		p.builder.fail(value, "%s is %s, want a list", name, value.kind)
	}
	return value.items
}

// text is a scalar's text, "" if it is missing.
func (p properties) text(name string) string {
	value := p.node.member(name)
	if value == nil {
		return ""
	}
	if !value.isScalar() {
		p.builder.fail(value, "%s is %s, want a string", name, value.kind)
	}
	return value.text
}

// integer also takes a string that spells one, as CloudFormation does.
func (p properties) integer(name string, absent int) int {
	value := p.node.member(name)
	if value == nil {
		return absent
	}
	n, err := strconv.Atoi(value.text)
	if err != nil {
		p.builder.fail(value, "%s is %s, want a whole number", name, value.json())
	}
	return n
}

func (p properties) seconds(name string, absent int) time.Duration {
	return time.Duration(p.integer(name, absent)) * time.Second
}

func (p properties) boolean(name string, absent bool) bool {
	value := p.node.member(name)
	if value == nil {
		return absent
	}
	if value.text != "true" && value.text != "false" {
		p.builder.fail(value, "%s is %s, want true or false", name, value.json())
	}
	return value.text == "true"
}

// document gives a mapping as JSON text, "" if it is missing.
func (p properties) document(name string) string {
	value := p.node.member(name)
	if value == nil {
		return ""
	}
	return value.json()
}
