package template

import (
	"encoding/json"
	"iter"
	"strings"

	"go.yaml.in/yaml/v4"
)

// entries are the names and values of a mapping, in the order of the template; none if n is nil or no mapping.
func entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(name, value *yaml.Node) bool) {
		if n != nil && n.Kind == yaml.DocumentNode {
			n = n.Content[0]
		}
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// member finds a value by its path. It is nil if there is none.
func member(n *yaml.Node, path ...string) *yaml.Node {
	for _, step := range path {
		var found *yaml.Node
		for name, value := range entries(n) {
			if name.Value == step {
				found = value
			}
		}
		n = found
	}
	return n
}

// text is the scalar at a path, "" if there is none.
func text(n *yaml.Node, path ...string) string {
	if n = member(n, path...); n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func newText(at *yaml.Node, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: at.Line}
}

// toJSON is a value as JSON text, names sorted.
func toJSON(n *yaml.Node) string {
	var value any
	_ = n.Decode(&value)              // Parse decoded all of it once
	encoded, _ := json.Marshal(value) // only .inf and .nan cannot be written
	return string(encoded)
}

// intrinsic takes the call of an intrinsic function apart, in its short form (!Sub x) or its long one ({Fn::Sub: x}). The
// name of any other value is "".
func intrinsic(n *yaml.Node) (name string, argument *yaml.Node) {
	if n == nil {
		return "", nil
	}
	short, ok := strings.CutPrefix(n.Tag, "!")
	switch {
	case ok && !strings.HasPrefix(short, "!"):
		plain := *n
		plain.Tag = map[yaml.Kind]string{yaml.ScalarNode: "!!str", yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}[n.Kind]
		if short == "Ref" {
			return short, &plain
		}
		return "Fn::" + short, &plain
	case n.Kind == yaml.MappingNode && len(n.Content) == 2:
		if name := n.Content[0].Value; name == "Ref" || strings.HasPrefix(name, "Fn::") {
			return name, n.Content[1]
		}
	}
	return "", nil
}
