package printout_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sespolicy/shared/printout"
)

func written(t *testing.T, files []printout.File) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := printout.Write(&out, "sarif", files); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What code scanning asks of a log: the version, the tool with its version and
// rules, and for each result a rule of those, a level, a message and a place.
func TestSARIF(t *testing.T) {
	var log sarif.Report
	if err := json.Unmarshal(written(t, files), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	driver := run.Tool.Driver
	if log.Version != "2.1.0" || *driver.Name != "sespolicy" || *driver.Version != printout.Version() || *run.ColumnKind != "unicodeCodePoints" || len(run.Results) != 2 {
		t.Fatalf("got %+v", run)
	}
	for i, want := range []struct {
		rule, level, text, path string
		line, column            int
	}{
		{"wrong-type", "error", "it is a \x1b number\nwrite: x", "/é", 2, 8},
		{"unknown-action", "warning", "<b>\ndo", "/Policy/Statement/2/Action", 3, 301},
	} {
		r := run.Results[i]
		rule, at := driver.Rules[r.RuleIndex], r.Locations[0]
		if *r.RuleID != want.rule || *rule.ID != want.rule || r.Level != want.level || *r.Message.Text != want.text ||
			*at.PhysicalLocation.ArtifactLocation.URI != "a%20b/p.json" || *at.LogicalLocations[0].FullyQualifiedName != want.path ||
			*at.PhysicalLocation.Region.StartLine != want.line || *at.PhysicalLocation.Region.StartColumn != want.column {
			t.Errorf("result %d: got rule %s, level %s, %q, want %+v", i, *rule.ID, r.Level, *r.Message.Text, want)
		}
		if !strings.HasPrefix(*rule.HelpURI, "https://") || *rule.Help.Text == "" || *rule.ShortDescription.Text == "" {
			t.Errorf("rule %s has no help", *rule.ID)
		}
	}
}

func TestSARIFIsValid(t *testing.T) {
	schema, err := os.Open("../../../shared/schemas/sarif-2.1.0.json")
	if err != nil {
		t.Skip("the schema is not here")
	}
	defer schema.Close() //nolint:errcheck // only read
	text, err := jsonschema.UnmarshalJSON(schema)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("sarif.json", text); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	for reason, all := range map[string][]printout.File{"findings": files, "no files": nil, "hostile text": hostile} {
		log, err := jsonschema.UnmarshalJSON(bytes.NewReader(written(t, all)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(log); err != nil {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// Every rule of the checks has a help text of its own.
func TestEveryRuleHasHelp(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^(?:const)?\s*Rule\w+\s*= "([a-z-]+)"`)
	for _, file := range []string{"policy/rules.go", "document/read.go", "message/request.go", "finding/list.go", "requestfile/yaml.go"} {
		text, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := constant.FindAllSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s has no rules", file)
		}
		for _, rule := range found {
			if !printout.HasHelp(string(rule[1])) {
				t.Errorf("the rule %s of %s has no help", rule[1], file)
			}
		}
	}
}
