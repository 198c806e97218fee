package document_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// place is what tests compare of a finding: never its sentence.
func place(f finding.Finding) string {
	return fmt.Sprintf("%s %s %d:%d", f.Rule, f.Path, f.Line, f.Column)
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat("[", document.MaxDepth+1)
	for name, test := range map[string]struct{ text, want string }{
		"an empty text":                     {"", "json-syntax  1:1"},
		"white space only":                  {"  \n ", "json-syntax  2:2"},
		"a text that ends too early":        {`{"a":[1`, "json-syntax /a 1:8"},
		"single quotes":                     {`{'a':1}`, "json-syntax  1:2"},
		"a comma too many":                  {"[1,\n]", "json-syntax  1:3"},
		"a comma missing":                   {`{"a":1 "b":2}`, "json-syntax  1:8"},
		"two values":                        {`{} {}`, "json-syntax  1:4"},
		"a token after the value":           {`{}]`, "json-syntax  1:3"},
		"a byte order mark":                 {"\ufeff{}", "json-syntax  1:1"},
		"bytes that are not UTF-8":          {"{\"a\":\"\xff\"}", "json-syntax /a 1:7"},
		"half a surrogate pair":             {`{"é":"\ud800"}`, "json-syntax /é 1:7"},
		"a control character in a string":   {"[\"a\x01\"]", "json-syntax /0 1:4"},
		"a name that is no string":          {`{1:2}`, "json-syntax  1:2"},
		"a comment":                         {`{} // why`, "json-syntax  1:4"},
		"arrays one level too deep":         {deep, fmt.Sprintf("json-depth %s 1:65", strings.Repeat("/0", 63))},
		"objects one level too deep":        {strings.Repeat(`{"a":`, 65), fmt.Sprintf("json-depth %s 1:321", strings.Repeat("/a", 64))},
		"a megabyte of nesting":             {strings.Repeat("[", 1<<20), fmt.Sprintf("json-depth %s 1:65", strings.Repeat("/0", 63))},
		"a number with a leading zero":      {`[01]`, "json-syntax  1:3"},
		"a literal of Python":               {`{"a":None}`, "json-syntax /a 1:6"},
		"a pointer with escapes in its way": {`{"a/b~":[nul]}`, "json-syntax /a~1b~0/0 1:13"},
	} {
		doc, findings := document.Read([]byte(test.text))
		if doc != nil || len(findings) != 1 {
			t.Errorf("%s: got document %v and findings %v", name, doc, findings)
			continue
		}
		if got := place(findings[0]); got != test.want {
			t.Errorf("%s: got %q, want %q (%s)", name, got, test.want, findings[0].Message)
		}
	}
}

func TestReadTakesWhatIsJSON(t *testing.T) {
	for _, text := range []string{
		`null`, ` true `, `0`, `-1.5e+300`, `"\ud83d\ude00"`, `{}`, `[]`, `{"":{"":[]}}`,
		strings.Repeat("[", document.MaxDepth) + strings.Repeat("]", document.MaxDepth),
	} {
		doc, findings := document.Read([]byte(text))
		if doc == nil || findings != nil {
			t.Errorf("%s: got document %v and findings %v", text, doc, findings)
		}
	}
}

func TestDuplicateMembers(t *testing.T) {
	var wide strings.Builder
	for i := range 100 {
		fmt.Fprintf(&wide, `"m%d":0,`, i)
	}
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"the second of two":               {`{"a":1,"a":2}`, []string{"duplicate-member /a 1:8"}},
		"the same name written otherwise": {`{"a":1,"\u0061":2}`, []string{"duplicate-member /a 1:8"}},
		"another case is another name":    {`{"a":1,"A":2}`, nil},
		"every one after the first":       {`{"a":1,"a":2,"a":3}`, []string{"duplicate-member /a 1:8", "duplicate-member /a 1:14"}},
		"document order, inner and outer": {`{"a":1,"a":{"b":1,"b":1},"a":1}`, []string{"duplicate-member /a 1:8", "duplicate-member /a/b 1:19", "duplicate-member /a 1:26"}},
		"different objects may share":     {`[{"a":1},{"a":1}]`, nil},
		"one of a hundred":                {`{` + wide.String() + `"m42":1}`, []string{"duplicate-member /m42 1:792"}},
	} {
		doc, findings := document.Read([]byte(test.text))
		if doc == nil {
			t.Errorf("%s: no document", name)
		}
		var got []string
		for _, f := range findings {
			got = append(got, place(f))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestNode(t *testing.T) {
	const text = `{"a": [1, "x\n", {"b/~": null}], "ü": true, "\u0063": -0.50}`
	doc, _ := document.Read([]byte(text))
	root := doc.Root()
	if !root.IsObject() || root.Len() != 3 || root.Pointer() != "" {
		t.Fatalf("root: %v, %d members, pointer %q", root.Kind(), root.Len(), root.Pointer())
	}
	list, ok := root.Member("a")
	if !ok || !list.IsArray() || list.Len() != 3 {
		t.Fatalf("a: %v %v", ok, list.Kind())
	}
	var elements []string
	for e := range list.Elements() {
		elements = append(elements, e.Pointer()+"="+e.Text())
	}
	if want := []string{"/a/0=1", "/a/1=x\n", `/a/2={"b/~": null}`}; !slices.Equal(elements, want) {
		t.Errorf("elements %q, want %q", elements, want)
	}
	var names []string
	for name, m := range root.Members() {
		names = append(names, name+"="+string(m.Raw()))
	}
	if want := []string{`a=[1, "x\n", {"b/~": null}]`, "ü=true", "c=-0.50"}; !slices.Equal(names, want) {
		t.Errorf("members %q, want %q", names, want)
	}
	if _, ok := root.Member("A"); ok {
		t.Error("a member was found by a name in another case")
	}
	for e := range list.Elements() {
		for _, m := range e.Members() {
			if got := place(m.NameFinding("rule", "")); got != "rule /a/2/b~1~0 1:19" {
				t.Errorf("name finding at %q", got)
			}
			if got := place(m.Finding("rule", "")); got != "rule /a/2/b~1~0 1:26" {
				t.Errorf("finding at %q", got)
			}
		}
	}
	var none document.Node
	if none.Exists() || none.Kind() != jsontext.KindInvalid || none.Len() != 0 {
		t.Error("the zero Node is something")
	}
}

func TestATextInAStringStartsItsPathsWithTheOuterPlace(t *testing.T) {
	outer, _ := document.Read([]byte(`{"a":"{","Policy":"\n{\"Statement\":[7]}"}`))
	_, findings := outer.Root().Get("a").Read("/Policy")
	if got := place(findings[0]); got != "json-syntax /Policy 1:2" || findings[0].Depth != 1 {
		t.Errorf("got %q in text %d", got, findings[0].Depth)
	}
	doc, _ := outer.Root().Get("Policy").Read("/Policy")
	list, _ := doc.Root().Member("Statement")
	for e := range list.Elements() {
		if got := place(e.Finding("rule", "")); got != "rule /Policy/Statement/0 2:15" {
			t.Errorf("got %q", got)
		}
	}
}

func TestPositionCountsCodePoints(t *testing.T) {
	long := strings.Repeat("é", 1000)
	doc, _ := document.Read([]byte("[\r\n\"" + long + "\",\t7,\n\n 8]"))
	var got []string
	for e := range doc.Root().Elements() {
		f := e.Finding("", "")
		got = append(got, fmt.Sprintf("%d:%d", f.Line, f.Column))
	}
	if want := []string{"2:1", "2:1005", "4:2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFindingAsJSON(t *testing.T) {
	f := finding.Finding{Path: "/a", Rule: "r", Message: "m", Line: 1, Column: 2, Level: finding.Warning, Depth: 1}
	if got, _ := json.Marshal(f); string(got) != `{"path":"/a","rule":"r","message":"m","line":1,"column":2}` {
		t.Errorf("got %s", got)
	}
	if f.Level != finding.Warning || f.Level.String() != "warning" {
		t.Errorf("level %v", f.Level)
	}
}

func TestMinify(t *testing.T) {
	for text, want := range map[string]string{
		" { \"a b\" : [ 1 ,\t\"\\\" \\\\\" , 1.0E5 ] ,\r\n\"\\u0041\":\"<é>\"} ": `{"a b":[1,"\" \\",1.0E5],"\u0041":"<é>"}`,
		`{"a":1,"a":2}`: `{"a":1,"a":2}`,
		`"\\" `:         `"\\"`,
	} {
		doc, _ := document.Read([]byte(text))
		if got := doc.Root().Minified(); string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestQuoteShortens(t *testing.T) {
	if got := finding.Quote("a\n"); got != `"a\n"` {
		t.Errorf("got %s", got)
	}
	if got := finding.Quote(strings.Repeat("é", 100_000)); len(got) > 200 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestHintsNameWhatEditorsAndShellsDo(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a byte order mark":                {"\ufeff{}", "byte order mark"},
		"UTF-16, little endian":            {"\xff\xfe{\x00}\x00", "UTF-16"},
		"UTF-16, big endian":               {"\xfe\xff\x00{\x00}", "UTF-16"},
		"UTF-16 without a mark":            {"{\x00\"\x00a\x00", "UTF-16"},
		"single quotes":                    {`{'a': 1}`, "double quotes"},
		"an escaped apostrophe":            {`{"a": "it\'s"}`, "apostrophe"},
		"an escaped apostrophe as a quote": {`{\'a\': 1}`, "apostrophe"},
		"typographic quotes":               {"{\u201ca\u201d: 1}", "typographic"},
		"a low quote":                      {"{\u201ea\u201c: 1}", "typographic"},
		"a no-break space":                 {"{\u00a0\"a\": 1}", "space"},
		"a zero-width space":               {"{\u200b\"a\": 1}", "space"},
		"a trailing comma":                 {`{"a": 1,}`, ""},
		"nothing at all":                   {"", ""},
		"an end too early":                 {`{"a": `, ""},
	} {
		_, findings := document.Read([]byte(test.text))
		if len(findings) != 1 || findings[0].Rule != document.RuleSyntax {
			t.Fatalf("%s: %+v", name, findings)
		}
		if got := findings[0].Hint; test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got the hint %q, want one about %q", name, got, test.want)
		}
	}
}
