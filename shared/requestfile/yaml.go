package requestfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

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
	// maxNesting is how deep collections may nest, and how many tags and anchors
	// may stand before one value.
	maxNesting = 2 * document.MaxDepth
	// maxMembers is how many members one block mapping may have, and how many
	// documents the text: the parser takes a time that grows with their square. A
	// template has at most 500 resources.
	maxMembers = 1024
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
	y := yamlReader{lines: bytes.Split(text, []byte("\n"))}
	if f := y.parse(text); f != nil {
		r.file.Findings = append(r.file.Findings, *f)
		return
	}
	for _, body := range y.bodies {
		w := yamlWriter{lines: y.lines, anchors: map[string]ast.Node{}}
		if f := w.document(body); f != nil {
			r.file.Findings = append(r.file.Findings, *f)
			continue
		}
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

// yamlReader parses a YAML text.
type yamlReader struct {
	lines  [][]byte
	bodies []ast.Node
}

// at is a violation at a token; at the start of the text without one.
func (y *yamlReader) at(t *token.Token, rule, message string) *finding.Finding {
	line, column := 1, 1
	if t != nil && t.Position != nil {
		line, column = clamp(y.lines, t.Position.Line, t.Position.Column)
	}
	return &finding.Finding{Rule: rule, Message: message, Line: line, Column: column}
}

// parse parses the text. The parser is recursive, so what is too much for it
// is refused before; if it panics, the text counts as broken.
func (y *yamlReader) parse(text []byte) (f *finding.Finding) {
	if len(text) > MaxYAML {
		return y.at(nil, RuleYAMLLimit, fmt.Sprintf("the YAML text has %d bytes, at most %d are read", len(text), MaxYAML))
	}
	if !utf8.Valid(text) {
		valid := len(text) - len(bytes.TrimLeftFunc(text, func(c rune) bool { return c != utf8.RuneError }))
		line, column := positionAfter(string(text[:valid]))
		return &finding.Finding{Rule: RuleYAML, Message: "the text is not UTF-8, expected YAML in UTF-8", Hint: "save the file as UTF-8", Line: line, Column: column}
	}
	defer func() {
		if recover() != nil {
			f = y.at(nil, RuleYAML, "the text is not YAML that can be read")
		}
	}()
	tokens := tokenize(strings.TrimPrefix(string(text), "\ufeff"))
	if t, message := tooMuch(tokens); t != nil {
		return y.at(t, RuleYAMLLimit, message)
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return y.at(syntax.GetToken(), RuleYAML, "the text is not YAML: "+syntax.GetMessage())
		}
		return y.at(nil, RuleYAML, "the text is not YAML: "+err.Error())
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			y.bodies = append(y.bodies, doc.Body)
		}
	}
	return nil
}

// tokenize splits a text into tokens. In flow collections the lexer takes a colon
// inside a plain text for the end of a name, as in {aws:SourceAccount: 1} or
// {AWS: !Ref AWS::AccountId}, where YAML asks for a space after it
// (https://yaml.org/spec/1.2.2/#733-plain-style). So it does not get to see these
// colons.
func tokenize(text string) token.Tokens {
	hidden := hiddenColon(text)
	if hidden == "" {
		return lexer.Tokenize(text)
	}
	var b strings.Builder
	for i := range len(text) {
		inside := text[i] == ':' && i > 0 && i+1 < len(text) && !strings.ContainsRune("\"'", rune(text[i-1])) &&
			!strings.ContainsRune(" \t\r\n,[]{}", rune(text[i+1]))
		if inside {
			b.WriteString(hidden)
		} else {
			b.WriteByte(text[i])
		}
	}
	tokens := lexer.Tokenize(b.String())
	for _, t := range tokens {
		t.Value, t.Origin = strings.ReplaceAll(t.Value, hidden, ":"), strings.ReplaceAll(t.Origin, hidden, ":")
	}
	return tokens
}

// hiddenColon is a character that is not in a text, one column wide as a colon is;
// empty if there is no such character.
func hiddenColon(text string) string {
	for r := '\ue000'; r < '\ue010'; r++ { // for private use
		if !strings.ContainsRune(text, r) {
			return string(r)
		}
	}
	return ""
}

// block is a block collection that is open: its column and its names so far.
type block struct{ column, names int }

// tooMuch returns the token at which collections nest too deep, or a mapping has
// too many members for the parser, and the message that says so; nil if none does.
func tooMuch(tokens token.Tokens) (at *token.Token, message string) {
	flow, prefixes, documents := 0, 0, 0
	var blocks []block
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.DocumentHeaderType:
			documents, blocks = documents+1, nil
		}
		if column := columnOf(t); column > 0 && flow <= 0 {
			blocks = enter(blocks, column)
			if t.Type == token.MappingValueType {
				blocks[len(blocks)-1].names++
			}
			if blocks[len(blocks)-1].names > maxMembers {
				return t, fmt.Sprintf("the mapping has more than %d members", maxMembers)
			}
		}
		switch t.Type {
		case token.TagType, token.AnchorType, token.MappingKeyType:
			prefixes++
		case token.MappingValueType, token.SequenceEntryType:
			prefixes = 0
		}
		switch {
		case max(flow, 0)+len(blocks) > maxNesting || prefixes > maxNesting:
			return t, fmt.Sprintf("the YAML text nests deeper than %d", maxNesting)
		case documents > maxMembers:
			return t, fmt.Sprintf("the YAML text has more than %d documents", maxMembers)
		}
	}
	return nil, ""
}

// columnOf is the column of the block collection that a token is an entry of; 0
// for other tokens.
func columnOf(t *token.Token) int {
	switch t.Type {
	case token.SequenceEntryType, token.MappingKeyType:
		return t.Position.Column
	case token.MappingValueType:
		if t.Prev != nil && t.Prev.Position != nil && t.Prev.Position.Line == t.Position.Line {
			return t.Prev.Position.Column
		}
		return t.Position.Column
	default:
		return 0
	}
}

// enter closes the blocks that end before an entry at a column, and opens its own.
func enter(blocks []block, column int) []block {
	for len(blocks) > 0 && blocks[len(blocks)-1].column > column {
		blocks = blocks[:len(blocks)-1]
	}
	if len(blocks) == 0 || blocks[len(blocks)-1].column < column {
		blocks = append(blocks, block{column: column})
	}
	return blocks
}

// clamp is a place of the text that is nearest to a line and a column.
func clamp(lines [][]byte, line, column int) (int, int) {
	line = min(max(line, 1), len(lines))
	return line, min(max(column, 1), utf8.RuneCount(bytes.TrimSuffix(lines[line-1], []byte("\r")))+1)
}

// longTag is the long form of a short tag of CloudFormation: !Sub is Fn::Sub.
func longTag(tag string) string {
	name := strings.TrimPrefix(tag, "!")
	if name == "Ref" || name == "Condition" {
		return name
	}
	return "Fn::" + name
}
