package requestfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// Limits of a YAML text. Its aliases may stand for much more than is written.
const (
	// MaxYAML is the longest YAML text that is read, in bytes: that of a template
	// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
	MaxYAML = 1 << 20
	// maxWritten is the longest JSON text that is written of a YAML text, in bytes.
	maxWritten = 8 << 20
	// maxNesting is how deep collections may nest.
	maxNesting = 2 * document.MaxDepth
)

// The rules that a YAML text can break.
const (
	// RuleYAML: the text is not YAML, or has what JSON cannot have.
	RuleYAML = "yaml-syntax"
	// RuleYAMLLimit: the text is too long, nests too deep, or stands for too much.
	RuleYAMLLimit = "yaml-limit"
)

// looksLikeYAML reports whether a text that is not JSON has the form of a YAML
// mapping, and not that of a broken JSON text.
func looksLikeYAML(text []byte) bool {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 || len(text) > MaxYAML || !utf8.Valid(text) || bytes.IndexByte([]byte("{[\"'“"), text[0]) >= 0 {
		return false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || bytes.HasPrefix(line, []byte("---")) || line[0] == '%' {
			continue
		}
		return bytes.Contains(line, []byte(": ")) || bytes.HasSuffix(line, []byte(":"))
	}
	return false
}

// yaml reads the documents of a YAML text. Each becomes a JSON text, with tags
// such as !Ref in their long form.
func (r *reader) yaml(text []byte) {
	lines := bytes.Split(text, []byte("\n"))
	documents, f := parseYAML(text, lines)
	if f != nil {
		r.file.Findings = append(r.file.Findings, *f)
		return
	}
	for _, n := range documents {
		w := yamlWriter{lines: lines}
		if f := w.node(n); f != nil {
			r.file.Findings = append(r.file.Findings, *f)
			continue
		}
		r.file.Warnings = append(r.file.Warnings, w.warnings...)
		doc, findings := document.Read(w.text)
		if doc == nil { // it nests too deep
			for _, f := range findings {
				f.Line, f.Column = w.place(document.Offset(string(w.text), f.Line, f.Column))
				r.file.Findings = append(r.file.Findings, f)
			}
			continue
		}
		r.document(source{doc: doc, place: w.place})
	}
}

// parseYAML parses a text of these lines: the content of each document that has
// any.
func parseYAML(text []byte, lines [][]byte) (documents []*yaml.Node, f *finding.Finding) {
	if len(text) > MaxYAML {
		return nil, &finding.Finding{Rule: RuleYAMLLimit, Message: fmt.Sprintf("the YAML text has %d bytes, at most %d are read", len(text), MaxYAML), Line: 1, Column: 1}
	}
	if !utf8.Valid(text) {
		valid := len(text) - len(bytes.TrimLeftFunc(text, func(c rune) bool { return c != utf8.RuneError }))
		line, column := positionAfter(string(text[:valid]))
		return nil, &finding.Finding{Rule: RuleYAML, Message: "the text is not UTF-8, expected YAML in UTF-8", Hint: "save the file as UTF-8", Line: line, Column: column}
	}
	deep := false
	depth := loaderlimits.DepthFunc(func(depth int, _ *loaderlimits.DepthContext) error {
		if deep = depth > maxNesting; deep {
			return fmt.Errorf("it nests deeper than %d", maxNesting)
		}
		return nil
	})
	// The writer counts what aliases stand for.
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithPlugin(loaderlimits.New(depth, loaderlimits.AliasNone())))
	for err == nil {
		var n yaml.Node
		if err = loader.Load(&n); err == nil && !isEmpty(n.Content) {
			documents = append(documents, n.Content[0])
		}
	}
	if errors.Is(err, io.EOF) {
		return documents, nil
	}
	f = brokenYAML(err, lines)
	if deep {
		f.Rule, f.Message = RuleYAMLLimit, fmt.Sprintf("the YAML text nests deeper than %d", maxNesting)
	}
	return nil, f
}

// isEmpty reports whether a document has nothing, not even a null.
func isEmpty(content []*yaml.Node) bool {
	return len(content) == 0 || content[0].Kind == yaml.ScalarNode && content[0].Value == "" && content[0].Tag == "!!null"
}

// brokenYAML says where a text is broken: the place where it cannot go on, or, if it
// ends too soon, the start of what is open, or else its last character.
func brokenYAML(err error, lines [][]byte) *finding.Finding {
	f := &finding.Finding{Rule: RuleYAML, Message: "the text is not YAML: " + err.Error(), Line: 1, Column: 1}
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		f.Message = "the text is not YAML: " + load.Message
		ends := func(m yaml.Mark) bool { return m.Line >= len(lines) && m.Column <= 1 }
		mark := load.Mark
		if ends(mark) && load.ContextMark.Line > 0 {
			mark = load.ContextMark
		}
		if ends(mark) {
			mark.Line, mark.Column = positionAfter(string(bytes.TrimRight(bytes.Join(lines, []byte("\n")), " \t\r\n")))
			mark.Column--
		}
		f.Line, f.Column = clamp(lines, mark.Line, mark.Column)
	}
	return f
}

// clamp is a place of the text that is nearest to a line and a column.
func clamp(lines [][]byte, line, column int) (int, int) {
	line = min(max(line, 1), len(lines))
	return line, min(max(column, 1), utf8.RuneCount(bytes.TrimSuffix(lines[line-1], []byte("\r")))+1)
}
