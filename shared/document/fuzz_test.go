package document_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
)

// FuzzRead: a text is read or has exactly one finding, never both and never
// neither; what is read is JSON to others as well, holds together, and is the
// same after it is minified; every place is in the text.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[1,2.5e3,"x\u00e9\ud83d\ude00"]`, `{"a":{"a":1,"a":[null,true]},"\u0061":2}`, "\ufeff{}", `{"a":`, "[\n1\n]\n", `{'a':1}`, `[[[[]]]]`, "\"\xff\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		doc, findings := document.Read(text)
		if !bytes.Equal(before, text) {
			t.Fatal("reading altered the text")
		}
		for _, f := range findings {
			if f.Line < 1 || f.Column < 1 || f.Rule == "" || !utf8.ValidString(f.Message) || f.Path != "" && f.Path[0] != '/' {
				t.Fatalf("a finding without its place: %+v", f)
			}
		}
		if doc == nil {
			if len(findings) != 1 {
				t.Fatalf("no document and %d findings", len(findings))
			}
			return
		}
		if !json.Valid(text) {
			t.Fatal("read what is not JSON")
		}
		if unique := jsontext.Value(text).IsValid(); unique != (len(findings) == 0) {
			t.Fatalf("members are unique: %v, findings: %v", unique, findings)
		}
		walk(t, doc, doc.Root())
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil || !bytes.Equal(compact.Bytes(), doc.Root().Minified()) {
			t.Fatalf("minified: %s, another minifier: %s, %v", doc.Root().Minified(), compact.Bytes(), err)
		}
	})
}

// walk checks that all that a value holds stands inside of it, one after the other.
func walk(t *testing.T, doc *document.Document, n document.Node) {
	t.Helper()
	start, end := n.Span()
	line, column := doc.Position(start)
	if document.Offset(string(doc.Text()), line, column) != start {
		t.Fatalf("%d is %d:%d, which is %d", start, line, column, document.Offset(string(doc.Text()), line, column))
	}
	if !jsontext.Pointer(n.Pointer()).IsValid() {
		t.Fatalf("the pointer %q", n.Pointer())
	}
	if n.IsString() && n.Outer(len(n.Text())) != end-1 {
		t.Fatalf("the string %s ends at %d, not at %d", n.Raw(), n.Outer(len(n.Text())), end-1)
	}
	count, last := 0, start
	step := func(c document.Node) {
		from, to := c.Span()
		if from <= last || to >= end {
			t.Fatalf("%s stands outside of %s", c.Raw(), n.Raw())
		}
		last = to - 1
		count++
		walk(t, doc, c)
	}
	for e := range n.Elements() {
		step(e)
	}
	for _, m := range n.Members() {
		step(m)
	}
	if count != n.Len() {
		t.Fatalf("%d values in %s, Len says %d", count, n.Raw(), n.Len())
	}
}
