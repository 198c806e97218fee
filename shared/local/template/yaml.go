package template

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// readYAML reads one YAML document into nodes, tags such as !Ref in their long form.
func readYAML(name string, content []byte) (*node, error) {
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, &Error{File: name, Line: syntax.GetToken().Position.Line, Message: syntax.GetMessage()}
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &Error{File: name, Message: "expected one YAML document"}
	}
	return yamlReader(name).read(file.Docs[0].Body)
}

// yamlReader is the file's name, for errors.
type yamlReader string

func (r yamlReader) read(from ast.Node) (*node, error) {
	n := &node{}
	if t := from.GetToken(); t != nil {
		n.line = t.Position.Line
	}
	switch from := from.(type) {
	case *ast.NullNode:
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
		n.kind = list
		for _, value := range from.Values {
			item, err := r.read(value)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case *ast.MappingNode:
		return r.readMapping(n, from.Values)
	case *ast.MappingValueNode:
		return r.readMapping(n, []*ast.MappingValueNode{from})
	case *ast.TagNode:
		return r.readTag(n, from)
	default:
		return nil, &Error{File: string(r), Line: n.line, Message: "CloudFormation does not accept a YAML " + strings.ToLower(from.Type().String())}
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
	return n, nil
}

// readTag turns !Name x into {Fn::Name: x}; !Ref and !Condition have no prefix. The argument of !GetAtt becomes a list.
func (r yamlReader) readTag(n *node, from *ast.TagNode) (*node, error) {
	name := strings.TrimPrefix(from.Start.Value, "!")
	if from.Value == nil {
		return nil, &Error{File: string(r), Line: n.line, Message: "!" + name + " has no argument"}
	}
	argument, err := r.read(from.Value)
	if err != nil {
		return nil, err
	}
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	n.kind, n.members = object, []member{{name: name, at: &node{line: n.line}, value: argument}}
	return n, nil
}
