package guardrail_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// TestCorpus runs the guardrails as they are by default over the policies of
// the collection beside the project that SES takes: they refuse nothing but the
// public.
func TestCorpus(t *testing.T) {
	var files []string
	for _, folder := range []string{"must-accept", "must-not-reject"} {
		list, _ := filepath.Glob("../../../shared/corpus/" + folder + "/*.json")
		files = append(files, list...)
	}
	if len(files) == 0 {
		t.Skip("no corpus beside the project")
	}
	defaults, off := guard(t, guardrail.Config{RequireMatchingResource: true}), guard(t, guardrail.Config{AllowPublicPrincipal: true})
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
			t.Fatalf("%s: %v", file, err)
		}
		doc, _ := document.Read(c.Policy)
		p, _ := policy.Check(doc.Root(), id)
		for _, f := range defaults.Check(id, c.PolicyName, p) {
			t.Logf("%s: %s at %s", filepath.Base(file), f.Rule, f.Path)
			if f.Rule != guardrail.AllowPublicPrincipal {
				t.Errorf("%s: refused by %s at %s", file, f.Rule, f.Path)
			}
		}
		if found := off.Check(id, c.PolicyName, p); found != nil {
			t.Errorf("%s: refused with the guardrails off: %v", file, found)
		}
	}
}
