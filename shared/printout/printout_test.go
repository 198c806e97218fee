package printout_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/finding"
	"sespolicy/shared/printout"
)

var files = []printout.File{
	{Name: "clean.json"},
	{Name: "a b/p.json", Lines: []string{"  \"é\":\t\x1b[31m1", strings.Repeat("x", 300) + "HERE" + strings.Repeat("y", 300)}, Findings: []finding.Finding{
		{Path: "/é", Rule: "wrong-type", Message: "it is a \x1b number", Line: 2, Column: 8, Suggestion: "x", Code: "InvalidPolicy"},
		{Path: "/Policy/Statement/2/Action", Rule: "unknown-action", Hint: "do", Message: "<b>", Line: 3, Column: 301, Level: finding.Warning},
	}},
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	if err := printout.Write(&out, "text", files); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	want := []string{
		`a b/p.json:2:8: error: it is a \u001b number [wrong-type]`,
		"    at /é",
		`    |   "é": \u001b[31m1`,
		"    |        ^",
		"    hint: write: x",
		"a b/p.json:3:301: warning: <b> [unknown-action]",
		"    at /Policy/Statement/2/Action",
		"    | …" + strings.Repeat("x", 50) + "HERE" + strings.Repeat("y", 46) + "…",
		"    | " + strings.Repeat(" ", 51) + "^",
		"    hint: do",
		"",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJSON(t *testing.T) {
	for _, test := range []struct {
		files []printout.File
		want  []map[string]any
	}{
		{nil, []map[string]any{}},
		{files, []map[string]any{
			{"file": "a b/p.json", "level": "error", "code": "InvalidPolicy", "path": "/é", "rule": "wrong-type", "hint": "write: x", "message": "it is a \x1b number", "suggestion": "x", "line": 2.0, "column": 8.0},
			{"file": "a b/p.json", "level": "warning", "code": "", "path": "/Policy/Statement/2/Action", "statement": 2.0, "rule": "unknown-action", "hint": "do", "message": "<b>", "line": 3.0, "column": 301.0},
		}},
	} {
		var out bytes.Buffer
		if err := printout.Write(&out, "json", test.files); err != nil {
			t.Fatal(err)
		}
		var got []map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := printout.Write(&bytes.Buffer{}, "xml", nil); err == nil {
		t.Error("xml was written")
	}
}
