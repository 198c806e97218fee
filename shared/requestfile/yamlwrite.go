package requestfile

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// yamlWriter writes a YAML document as JSON and notes where each value stands.
// Aliases and merge keys are written out.
type yamlWriter struct {
	lines [][]byte
	text  []byte
	marks []yamlMark
	depth int
	steps int
	// warnings are of values that other readers of YAML read otherwise.
	warnings []finding.Finding
}

// maxSteps is how many nodes are written of a document, aliases included. Nodes
// that write nothing count too.
const maxSteps = 1 << 18

func (w *yamlWriter) fault(n *yaml.Node, rule, message string) *finding.Finding {
	f := finding.Finding{Rule: rule, Message: message}
	f.Line, f.Column = w.start(n)
	return &f
}

func (w *yamlWriter) quote(text string) {
	w.text, _ = jsontext.AppendQuote(w.text, strings.ToValidUTF8(text, "\ufffd")) // a valid text can be quoted
}

// node writes a node: one with a short tag of CloudFormation in its long form, one
// with a tag of YAML itself without it.
func (w *yamlWriter) node(n *yaml.Node) *finding.Finding {
	w.steps++
	if w.steps > maxSteps || len(w.text) > maxWritten {
		return w.fault(n, RuleYAMLLimit, "the YAML text stands for too many values: its aliases repeat too much")
	}
	if w.depth++; w.depth > 2*maxNesting {
		return w.fault(n, RuleYAMLLimit, fmt.Sprintf("the YAML text nests deeper than %d, aliases included", maxNesting))
	}
	defer func() { w.depth-- }()
	if name, short := strings.CutPrefix(n.Tag, "!"); short && name != "" && name[0] != '!' {
		return w.function(n, name)
	}
	return w.value(n)
}

// function writes a node that has a short tag: !Sub is Fn::Sub.
func (w *yamlWriter) function(n *yaml.Node, name string) *finding.Finding {
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	line, column := w.start(n)
	w.marks = append(w.marks, yamlMark{at: len(w.text), line: line, column: column})
	w.text = append(w.text, '{')
	w.quote(name)
	w.text = append(w.text, ':')
	argument := *n
	argument.Tag, argument.Style = "", n.Style&^yaml.TaggedStyle
	argument.Tag = argument.ShortTag()
	if name == "Fn::GetAtt" && argument.Tag == "!!str" {
		w.text = append(w.text, '[')
		resource, attribute, _ := strings.Cut(n.Value, ".")
		w.quote(resource)
		w.text = append(w.text, ',')
		w.quote(attribute)
		w.text = append(w.text, ']')
	} else if f := w.value(&argument); f != nil {
		return f
	}
	w.text = append(w.text, '}')
	return nil
}

// value writes a node without its tag.
func (w *yamlWriter) value(n *yaml.Node) *finding.Finding {
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n)
	case yaml.SequenceNode:
		return w.sequence(n)
	case yaml.AliasNode:
		return w.node(n.Alias)
	}
	w.scalar(n)
	return nil
}

// scalar writes a value that holds no others. A number that JSON writes in
// another way, such as 0x1F or 012345678901, is a string as it was written.
func (w *yamlWriter) scalar(n *yaml.Node) {
	w.mark(n)
	number := jsontext.Value(n.Value)
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		w.text = append(w.text, "null"...)
	case tag == "!!bool":
		w.text = append(w.text, strings.ToLower(n.Value)...)
	case (tag == "!!int" || tag == "!!float") && number.IsValid() && number.Kind() == jsontext.KindNumber:
		w.text = append(w.text, n.Value...)
	default:
		w.quote(n.Value)
		w.checkAccount(n)
	}
}

// checkAccount warns of an account id with a leading zero and without quotation
// marks: other readers of YAML, CloudFormation's among them, may take it for a
// decimal or octal number.
func (w *yamlWriter) checkAccount(n *yaml.Node) {
	if n.Style != 0 || !identity.IsAccount(n.Value) {
		return
	}
	f := w.fault(n, policy.RuleUnquotedValue, "the account id "+n.Value+" has no quotation marks, and its leading zero makes it another number for some readers of YAML")
	f.Level, f.Suggestion = finding.Warning, `"`+n.Value+`"`
	w.warnings = append(w.warnings, *f)
}

func (w *yamlWriter) sequence(n *yaml.Node) *finding.Finding {
	w.mark(n)
	w.text = append(w.text, '[')
	for i, value := range n.Content {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if f := w.node(value); f != nil {
			return f
		}
	}
	w.text = append(w.text, ']')
	return nil
}

// member is a name and a value of a mapping.
type member struct {
	key   *yaml.Node
	name  string
	value *yaml.Node
}

// mapping writes an object. A member of its own hides one that a merge key brings
// (https://yaml.org/type/merge.html); a duplicate of its own is written twice, so
// that it is found.
func (w *yamlWriter) mapping(n *yaml.Node) *finding.Finding {
	own, merged, f := w.members(n, 0)
	if f != nil {
		return f
	}
	written := map[string]bool{}
	for _, m := range own {
		written[m.name] = true
	}
	for _, m := range merged {
		if !written[m.name] {
			written[m.name] = true
			own = append(own, m)
		}
	}
	w.mark(n)
	w.text = append(w.text, '{')
	for i, m := range own {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.mark(m.key)
		w.quote(m.name)
		w.text = append(w.text, ':')
		if f := w.node(m.value); f != nil {
			return f
		}
	}
	w.text = append(w.text, '}')
	return nil
}

// members are those of a mapping: its own, and those that its merge keys bring.
func (w *yamlWriter) members(n *yaml.Node, depth int) (own, merged []member, f *finding.Finding) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		w.steps++
		if key.Tag == "!!merge" {
			more, f := w.merged(value, depth+1)
			if f != nil {
				return nil, nil, f
			}
			merged = append(merged, more...)
			continue
		}
		name := key
		if key.Kind == yaml.AliasNode {
			name = key.Alias
		}
		if name.Kind != yaml.ScalarNode {
			return nil, nil, w.fault(key, RuleYAML, "got a collection as a name, expected a text")
		}
		own = append(own, member{key, name.Value, value})
	}
	return own, merged, nil
}

// merged are the members that a merge key brings: those of a mapping, or of the
// mappings in a list, where the earlier ones win.
func (w *yamlWriter) merged(n *yaml.Node, depth int) (all []member, f *finding.Finding) {
	w.steps++
	switch {
	case w.steps > maxSteps || depth > maxNesting:
		return nil, w.fault(n, RuleYAMLLimit, "the YAML text stands for too many values: its merge keys repeat too much")
	case n.Kind == yaml.AliasNode:
		return w.merged(n.Alias, depth+1)
	case n.Kind == yaml.MappingNode:
		own, merged, f := w.members(n, depth)
		return append(own, merged...), f
	case n.Kind != yaml.SequenceNode:
		return nil, w.fault(n, RuleYAML, "got a merge key without a mapping, expected an alias of a mapping")
	}
	for _, each := range n.Content {
		more, f := w.merged(each, depth+1)
		if f != nil {
			return nil, f
		}
		all = append(all, more...)
	}
	return all, nil
}
