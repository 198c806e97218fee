package template

import (
	"encoding/json"
)

// kind is what a node is, in the words of JSON.
type kind int

const (
	null kind = iota
	text
	number
	boolean
	list
	object
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "true or false", "a list", "a mapping"}[k]
}

// node is a value of the template with its line. Short forms such as !Ref are already in their long form.
type node struct {
	kind    kind
	text    string // of a string, number or boolean, as JSON spells it
	items   []*node
	members []member
	line    int // 1-based
}

// member is one entry of a mapping, in the order of the template.
type member struct {
	name  string
	at    *node // where the name stands
	value *node
}

// noValue stands for AWS::NoValue: the member or item that has it is left out. It is compared by address.
var noValue = &node{}

func textNode(at *node, value string) *node {
	return &node{kind: text, text: value, line: at.line}
}

// member finds an entry of a mapping. It is nil if n is nil or has no such entry.
func (n *node) member(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (n *node) isScalar() bool {
	return n.kind == text || n.kind == number || n.kind == boolean
}

// value is the node as encoding/json takes it.
func (n *node) value() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case text:
		return n.text
	case number:
		return json.Number(n.text)
	case boolean:
		return n.text == "true"
	case list:
		items := make([]any, len(n.items))
		for i, item := range n.items {
			items[i] = item.value()
		}
		return items
	case object:
		members := make(map[string]any, len(n.members))
		for _, m := range n.members {
			members[m.name] = m.value.value()
		}
		return members
	default:
		return nil
	}
}

// json is the node as JSON text, members sorted by name.
func (n *node) json() string {
	encoded, err := json.Marshal(n.value())
	if err != nil { // Only a number that is not JSON's, such as .inf.
		return "null"
	}
	return string(encoded)
}
