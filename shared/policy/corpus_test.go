package policy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// corpus is a collection of policies beside the project, each with the verdict
// it must get. It is not part of the project: without it the test has no input.
const corpus = "../../../shared/corpus"

// TestCorpus judges each document of the collection.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(corpus + "/*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("no corpus beside the project")
	}
	for _, file := range files {
		var c struct {
			Identity, PolicyName string
			Policy               json.RawMessage
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var inner string
		if json.Unmarshal(c.Policy, &inner) == nil {
			c.Policy = json.RawMessage(inner)
		}
		id, err := identity.Parse(c.Identity)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		findings := violations(check(string(c.Policy), id))
		if doc, _ := document.Read(c.Policy); doc != nil {
			if f, tooLarge := policy.CheckSize(doc.Root(), doc.Root().Minified()); tooLarge {
				findings = append(findings, f)
			}
		}
		refused := len(findings) > 0 || !policy.ValidName(c.PolicyName)
		switch folder := filepath.Base(filepath.Dir(file)); {
		case folder == "undecided":
			t.Logf("%s: %q", filepath.Base(file), found(findings))
		case refused != (folder == "must-reject"):
			t.Errorf("%s/%s: found %q", folder, filepath.Base(file), found(findings))
		}
		pointAtPlaces(t, filepath.Base(file), string(c.Policy), findings)
	}
}

// pointAtPlaces checks that each finding's path leads to something in the text.
func pointAtPlaces(t *testing.T, name, text string, findings []finding.Finding) {
	t.Helper()
	doc, _ := document.Read([]byte(text))
	if doc == nil {
		return // there is no place in what is not JSON but a line and a column
	}
	for _, f := range findings {
		at := doc.Root()
		for token := range jsontext.Pointer(f.Path).Tokens() {
			next, ok := at.Member(token)
			if i, err := strconv.Atoi(token); err == nil {
				for e := range at.Elements() {
					if i == 0 {
						next, ok = e, true
					}
					i--
				}
			}
			if !ok {
				t.Errorf("%s: nothing stands at %q", name, f.Path)
				break
			}
			at = next
		}
	}
}
