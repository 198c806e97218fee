package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// example is the identity that the policies of these tests are for.
var example = identity.Identity{Name: "example.com", Partition: "aws", Region: "us-east-1", Account: "123456789012"}

// check reads and checks a policy. One that cannot be read has the findings of
// reading.
func check(text string, id identity.Identity) []finding.Finding {
	doc, findings := document.Read([]byte(text))
	if doc == nil {
		return findings
	}
	_, more := policy.Check(doc.Root(), id)
	return append(findings, more...)
}

// violations are those findings that refuse the policy.
func violations(findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return f.Level != finding.Violation })
}

// found is what tests compare of findings: rule, path, level and suggestion.
func found(findings []finding.Finding) []string {
	var list []string
	for _, f := range findings {
		text := f.Rule + " " + f.Path
		if f.Level == finding.Warning {
			text = "(" + text + ")"
		}
		if f.Suggestion != "" {
			text += " -> " + f.Suggestion
		}
		list = append(list, text)
	}
	return list
}

// statement is a policy with one good statement, in which members of the same
// name are replaced: statement(`"Effect":"Deny"`).
func statement(replace ...string) string {
	members := []string{
		`"Effect":"Allow"`, `"Principal":{"AWS":"123456789012"}`, `"Action":"ses:SendEmail"`,
		`"Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"`,
	}
	for _, r := range replace {
		name, value, _ := strings.Cut(r, ":")
		i := slices.IndexFunc(members, func(m string) bool { return strings.HasPrefix(m, name+":") })
		switch {
		case i < 0:
			members = append(members, r)
		case value == "":
			members = slices.Delete(members, i, i+1)
		default:
			members[i] = r
		}
	}
	return `{"Version":"2012-10-17","Statement":[{` + strings.Join(members, ",") + `}]}`
}

func TestViolations(t *testing.T) {
	const at = "/Statement/0"
	for _, test := range []struct {
		reason, policy string
		want           []string
	}{
		{"a number", `7`, []string{"wrong-type "}},
		{"a list of policies", `[{}]`, []string{"wrong-type "}},
		{"JSON in a string", `"{}"`, []string{"wrong-type "}},
		{"null", `null`, []string{"wrong-type "}},
		{"an empty object", `{}`, []string{"missing-element "}},
		{"no statement in the list", `{"Statement":[]}`, []string{"no-statement /Statement"}},
		{"Statement is null", `{"Statement":null}`, []string{"wrong-type /Statement"}},
		{"Statement is a string", `{"Statement":"Allow"}`, []string{"wrong-type /Statement"}},
		{"a list in the list", `{"Statement":[[]]}`, []string{"wrong-type /Statement/0"}},
		{"Statement in another case", strings.Replace(statement(), `"Statement"`, `"statement"`, 1), []string{"misspelt-element /statement -> Statement"}},
		{"Statement with a letter more", strings.Replace(statement(), `"Statement"`, `"Statements"`, 1), []string{"misspelt-element /Statements -> Statement"}},
		{"Sid is a list", statement(`"Sid":["a"]`), []string{"wrong-type /Statement/0/Sid"}},

		{"no Effect", statement(`"Effect":`), []string{"missing-element /Statement/0"}},
		{"no Principal", statement(`"Principal":`), []string{"missing-element /Statement/0"}},
		{"no Action", statement(`"Action":`), []string{"missing-element /Statement/0"}},
		{"no Resource", statement(`"Resource":`), []string{"missing-element /Statement/0"}},
		{"nothing in the statement", `{"Statement":{}}`, slices.Repeat([]string{"missing-element /Statement"}, 4)},

		{"Effect misspelt", statement(`"Effect":"Alow"`), []string{"effect-value /Statement/0/Effect -> Allow"}},
		{"Effect with a space", statement(`"Effect":"Deny "`), []string{"effect-value /Statement/0/Effect -> Deny"}},
		{"another Effect", statement(`"Effect":"Permit"`), []string{"effect-value /Statement/0/Effect"}},
		{"Effect is a boolean", statement(`"Effect":true`), []string{"wrong-type /Statement/0/Effect"}},
		{"Effect is a list", statement(`"Effect":["Allow"]`), []string{"wrong-type /Statement/0/Effect"}},
		{"an element in lower case", statement(`"Effect":`, `"effect":"Allow"`), []string{"misspelt-element /Statement/0/effect -> Effect"}},
		{"a misspelt element's value counts", statement(`"Effect":`, `"effect":"Allows"`), []string{"misspelt-element /Statement/0/effect -> Effect", "effect-value /Statement/0/effect -> Allow"}},
		{"a Condition that would not count", statement(`"Conditions":{}`), []string{"misspelt-element /Statement/0/Conditions -> Condition"}},
		{"a misspelt element beside the right one", statement(`"Principle":"*"`), []string{"misspelt-element /Statement/0/Principle -> Principal"}},

		{"Principal and NotPrincipal", statement(`"NotPrincipal":{"AWS":"*"}`, `"Effect":"Deny"`), []string{"exclusive-elements /Statement/0/NotPrincipal"}},
		{"Action and NotAction", statement(`"NotAction":"ses:SendEmail"`), []string{"exclusive-elements /Statement/0/NotAction"}},
		{"the later of the two", statement(`"Action":`, `"NotAction":"ses:SendEmail"`, `"Action":"ses:SendEmail"`), []string{"exclusive-elements /Statement/0/Action"}},
		{"Resource and NotResource", statement(`"NotResource":[]`), []string{"exclusive-elements /Statement/0/NotResource"}},

		{"Principal is null", statement(`"Principal":null`), []string{"wrong-type /Statement/0/Principal"}},
		{"Principal is a list", statement(`"Principal":["*"]`), []string{"wrong-type /Statement/0/Principal"}},
		{"Principal is a number", statement(`"Principal":123456789012`), []string{"wrong-type /Statement/0/Principal"}},
		{"Principal is a bare account", statement(`"Principal":"123456789012"`), []string{`principal-form /Statement/0/Principal -> {"AWS": "123456789012"}`}},
		{"Principal is a bare service", statement(`"Principal":"ses.amazonaws.com"`), []string{`principal-form /Statement/0/Principal -> {"Service": "ses.amazonaws.com"}`}},
		{"Principal is an empty string", statement(`"Principal":""`), []string{"principal-form /Statement/0/Principal"}},
		{"no principal", statement(`"Principal":{}`), []string{"no-principal /Statement/0/Principal"}},
		{"no principal in the list", statement(`"Principal":{"AWS":[]}`), []string{"no-principal /Statement/0/Principal"}},
		{"an empty principal", statement(`"Principal":{"AWS":""}`), []string{"principal-form /Statement/0/Principal/AWS"}},
		{"a principal is null", statement(`"Principal":{"AWS":[null]}`), []string{"wrong-type /Statement/0/Principal/AWS/0"}},
		{"a principal is an object", statement(`"Principal":{"AWS":{"a":"b"}}`), []string{"wrong-type /Statement/0/Principal/AWS"}},
		{"a list of principals in a list", statement(`"Principal":{"AWS":[["123456789012"]]}`), []string{"wrong-type /Statement/0/Principal/AWS/0"}},
		{"a kind of principal in lower case", statement(`"Principal":{"aws":"123456789012"}`), []string{"misspelt-element /Statement/0/Principal/aws -> AWS"}},
		{"a kind of principal misspelt", statement(`"Principal":{"Services":"ses.amazonaws.com"}`), []string{"misspelt-element /Statement/0/Principal/Services -> Service"}},
		{"a wildcard in a principal", statement(`"Principal":{"AWS":"arn:aws:iam::123456789012:user/*"}`), []string{"principal-wildcard /Statement/0/Principal/AWS"}},

		{"Action is null", statement(`"Action":null`), []string{"wrong-type " + at + "/Action"}},
		{"Action is an object", statement(`"Action":{}`), []string{"wrong-type " + at + "/Action"}},
		{"Action is a number", statement(`"Action":1`), []string{"wrong-type " + at + "/Action"}},
		{"a list of actions in a list", statement(`"Action":[["ses:SendEmail"]]`), []string{"wrong-type " + at + "/Action/0"}},
		{"an empty action", statement(`"Action":["ses:SendEmail",""]`), []string{"action-form " + at + "/Action/1"}},
		{"an action without its service", statement(`"Action":"SendEmail"`), []string{"action-form " + at + "/Action -> ses:SendEmail"}},
		{"a service without an action", statement(`"Action":"ses:"`), []string{"action-form " + at + "/Action"}},
		{"an action after a space", statement(`"Action":" ses:SendEmail"`), []string{"action-form " + at + "/Action -> ses:SendEmail"}},
		{"a space in the service", statement(`"Action":"a a:SendEmail"`), []string{"action-form " + at + "/Action"}},
		{"one wildcard, which is no colon and two names", statement(`"Action":"?"`), []string{"action-form " + at + "/Action"}},
		{"wildcards at the ends only", statement(`"Action":["?ses","ses?"]`), []string{"action-form " + at + "/Action/0", "action-form " + at + "/Action/1"}},
		{"two colons", statement(`"Action":"ses:*:*"`), []string{"action-form " + at + "/Action"}},
		{"a look-alike in the service", statement(`"Action":"sеs:SendEmail"`), []string{"action-form " + at + "/Action"}},

		{"Resource is null", statement(`"Resource":null`), []string{"wrong-type " + at + "/Resource"}},
		{"Resource is an object", statement(`"Resource":{"Ref":"x"}`), []string{"wrong-type " + at + "/Resource"}},
		{"a resource is a number", statement(`"Resource":[7]`), []string{"wrong-type " + at + "/Resource/0"}},
		{"an empty resource", statement(`"Resource":""`), []string{"resource-form " + at + "/Resource -> " + example.ARN()}},
		{"the name for the ARN", statement(`"Resource":"example.com"`), []string{"resource-form " + at + "/Resource -> " + example.ARN()}},
		{"an ARN cut short", statement(`"Resource":"arn:aws:ses:us-east-1"`), []string{"resource-form " + at + "/Resource -> " + example.ARN()}},

		{"Condition is a string", statement(`"Condition":"a"`), []string{"wrong-type " + at + "/Condition"}},
		{"Condition is a list", statement(`"Condition":[]`), []string{"wrong-type " + at + "/Condition"}},
		{"an operator without keys", statement(`"Condition":{"StringEquals":"a"}`), []string{"wrong-type " + at + "/Condition/StringEquals"}},
		{"a condition's value is null", statement(`"Condition":{"StringEquals":{"ses:FromAddress":null}}`), []string{"wrong-type " + at + "/Condition/StringEquals/ses:FromAddress"}},
		{"a condition's value is an object", statement(`"Condition":{"StringEquals":{"ses:FromAddress":{}}}`), []string{"wrong-type " + at + "/Condition/StringEquals/ses:FromAddress"}},
		{"a list of values in a list", statement(`"Condition":{"StringEquals":{"ses:FromAddress":["a",["b"]]}}`), []string{"wrong-type " + at + "/Condition/StringEquals/ses:FromAddress/1"}},
	} {
		got := found(violations(check(test.policy, example)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
	}
}

// Five independent faults are five violations, in the order of the text, each
// with its line and column.
func TestViolationsAreCompleteAndInOrder(t *testing.T) {
	const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "permit",
      "Principal": "123456789012",
      "Action": ["ses:SendEmail", "SendRawEmail"],
      "Resource": "arn:aws:ses:us-east-1:123456789012:identity/example.com"
    },
    {
      "Effect": "Deny",
      "Principal": {"AWS": "*"}, "Action": "ses:*",
      "Resource": null,
      "Condition": {"Bool": {"aws:SecureTransport": {}}}
    }
  ]
}`
	var got []string
	for _, f := range violations(check(text, example)) {
		got = append(got, fmt.Sprintf("%d:%d %s %s", f.Line, f.Column, f.Rule, f.Path))
	}
	want := []string{
		"5:17 effect-value /Statement/0/Effect",
		"6:20 principal-form /Statement/0/Principal",
		"7:35 action-form /Statement/0/Action/1",
		"13:19 wrong-type /Statement/1/Resource",
		"14:53 wrong-type /Statement/1/Condition/Bool/aws:SecureTransport",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The files under testdata: valid/*.json without any finding, invalid/RULE-*.json
// with violations of that rule alone, warned/RULE-*.json with warnings of that rule alone.
func TestFiles(t *testing.T) {
	for _, file := range files(t, "testdata/valid/*.json") {
		if got := found(check(read(t, file), example)); got != nil {
			t.Errorf("%s: found %q", file, got)
		}
	}
	for dir, level := range map[string]finding.Level{"invalid": finding.Violation, "warned": finding.Warning} {
		for _, file := range files(t, "testdata/"+dir+"/*.json") {
			findings := check(read(t, file), example)
			if len(findings) == 0 {
				t.Errorf("%s: nothing found", file)
			}
			for _, f := range findings {
				if f.Level == level && !strings.HasPrefix(filepath.Base(file), f.Rule+"-") || f.Level < level {
					t.Errorf("%s: found %s %s at %q", file, f.Level, f.Rule, f.Path)
				}
			}
		}
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return list
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
