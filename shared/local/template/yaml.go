package template

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML reads one YAML document into nodes, tags such as !Ref in their long form.
func readYAML(name string, content []byte) (*node, error) {
	tokens := lexer.Tokenize(string(content))
	r := yamlReader{file: name, tags: map[int][]int{}}
	for _, t := range tokens {
		if t.Type == token.TagType {
			r.tags[t.Position.Line] = append(r.tags[t.Position.Line], t.Position.Column)
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return nil, r.errorAt(r.place(syntax.GetToken()), syntax.GetMessage())
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &Error{File: name, Message: "expected one YAML document"}
	}
	return r.read(file.Docs[0].Body)
}

type yamlReader struct {
	file string
	tags map[int][]int // line to the columns of its tags
}

// place is a node with the place of a token and no value. The lexer loses one column at every tag, so those before the
// token on its line are added again.
func (r yamlReader) place(t *token.Token) *node {
	n := &node{}
	if t == nil {
		return n
	}
	n.line, n.column = t.Position.Line, t.Position.Column
	for _, column := range r.tags[n.line] {
		if column < t.Position.Column {
			n.column++
		}
	}
	return n
}

func (r yamlReader) errorAt(n *node, message string) error {
	return &Error{File: r.file, Line: n.line, Column: n.column, Message: message}
}

func (r yamlReader) read(from ast.Node) (*node, error) {
	n := r.place(from.GetToken())
	switch from := from.(type) {
	case *ast.NullNode:
		return n, nil
	case *ast.StringNode:
		n.kind, n.text = text, from.Value
	case *ast.LiteralNode:
		n.kind, n.text = text, from.Value.Value
	case *ast.BoolNode:
		n.kind, n.text = boolean, fmt.Sprint(from.Value)
	case *ast.IntegerNode:
		n.kind, n.text = number, fmt.Sprint(from.Value)
	case *ast.FloatNode:
		n.kind, n.text = number, fmt.Sprint(from.Value)
	case *ast.SequenceNode:
		return r.readList(n, from)
	case *ast.MappingNode:
		return r.readMapping(n, from.Values)
	case *ast.MappingValueNode:
		return r.readMapping(n, []*ast.MappingValueNode{from})
	case *ast.TagNode:
		return r.readTag(n, from)
	default:
		return nil, r.errorAt(n, "CloudFormation knows no YAML "+strings.ToLower(from.Type().String()))
	}
	return n, nil
}

func (r yamlReader) readList(n *node, from *ast.SequenceNode) (*node, error) {
	n.kind = list
	for _, value := range from.Values {
		item, err := r.read(value)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	return n, nil
}

func (r yamlReader) readMapping(n *node, from []*ast.MappingValueNode) (*node, error) {
	n.kind = object
	for _, entry := range from {
		key, err := r.read(entry.Key)
		if err != nil {
			return nil, err
		}
		value, err := r.read(entry.Value)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{name: key.text, at: key, value: value})
	}
	// The reader's own place of a mapping is a colon; people look for the first name.
	if len(n.members) > 0 {
		n.line, n.column = n.members[0].at.line, n.members[0].at.column
	}
	return n, nil
}

// readTag turns !Name x into {Fn::Name: x}, and the two exceptions, !Ref and !Condition, into {Ref: x} and {Condition: x}.
func (r yamlReader) readTag(n *node, from *ast.TagNode) (*node, error) {
	name := strings.TrimPrefix(from.Start.Value, "!")
	if from.Value == nil {
		return nil, r.errorAt(n, "!"+name+" has no argument")
	}
	argument, err := r.read(from.Value)
	if err != nil {
		return nil, err
	}
	if name == "GetAtt" && argument.kind == text {
		argument = splitAttribute(argument)
	}
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	n.kind = object
	n.members = []member{{name: name, at: &node{line: n.line, column: n.column}, value: argument}}
	return n, nil
}

// splitAttribute makes Resource.Attribute a list of two: only the first point divides, attributes may hold others.
func splitAttribute(n *node) *node {
	id, attribute, _ := strings.Cut(n.text, ".")
	return &node{kind: list, line: n.line, column: n.column, items: []*node{textNode(n, id), textNode(n, attribute)}}
}
