package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"sespolicy/shared/finding"

	"github.com/go-json-experiment/json/jsontext"
)

// The rules that a text can break before it is interpreted.
const (
	// RuleSyntax: the text is not one JSON value in valid UTF-8 (RFC 8259).
	RuleSyntax = "json-syntax"
	// RuleDepth: arrays and objects nest deeper than [MaxDepth].
	RuleDepth = "json-depth"
	// RuleSize: the text is longer than [MaxText].
	RuleSize = "json-size"
	// RuleDuplicate: an object has two members of one name. The names must be
	// unique (RFC 7493, section 2.3), in the IAM grammar too ("must not contain
	// multiple instances of the same key"). JSON readers differ in which of the
	// two they take, so one text would be two documents.
	RuleDuplicate = "duplicate-member"
)

// Read reads one JSON text. It returns a nil Document and exactly one finding if
// the text is not JSON or nests too deep; otherwise the document, and one finding
// for each duplicate member.
//
// The document refers to text, which must not be altered afterwards.
func Read(text []byte) (*Document, []finding.Finding) { return read(&Document{bytes: text}) }

// ReadString is [Read] for a string.
func ReadString(text string) (*Document, []finding.Finding) {
	return read(&Document{bytes: []byte(text), text: text})
}

// Read is [Read] for the text of a string that stands in a document: the paths
// of its findings start with pointer, their lines and columns count within the
// text.
func (n Node) Read(pointer string) (*Document, []finding.Finding) {
	text := n.Text()
	return read(&Document{bytes: []byte(text), text: text, base: pointer, depth: n.doc.depth + 1})
}

func read(d *Document) (*Document, []finding.Finding) {
	if len(d.bytes) > MaxText {
		return nil, []finding.Finding{{Path: d.base, Rule: RuleSize, Line: 1, Column: 1, Depth: d.depth,
			Message: fmt.Sprintf("the text has %d bytes, at most %d are read", len(d.bytes), MaxText)}}
	}
	if d.text == "" {
		d.text = string(d.bytes)
	}
	r := reader{
		doc:     d,
		decoder: jsontext.NewDecoder(bytes.NewBuffer(d.bytes), jsontext.AllowDuplicateNames(true)),
		open:    -1,
	}
	// Policies and messages have about one value in 16 bytes.
	d.values = make([]value, 0, min(len(d.text)/16+4, 4096))
	if f := r.read(); f != nil {
		return nil, []finding.Finding{*f}
	}
	return d, r.duplicateFindings()
}

// reader turns the tokens of one text into values.
type reader struct {
	doc        *Document
	decoder    *jsontext.Decoder
	open       int32   // the innermost container that is not closed yet; -1 outside all
	depth      int     // how many are open
	duplicates []int32 // members whose object already had one of that name
}

// read fills the document's values. It returns what made the text unreadable.
func (r *reader) read() *finding.Finding {
	for {
		done, err := r.step()
		if err != nil {
			return err
		}
		if done {
			break
		}
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return r.unreadable(err)
	}
	return nil
}

// step reads one value, or the end of a container. It is done when the root is complete.
func (r *reader) step() (done bool, f *finding.Finding) {
	var v value
	kind := r.decoder.PeekKind()
	if kind == jsontext.KindString && r.open >= 0 && r.doc.values[r.open].kind == jsontext.KindBeginObject {
		name, err := r.decoder.ReadValue()
		if err != nil {
			return false, r.unreadable(err)
		}
		v.nameEnd = int32(r.decoder.InputOffset())
		v.nameStart = v.nameEnd - int32(len(name))
		v.nameEscaped = bytes.IndexByte(name, '\\') >= 0
		kind = r.decoder.PeekKind()
	}
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		if r.depth == MaxDepth {
			return false, r.tooDeep()
		}
		if _, err := r.decoder.ReadToken(); err != nil {
			return false, r.unreadable(err)
		}
		v.end = int32(r.decoder.InputOffset())
		v.start = v.end - 1
		v.kind = kind
		r.open = r.add(v)
		r.depth++
		return false, nil
	case jsontext.KindEndObject, jsontext.KindEndArray:
		if _, err := r.decoder.ReadToken(); err != nil {
			return false, r.unreadable(err)
		}
		r.close()
		return r.open < 0, nil
	default:
		raw, err := r.decoder.ReadValue()
		if err != nil {
			return false, r.unreadable(err)
		}
		v.end = int32(r.decoder.InputOffset())
		v.start = v.end - int32(len(raw))
		v.kind = kind
		v.escaped = kind == jsontext.KindString && bytes.IndexByte(raw, '\\') >= 0
		r.add(v)
		return r.open < 0, nil
	}
}

// add appends v to the open container. Until a container is closed, its next
// counts what it holds.
func (r *reader) add(v value) int32 {
	i := int32(len(r.doc.values))
	v.parent = r.open
	if r.open >= 0 {
		open := &r.doc.values[r.open]
		v.index = open.next
		open.next++
	}
	if v.kind != jsontext.KindBeginObject && v.kind != jsontext.KindBeginArray {
		v.next = i + 1
	}
	if int(i) == cap(r.doc.values) {
		r.grow()
	}
	r.doc.values = append(r.doc.values, v)
	return i
}

// grow makes room for all values that the rest of the text can have, so that a
// text of many values is copied once: a value takes up to 40 bytes here and may
// take two in the text. Every value but the one being added and its first child
// follows one of the separators counted.
func (r *reader) grow() {
	rest, count := r.doc.text[r.decoder.InputOffset():], 2
	for quoted, i := false, 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ',' || c == '[' || c == '{'):
			count++
		}
	}
	r.doc.values = append(make([]value, 0, len(r.doc.values)+count), r.doc.values...)
}

// close ends the open container.
func (r *reader) close() {
	closed := r.open
	v := &r.doc.values[closed]
	count := int(v.next)
	v.next = int32(len(r.doc.values))
	v.end = int32(r.decoder.InputOffset())
	if v.kind == jsontext.KindBeginObject && count > 1 {
		r.findDuplicates(closed, count)
	}
	r.open = v.parent
	r.depth--
}

func (r *reader) tooDeep() *finding.Finding {
	at := int(r.decoder.InputOffset())
	at += len(r.doc.text[at:]) - len(strings.TrimLeft(r.doc.text[at:], " \t\r\n,:"))
	f := r.doc.finding(r.doc.base+string(r.decoder.StackPointer()), at, RuleDepth,
		fmt.Sprintf("arrays and objects nest deeper than %d", MaxDepth))
	return &f
}

// unreadable says where and why the text stops being JSON.
func (r *reader) unreadable(err error) *finding.Finding {
	var syntax *jsontext.SyntacticError
	at, pointer, why := len(r.doc.text), "", "it ends too early"
	switch {
	case err == nil: // a token where the text should have ended
		at, why = int(r.decoder.InputOffset())-1, "something follows the JSON value"
	case errors.Is(err, io.EOF):
		why = "it is empty"
	case errors.As(err, &syntax):
		at, pointer = int(syntax.ByteOffset), string(syntax.JSONPointer)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			why = syntax.Err.Error()
		}
	}
	f := r.doc.finding(r.doc.base+pointer, at, RuleSyntax, "the text is not JSON: "+why)
	f.Hint = syntaxHint(r.doc.text, at)
	return &f
}
