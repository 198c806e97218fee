package requestfile

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"sespolicy/shared/document"
)

// yamlMark is where the JSON text from an offset on came from. scalar is the
// decoded text of a string, block says that its lines stand in the file's lines
// after this one.
type yamlMark struct {
	at           int
	line, column int
	scalar       string
	block        bool
}

// start is where a node stands, tag and anchor included.
func (w *yamlWriter) start(n *yaml.Node) (line, column int) {
	return clamp(w.lines, n.Line, n.Column)
}

// behind is where a node's value stands: behind the tag and the anchor on its line.
func (w *yamlWriter) behind(n *yaml.Node) (line, column int) {
	line, column = w.start(n)
	written := string(w.lines[line-1])
	rest := written[document.Offset(written, 1, column):]
	for strings.HasPrefix(rest, "!") || strings.HasPrefix(rest, "&") {
		_, after, _ := strings.Cut(rest, " ")
		rest = strings.TrimLeft(after, " \t")
	}
	if rest == "" || rest[0] == '#' { // it stands on a later line
		return line, column
	}
	return line, utf8.RuneCountInString(strings.TrimSuffix(written, rest)) + 1
}

// mark notes that what follows came from a node.
func (w *yamlWriter) mark(n *yaml.Node) {
	m := yamlMark{at: len(w.text)}
	m.line, m.column = w.behind(n)
	if n.Kind == yaml.ScalarNode {
		m.scalar, m.block = n.Value, n.Style&yaml.LiteralStyle != 0
	}
	w.marks = append(w.marks, m)
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
