package requestfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/check"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/requestfile"

	"sespolicy/shared/document"
)

const (
	resource = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
	queueARN = "arn:aws:sqs:us-east-1:123456789012:RequestQueue"
)

var owner = identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}

// found are the findings in a text, as LINE:COLUMN RULE POINTER, and W before a
// warning's rule.
func found(t *testing.T, name, text string, owner identity.Owner) []string {
	t.Helper()
	file := requestfile.Read(name, []byte(text), owner)
	findings := file.Findings
	for i := range file.Entries {
		findings = append(findings, judged(t, &file.Entries[i], owner)...)
	}
	var all []string
	for _, f := range findings {
		rule := f.Rule
		if f.Level == finding.Warning {
			rule = "W " + rule
		}
		all = append(all, fmt.Sprintf("%d:%d %s %s", f.Line, f.Column, rule, f.Path))
	}
	return all
}

// judged are the findings in an entry, at their places.
func judged(t *testing.T, e *requestfile.Entry, owner identity.Owner) []finding.Finding {
	t.Helper()
	fence, err := guardrail.New(guardrail.Config{AllowedPolicyNames: []string{"p*"}, AllowedActions: []string{"ses:Send*"}, RequireMatchingResource: true})
	if err != nil {
		t.Fatal(err)
	}
	if e.Bare {
		doc, findings := document.ReadString(e.Body)
		if doc != nil {
			_, more := policy.Check(doc.Root(), identity.Identity{})
			findings = append(findings, more...)
		}
		return e.Place(findings)
	}
	queue := ""
	if owner.Account != "" {
		queue = queueARN
	}
	m, source, refused := e.Open(queue)
	verdict := check.Request(m, source, check.Rules{Guardrail: fence}, nil)
	findings := verdict.Warnings
	if refused = outcome.Join(refused, verdict.Refused); refused != nil {
		findings = append(findings, refused.Violations...)
	}
	for i, f := range findings {
		findings[i] = source.InBody(f)
	}
	return e.Place(findings)
}

func equal(t *testing.T, reason string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", reason, diff)
	}
}

const (
	good      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"` + resource + `"}]}`
	yamlGood  = "Version: 2012-10-17\nStatement:\n- Effect: Allow\n  Principal: {AWS: '111122223333'}\n  Action: ses:SendEmail\n  Resource: " + resource + "\n"
	badPolicy = `{"Statement":[{"Effect":"Permit","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"` + resource + `"}]}`
)

func request(name, policy string) string {
	return `{"Identity":"example.com","PolicyName":"` + name + `","Policy":` + policy + `}`
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

func TestFormats(t *testing.T) {
	yamlBad := strings.Replace(yamlGood, "Allow", "Permit", 1)
	for reason, test := range map[string]struct {
		name, text string
		want       []string
	}{
		"a request":                           {"x.json", request("p", good), nil},
		"a request that is wrong":             {"x.json", "\n " + request("p", badPolicy), []string{"2:78 effect-value /Policy/Statement/0/Effect"}},
		"a policy":                            {"x.json", badPolicy, []string{"1:25 effect-value /Statement/0/Effect"}},
		"a policy in YAML":                    {"x.yaml", yamlBad, []string{"3:11 effect-value /Statement/0/Effect"}},
		"a request in YAML":                   {"x.yml", "# mine\nIdentity: example.com\nPolicyName: p\nPolicy:\n" + indent(yamlBad), []string{"7:13 effect-value /Policy/Statement/0/Effect"}},
		"a name in YAML":                      {"x.yml", "Identity: example.com\nPolicyNmae: p\nPolicy:\n" + indent(yamlGood), []string{"2:1 unknown-member /PolicyNmae"}},
		"YAML on standard input":              {"stdin", "Identity: example.com\nPolicyNmae: p\nPolicy:\n" + indent(yamlGood), []string{"2:1 unknown-member /PolicyNmae"}},
		"JSON in a file for YAML":             {"x.yaml", request("p", badPolicy), []string{"1:77 effect-value /Policy/Statement/0/Effect"}},
		"a policy as a block in YAML":         {"x.yaml", "Identity: example.com\nPolicyName: p\nPolicy: |\n   " + badPolicy, []string{"4:28 effect-value /Policy/Statement/0/Effect"}},
		"a policy in single quotes in YAML":   {"x.yaml", "Identity: example.com\nPolicyName: p\nPolicy: '" + badPolicy + "'", []string{"3:34 effect-value /Policy/Statement/0/Effect"}},
		"a policy folded in YAML":             {"x.yaml", "Identity: example.com\nPolicyName: p\nPolicy: >-\n  " + badPolicy, []string{"3:9 effect-value /Policy/Statement/0/Effect"}},
		"a list that an alias repeats":        {"x.yaml", "A: &a {Effect: Permit}\nIdentity: example.com\nPolicyName: p\nPolicy: {Statement: {<<: *a, Principal: {AWS: '111122223333'}, Action: ses:SendEmail, Resource: '" + resource + "'}}", []string{"1:1 unknown-member /A", "1:16 effect-value /Policy/Statement/Effect"}},
		"own members hide merged ones":        {"x.yaml", "Statement:\n- <<: {Effect: Permit, Principal: {AWS: '111122223333'}}\n  Effect: Allow\n  Action: ses:SendEmail\n  Resource: " + resource, nil},
		"two documents":                       {"x.yaml", yamlGood + "---\n" + yamlBad, []string{"10:11 effect-value /Statement/0/Effect"}},
		"duplicate keys":                      {"x.yaml", "Version: 2012-10-17\n" + yamlGood, []string{"2:1 duplicate-member /Version"}},
		"a syntax error":                      {"x.yaml", "Identity: example.com\nPolicy: [1\n", []string{"2:9 yaml-syntax "}},
		"a tab":                               {"x.yaml", "Identity:\n\t- a\n", []string{"2:1 yaml-syntax "}},
		"an alias without an anchor":          {"x.yaml", "Identity: *a\n", []string{"1:11 yaml-syntax "}},
		"an alias of itself":                  {"x.yaml", "Identity: &a [*a]\n", []string{"1:15 yaml-limit "}},
		"another encoding":                    {"x.yaml", "Identity: \xff", []string{"1:11 yaml-syntax "}},
		"one a line":                          {"x.ndjson", request("p", good) + "\n\n " + request("p", badPolicy) + "\n{\n", []string{"3:78 effect-value /Policy/Statement/0/Effect", "4:2 json-syntax "}},
		"one a line, by its look":             {"stdin", request("p", good) + "\n" + request("p", badPolicy), []string{"2:77 effect-value /Policy/Statement/0/Effect"}},
		"policies a line":                     {"x.jsonl", badPolicy, []string{"1:25 effect-value /Statement/0/Effect"}},
		"an SQS event":                        {"x.json", `{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"` + queueARN + "\",\n\"body\":" + quoted(request("p", badPolicy)) + `}]}`, []string{"2:99 effect-value /Records/0/body/Policy/Statement/0/Effect"}},
		"the identity policies of an account": {"x.json", "{\"Policies\":{\n\"p\":" + quoted(good) + ",\n\"a/b\":" + quoted(badPolicy) + "}}", []string{"3:36 effect-value /Policies/a~1b/Statement/0/Effect"}},
		"they have been read before":          {"x.json", "{\"Policies\":{\n\"p\":" + badPolicy + "}}", []string{"2:29 effect-value /Policies/p/Statement/0/Effect"}},
		"no policies":                         {"x.json", `{"Policies":{}}`, nil},
		"an alarm":                            {"x.json", `{"AlarmName":"a","NewStateValue":"ALARM"}`, []string{"1:1 unknown-envelope "}},
		"an alarm in YAML":                    {"x.yaml", "AlarmName: a\nNewStateValue: ALARM", []string{"1:1 unknown-envelope "}},
		"empty":                               {"x.json", " ", []string{"1:2 json-syntax "}},
		"broken":                              {"x.json", "{\n\"a\" 1}", []string{"2:5 json-syntax /a"}},
		"a number as written":                 {"x.yaml", "Identity: example.com\nPolicyName: p\nAction: DeleteIdentityPolicy\nX: 012345678901", []string{"4:1 unknown-member /X"}},
	} {
		equal(t, reason, test.want, found(t, test.name, test.text, owner))
	}
}

func TestEntries(t *testing.T) {
	file := requestfile.Read("x.json", []byte(`{"Records":[{"eventSource":"aws:sqs","body":"1","messageAttributes":{"Team":{"dataType":"String","stringValue":"mail"}}},
{"eventSource":"aws:sqs","eventSourceARN":"q","body":"2"}]}`), owner)
	if e := file.Entries; len(e) != 2 || *e[0].Attributes["Team"].StringValue != "mail" || e[1].QueueARN != "q" || e[1].Line != 2 || e[1].Pointer != "/Records/1/body" || e[1].Body != "2" {
		t.Errorf("got %+v", file.Entries)
	}
	file = requestfile.Read("x.yaml", []byte("\nIdentity: example.com\nPolicyName: p\nAction: DeleteIdentityPolicy\n"), owner)
	if e := file.Entries; len(e) != 1 || e[0].Body != `{"Identity":"example.com","PolicyName":"p","Action":"DeleteIdentityPolicy"}` || e[0].Line != 2 {
		t.Errorf("got %+v", file.Entries)
	}
	file = requestfile.Read("x.json", []byte("\n  "+request("p", good)+"\n"), owner)
	if e := file.Entries; len(e) != 1 || e[0].Body != request("p", good) || e[0].Line != 2 || e[0].Bare {
		t.Errorf("got %+v", file.Entries)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/c.YAML", "b/a.json", "a.yml", ".hidden/x.json", ".x.json", "n.ndjson", "notes.txt"} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, name := range []string{"a.yml", "b/a.json", "b/c.YAML", "n.ndjson"} {
		want = append(want, filepath.Join(dir, name))
	}
	got, err := requestfile.Names(dir)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a folder", want, got)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if got, err := requestfile.Names(link); err != nil || len(got) != len(want) {
		t.Errorf("a link to a folder: got %q, %v", got, err)
	}
	if got, err := requestfile.Names(t.TempDir()); err == nil {
		t.Errorf("an empty folder: got %q", got)
	}
	if got, err := requestfile.Names("none.txt"); err != nil || len(got) != 1 {
		t.Errorf("a file: got %q, %v", got, err)
	}
}
