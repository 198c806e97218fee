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
		{Path: "/é", Rule: "wrong-type", Message: "it is a \x1b number", Line: 2, Column: 8, Suggestion: "x"},
		{Path: "", Rule: "unknown-action", Message: "<b>", Line: 3, Column: 301, Level: finding.Warning},
	}},
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	if err := printout.Write(&out, "text", files); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	want := []string{
		"a b/p.json:2:8: violation: it is a � number [wrong-type]",
		"    at /é",
		"    |   \"é\": �[31m1",
		"    |        ^",
		"    write: x",
		"a b/p.json:3:301: warning: <b> [unknown-action]",
		"    | …" + strings.Repeat("x", 50) + "HERE" + strings.Repeat("y", 46) + "…",
		"    | " + strings.Repeat(" ", 51) + "^",
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
			{"file": "a b/p.json", "level": "violation", "path": "/é", "rule": "wrong-type", "message": "it is a \x1b number", "suggestion": "x", "line": 2.0, "column": 8.0},
			{"file": "a b/p.json", "level": "warning", "path": "", "rule": "unknown-action", "message": "<b>", "line": 3.0, "column": 301.0},
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

// What code scanning asks of a log: the version, the tool with its rules, and
// for each result a rule of those, a level, a message and a place.
func TestSARIF(t *testing.T) {
	var out bytes.Buffer
	if err := printout.Write(&out, "sarif", files); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Runs    []struct {
			ColumnKind string
			Tool       struct {
				Driver struct {
					Name  string
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID, Level string
				RuleIndex     int
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || run.Tool.Driver.Name != "sespolicy" || run.ColumnKind != "unicodeCodePoints" || len(run.Results) != 2 {
		t.Fatalf("got %+v", log)
	}
	for i, want := range []struct {
		rule, level  string
		line, column int
	}{{"wrong-type", "error", 2, 8}, {"unknown-action", "warning", 3, 301}} {
		r := run.Results[i]
		at := r.Locations[0].PhysicalLocation
		if r.RuleID != want.rule || run.Tool.Driver.Rules[r.RuleIndex].ID != want.rule || r.Level != want.level || r.Message.Text == "" ||
			at.ArtifactLocation.URI != "a%20b/p.json" || at.Region.StartLine != want.line || at.Region.StartColumn != want.column {
			t.Errorf("got %+v, want %+v", r, want)
		}
	}
}

func TestEmptySARIFHasLists(t *testing.T) {
	var out bytes.Buffer
	if err := printout.Write(&out, "sarif", nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "null") {
		t.Errorf("a list is null in %s", out.Bytes())
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := printout.Write(&bytes.Buffer{}, "xml", nil); err == nil {
		t.Error("xml was written")
	}
}
