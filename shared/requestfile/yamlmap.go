package requestfile

import (
	"github.com/goccy/go-yaml/ast"

	"sespolicy/shared/finding"
)

// mapping writes an object. A member of its own hides one that a merge key brings
// (https://yaml.org/type/merge.html); a duplicate of its own is written twice, so
// that it is found.
func (w *yamlWriter) mapping(n ast.Node, values []*ast.MappingValueNode) *finding.Finding {
	own := map[string]bool{}
	var merged []*ast.MappingValueNode
	for _, entry := range values {
		if entry.Key.IsMergeKey() {
			more, f := w.merged(entry.Value, 0)
			if f != nil {
				return f
			}
			merged = append(merged, more...)
			continue
		}
		key, f := w.key(entry.Key)
		if f != nil {
			return f
		}
		own[key] = true
	}
	w.mark(n)
	w.text = append(w.text, '{')
	more := false
	for _, entry := range values {
		if entry.Key.IsMergeKey() {
			continue
		}
		if f := w.member(entry, more); f != nil {
			return f
		}
		more = true
	}
	for _, entry := range merged {
		key, f := w.key(entry.Key)
		if f != nil {
			return f
		}
		if own[key] {
			continue
		}
		own[key] = true
		if f := w.member(entry, more); f != nil {
			return f
		}
		more = true
	}
	w.text = append(w.text, '}')
	return nil
}

func (w *yamlWriter) member(entry *ast.MappingValueNode, more bool) *finding.Finding {
	key, f := w.key(entry.Key)
	if f != nil {
		return f
	}
	if more {
		w.text = append(w.text, ',')
	}
	w.mark(entry.Key)
	w.quote(key)
	w.text = append(w.text, ':')
	return w.node(entry.Value)
}

// key is a member's name: any scalar.
func (w *yamlWriter) key(n ast.Node) (string, *finding.Finding) {
	for range maxNesting {
		switch k := n.(type) {
		case *ast.MappingKeyNode:
			n = k.Value
		case *ast.TagNode:
			n = k.Value
		case *ast.AnchorNode:
			w.anchors[name(k.Name)] = k.Value
			n = k.Value
		case *ast.AliasNode:
			n = w.anchors[name(k.Value)]
		case *ast.StringNode:
			return k.Value, nil
		case *ast.LiteralNode:
			return k.Value.Value, nil
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
			return k.GetToken().Value, nil
		default:
			return "", w.fault(n, RuleYAML, "got a collection as a name, expected a text")
		}
	}
	return "", w.fault(n, RuleYAML, "got a name that refers to itself, expected a text")
}

// merged are the members that a merge key brings: those of a mapping, or of the
// mappings in a list, where the earlier ones win.
func (w *yamlWriter) merged(n ast.Node, depth int) ([]*ast.MappingValueNode, *finding.Finding) {
	w.steps++
	if w.steps > maxSteps || depth > maxNesting {
		return nil, w.fault(n, RuleYAMLLimit, "the YAML text stands for too many values: its merge keys repeat too much")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return w.mergedMembers(n.Values, depth)
	case *ast.MappingValueNode:
		return w.mergedMembers([]*ast.MappingValueNode{n}, depth)
	case *ast.AnchorNode:
		w.anchors[name(n.Name)] = n.Value
		return w.merged(n.Value, depth+1)
	case *ast.AliasNode:
		if value, ok := w.anchors[name(n.Value)]; ok {
			return w.merged(value, depth+1)
		}
	case *ast.SequenceNode:
		var all []*ast.MappingValueNode
		for _, value := range n.Values {
			more, f := w.merged(value, depth+1)
			if f != nil {
				return nil, f
			}
			all = append(all, more...)
		}
		return all, nil
	}
	return nil, w.fault(n, RuleYAML, "got a merge key without a mapping, expected an alias of a mapping")
}

// mergedMembers are members with those of the merge keys among them, which come
// last.
func (w *yamlWriter) mergedMembers(values []*ast.MappingValueNode, depth int) ([]*ast.MappingValueNode, *finding.Finding) {
	var own, merged []*ast.MappingValueNode
	for _, entry := range values {
		w.steps++
		if !entry.Key.IsMergeKey() {
			own = append(own, entry)
			continue
		}
		more, f := w.merged(entry.Value, depth+1)
		if f != nil {
			return nil, f
		}
		merged = append(merged, more...)
	}
	if w.steps > maxSteps {
		return nil, w.fault(values[0], RuleYAMLLimit, "the YAML text stands for too many values: its merge keys repeat too much")
	}
	return append(own, merged...), nil
}
