package template

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
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

// node is a value of the template with its place. Short forms such as !Ref are already in their long form.
type node struct {
	kind         kind
	text         string // of a string, number or boolean, as JSON spells it
	items        []*node
	members      []member
	line, column int
}

// member is one entry of a mapping, in the order of the template.
type member struct {
	name  string
	at    *node // where the name stands
	value *node
}

// noValue stands for AWS::NoValue: what has it is left out. It is told apart by its address.
var noValue = &node{}

func textNode(at *node, value string) *node {
	return &node{kind: text, text: value, line: at.line, column: at.column}
}

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

// appendJSON writes the node as compact JSON, members in the order given.
func (n *node) appendJSON(to []byte) []byte {
	switch n.kind {
	case text:
		quoted, err := jsontext.AppendQuote(to, n.text)
		if err != nil { // Invalid UTF-8, which the YAML reader does not let through.
			return strconv.AppendQuote(to, n.text)
		}
		return quoted
	case number, boolean:
		return append(to, n.text...)
	case list:
		to = append(to, '[')
		for i, item := range n.items {
			if i > 0 {
				to = append(to, ',')
			}
			to = item.appendJSON(to)
		}
		return append(to, ']')
	case object:
		to = append(to, '{')
		for i, m := range n.members {
			if i > 0 {
				to = append(to, ',')
			}
			to = (&node{kind: text, text: m.name}).appendJSON(to)
			to = append(to, ':')
			to = m.value.appendJSON(to)
		}
		return append(to, '}')
	default:
		return append(to, "null"...)
	}
}

func (n *node) json() string {
	return string(n.appendJSON(nil))
}
