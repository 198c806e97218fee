package requestfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sespolicy/shared/identity"
	"sespolicy/shared/requestfile"
)

// bomb is a YAML text whose aliases stand for ten to the power of levels values.
func bomb(levels int, merge bool) string {
	text := "a0: &a0 {x: 1}\n"
	for i := range levels {
		reference := fmt.Sprintf("*a%d", i)
		all := strings.TrimSuffix(strings.Repeat(reference+", ", 10), ", ")
		if merge {
			text += fmt.Sprintf("a%d: &a%d {<<: [%s]}\n", i+1, i+1, all)
		} else {
			text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, all)
		}
	}
	return text
}

// Hostile texts end in findings, within a time that leaves room for a busy machine.
func TestHostileTexts(t *testing.T) {
	for reason, test := range map[string]struct{ name, text, rule string }{
		"aliases of aliases":       {"x.yaml", bomb(9, false), requestfile.RuleYAMLLimit},
		"merge keys of merge keys": {"x.yaml", bomb(9, true), requestfile.RuleYAMLLimit},
		"too long":                 {"x.yaml", strings.Repeat("#", requestfile.MaxYAML+1), requestfile.RuleYAMLLimit},
		"flow collections":         {"x.yaml", strings.Repeat("[", 100_000), requestfile.RuleYAMLLimit},
		"flow mappings":            {"x.yaml", strings.Repeat("{a: ", 40_000), requestfile.RuleYAMLLimit},
		"block sequences":          {"x.yaml", strings.Repeat("- ", 40_000), requestfile.RuleYAMLLimit},
		"complex names":            {"x.yaml", strings.Repeat("? ", 40_000), requestfile.RuleYAMLLimit},
		"tags":                     {"x.yaml", strings.Repeat("!a ", 40_000) + "x", requestfile.RuleYAML},
		"anchors":                  {"x.yaml", strings.Repeat("&a ", 40_000) + "x", requestfile.RuleYAML},
		"JSON":                     {"x.json", strings.Repeat("[", 1_000_000), "json-depth"},
	} {
		begin := time.Now()
		got := found(t, test.name, test.text, identity.Owner{})
		if len(got) != 1 || !strings.Contains(got[0], " "+test.rule+" ") {
			t.Errorf("%s: got %.300q, want %s", reason, got, test.rule)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s: took %v", reason, took)
		}
	}
}

// What is not hostile, but large, is read.
func TestLargeTexts(t *testing.T) {
	for reason, test := range map[string]struct {
		text string
		want int
	}{
		"members of a mapping":   {strings.Repeat("a: 1\n", 40_000), 257},
		"members without values": {strings.Repeat("a:\n", 60_000), 257},
		"documents":              {strings.Repeat("--- a\n", 30_000), 30_000},
	} {
		begin := time.Now()
		if got := found(t, "x.yaml", test.text, owner); len(got) != test.want {
			t.Errorf("%s: got %d findings, want %d", reason, len(got), test.want)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s: took %v", reason, took)
		}
	}
	var template strings.Builder
	template.WriteString("Resources:\n")
	for i := range 500 {
		fmt.Fprintf(&template, "  M%d:\n    Type: Custom::SESIdentityPolicy\n    Properties: {Identity: example.com, PolicyName: p%d, Policy: {Statement: []}}\n", i, i)
	}
	begin := time.Now()
	if got := found(t, "x.yaml", template.String(), owner); len(got) != 500 {
		t.Errorf("got %d findings, want 500", len(got))
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("500 resources took %v", took)
	}
}

// inside fails unless the findings are at places of the text.
func inside(t *testing.T, text string, findings []string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, f := range findings {
		var line, column int
		if _, err := fmt.Sscanf(f, "%d:%d ", &line, &column); err != nil {
			t.Fatal(err)
		}
		if line < 1 || line > len(lines) || column < 1 || column > utf8.RuneCountInString(lines[line-1])+1 {
			t.Errorf("%s is not in the text", f)
		}
	}
}

// Reading never panics, and what is found is in the file.
func FuzzRead(f *testing.F) {
	names := []string{"x.json", "x.yaml", "x.ndjson", "stdin"}
	for i, text := range []string{
		request("p", badPolicy), "Identity: example.com\nPolicy: |\n  " + badPolicy, request("p", good) + "\n{", "a: &a [*a, !Sub x]",
		resources(named + sending("Effect", "!Ref X", "Resource", "!Sub '${AWS::AccountId}'")), bomb(3, true), "\ufeff? - a\n: {b: c}\n",
		`{"Policies":{"p":` + quoted(badPolicy) + `}}`, `{"planned_values":{"root_module":{"resources":[{"type":"aws_ses_identity_policy","values":{"policy":"{}"}}]}}}`,
		`{"Records":[{"eventSource":"aws:sqs","body":"{\"\\u00e9\":1}"}]}`, "a: >+\n\n  x\n\n y\r\n--- |-\n z\n...\n", "%TAG ! tag:x\n--- !x\na: \"\\u00e9\\\n  b\"",
	} {
		f.Add(i, text)
	}
	f.Fuzz(func(t *testing.T, i int, text string) {
		name := names[uint(i)%uint(len(names))]
		if !utf8.ValidString(text) { // columns count characters
			requestfile.Read(name, []byte(text), owner)
			return
		}
		inside(t, text, found(t, name, text, owner))
	})
}

// The public reports are read as what they are.
func TestReports(t *testing.T) {
	const folder = "../../../shared/reports/"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the reports are not here")
	}
	for name, want := range map[string]string{
		"02-lambda-destination.json":           "unknown-envelope ",
		"03a-extended-client-pointer.json":     "unknown-envelope ",
		"06-double-encoded-body.json":          "not-an-object ",
		"09a-tasktoken-camel.json":             "unknown-member /taskToken",
		"10-sesv2-names.json":                  "unknown-member /EmailIdentity",
		"11-get-identity-policies-output.json": "",
		"46-idn.json":                          "identity /Identity",
		"62-smart-quotes.json":                 "json-syntax ",
		"64-cloudevents.json":                  "unknown-envelope ",
		"66-cfn-nonce-property.json":           "",
		"70-terraform-plan.json":               "missing-element /planned_values/root_module/resources/0/values/policy",
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
			continue
		}
		got := found(t, name, string(text), identity.Owner{})
		inside(t, string(text), got)
		if want == "" && len(got) > 0 && !strings.Contains(got[0], "ALLOWED_POLICY_NAMES") || want != "" && (len(got) == 0 || !strings.HasSuffix(got[0], " "+want)) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
