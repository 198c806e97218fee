package requestfile

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// yamlWriter writes a YAML document as JSON and notes where each value stands.
// Aliases and merge keys are written out.
type yamlWriter struct {
	lines   [][]byte
	anchors map[string]ast.Node
	text    []byte
	marks   []yamlMark
	depth   int
	steps   int
}

// yamlMark is where the JSON text from an offset on came from. scalar is the
// decoded text of a string, block says that its lines stand in the file's lines
// after this one.
type yamlMark struct {
	at           int
	line, column int
	scalar       string
	block        bool
}

// maxSteps is how many nodes are written of a document, aliases included. Nodes
// that write nothing count too.
const maxSteps = 1 << 18

func (w *yamlWriter) document(body ast.Node) *finding.Finding { return w.node(body) }

func (w *yamlWriter) fault(n ast.Node, rule, message string) *finding.Finding {
	f := finding.Finding{Rule: rule, Message: message, Line: 1, Column: 1}
	if p := positionOf(n); p != nil {
		f.Line, f.Column = clamp(w.lines, p.Line, p.Column)
	}
	return &f
}

// positionOf is where a node stands. A block mapping's own token is its first
// colon.
func positionOf(n ast.Node) *token.Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return positionOf(m.Values[0])
		}
	case *ast.MappingValueNode:
		return positionOf(m.Key)
	}
	if n == nil || n.GetToken() == nil {
		return nil
	}
	return n.GetToken().Position
}

// mark notes that what follows came from a node.
func (w *yamlWriter) mark(n ast.Node) {
	m := yamlMark{at: len(w.text), line: 1, column: 1}
	if p := positionOf(n); p != nil {
		m.line, m.column = clamp(w.lines, p.Line, p.Column)
	}
	switch n := n.(type) {
	case *ast.StringNode:
		m.scalar = n.Value
	case *ast.LiteralNode:
		m.scalar, m.block = n.Value.Value, strings.HasPrefix(n.Start.Value, "|")
	}
	w.marks = append(w.marks, m)
}

func (w *yamlWriter) quote(text string) {
	w.text, _ = jsontext.AppendQuote(w.text, strings.ToValidUTF8(text, "\ufffd")) // a valid text can be quoted
}

// node writes a node.
func (w *yamlWriter) node(n ast.Node) *finding.Finding {
	w.steps++
	if w.steps > maxSteps || len(w.text) > maxWritten {
		return w.fault(n, RuleYAMLLimit, "the YAML text stands for too many values: its aliases repeat too much")
	}
	if w.depth++; w.depth > 2*maxNesting {
		return w.fault(n, RuleYAMLLimit, fmt.Sprintf("the YAML text nests deeper than %d, aliases included", maxNesting))
	}
	defer func() { w.depth-- }()
	switch n := n.(type) {
	case nil:
		w.mark(n)
		w.text = append(w.text, "null"...)
	case *ast.MappingNode:
		return w.mapping(n, n.Values)
	case *ast.MappingValueNode:
		return w.mapping(n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return w.sequence(n)
	case *ast.TagNode:
		return w.tag(n)
	case *ast.AnchorNode:
		w.anchors[name(n.Name)] = n.Value
		return w.node(n.Value)
	case *ast.AliasNode:
		value, ok := w.anchors[name(n.Value)]
		if !ok {
			return w.fault(n, RuleYAML, "the text is not YAML: got the alias "+finding.Quote(name(n.Value))+", which has no anchor before it")
		}
		return w.node(value)
	default:
		return w.scalar(n)
	}
	return nil
}

// name is the name of an anchor.
func name(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

func (w *yamlWriter) sequence(n *ast.SequenceNode) *finding.Finding {
	w.mark(n)
	w.text = append(w.text, '[')
	for i, value := range n.Values {
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

// scalar writes a value that holds no others. A number that JSON writes in
// another way, such as 0x1F or 012345678901, is a string as it was written.
func (w *yamlWriter) scalar(n ast.Node) *finding.Finding {
	w.mark(n)
	switch n := n.(type) {
	case *ast.NullNode:
		w.text = append(w.text, "null"...)
	case *ast.BoolNode:
		w.text = fmt.Append(w.text, n.Value)
	case *ast.StringNode:
		w.quote(n.Value)
	case *ast.LiteralNode:
		w.quote(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		text := n.GetToken().Value
		if v := jsontext.Value(text); v.IsValid() && v.Kind() == jsontext.KindNumber {
			w.text = append(w.text, text...)
		} else {
			w.quote(text)
		}
	default:
		return w.fault(n, RuleYAML, "got a YAML "+strings.ToLower(n.Type().String())+", expected a value that JSON can have")
	}
	return nil
}

// tag writes a tagged value: that of a short tag of CloudFormation as its long
// form, that of a tag of YAML itself as the value.
func (w *yamlWriter) tag(n *ast.TagNode) *finding.Finding {
	tag := n.Start.Value
	if strings.HasPrefix(tag, "!!") || strings.HasPrefix(tag, "!<") || tag == "!" {
		if (tag == "!!str" || tag == "!") && n.Value != nil && isPlainScalar(n.Value) {
			w.mark(n.Value)
			w.quote(n.Value.GetToken().Value)
			return nil
		}
		return w.node(n.Value)
	}
	long := longTag(tag)
	w.mark(n)
	w.text = append(w.text, '{')
	w.mark(n)
	w.quote(long)
	w.text = append(w.text, ':')
	if argument, ok := n.Value.(*ast.StringNode); ok && long == "Fn::GetAtt" {
		w.mark(n)
		w.text = append(w.text, '[')
		resource, attribute, _ := strings.Cut(argument.Value, ".")
		w.quote(resource)
		w.text = append(w.text, ',')
		w.quote(attribute)
		w.text = append(w.text, ']')
	} else if f := w.node(n.Value); f != nil {
		return f
	}
	w.text = append(w.text, '}')
	return nil
}

// isPlainScalar reports whether a node is a scalar that is no string.
func isPlainScalar(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return true
	default:
		return false
	}
}

// place is where in the file an offset of the JSON text came from.
func (w *yamlWriter) place(offset int) (line, column int) {
	i := sort.Search(len(w.marks), func(i int) bool { return w.marks[i].at > offset }) - 1
	if i < 0 {
		return 1, 1
	}
	m := w.marks[i]
	if m.scalar == "" || offset <= m.at {
		return m.line, m.column
	}
	inside, _ := jsontext.AppendUnquote(nil, append(bytes.Clone(w.text[m.at:min(offset, len(w.text))]), '"'))
	return w.inside(m, min(len(inside), len(m.scalar)))
}

// inside is the place of an offset in a string's text: exact where the file has
// the same text, else where the string starts.
func (w *yamlWriter) inside(m yamlMark, offset int) (line, column int) {
	before := m.scalar[:offset]
	number := strings.Count(before, "\n")
	current := m.scalar[strings.LastIndexByte(before, '\n')+1:]
	current, _, _ = strings.Cut(current, "\n")
	column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	if m.block {
		if line = m.line + 1 + number; line <= len(w.lines) {
			written := string(bytes.TrimSuffix(w.lines[line-1], []byte("\r")))
			if indent, ok := strings.CutSuffix(written, current); ok {
				return line, utf8.RuneCountInString(indent) + column + 1
			}
		}
		return m.line, m.column
	}
	written := string(w.lines[m.line-1])
	if number == 0 {
		rest := written[document.Offset(written, 1, m.column):]
		quoted := len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'')
		if quoted {
			rest = rest[1:]
		}
		escaped := quoted && strings.HasSuffix(before, `\`)
		if strings.HasPrefix(rest, before) && !escaped {
			if quoted {
				column++
			}
			return m.line, m.column + column
		}
	}
	return m.line, m.column
}
