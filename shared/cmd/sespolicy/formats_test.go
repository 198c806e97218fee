package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sespolicy/shared/printout"
)

// listed runs check and gives the findings it prints as JSON.
func listed(t *testing.T, arguments ...string) (status int, found []printout.Finding) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"check", "--format", "json"}, arguments...), &out, &errs)
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%v in %s%s", err, out.Bytes(), errs.Bytes())
	}
	return status, found
}

// The sample events, the sample stack beside them included, get the verdicts that
// their names promise, at places of their files.
func TestCheckEvents(t *testing.T) {
	status, found := listed(t, "../../../events")
	if status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	codes := map[string][]string{}
	for _, f := range found {
		name := filepath.Base(f.File)
		if !slices.Contains(codes[name], f.Code) && f.Level == "error" {
			codes[name] = append(codes[name], f.Code)
		}
		text, err := os.ReadFile(f.File)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		if f.Line < 1 || f.Line > len(lines) || !strings.Contains(lines[f.Line-1], `"body":`) || !strings.HasPrefix(f.Path, "/Records/") {
			t.Errorf("%s:%d:%d is no place in a body: %s", f.File, f.Line, f.Column, f.Path)
		}
	}
	files, err := filepath.Glob("../../../events/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		want := 0
		if rest, ok := strings.CutPrefix(name, "rejected-"); ok && name != "rejected-invalid-policy-by-ses.json" {
			want = 1
			words := strings.ReplaceAll(rest, "-", "")
			if len(codes[name]) == 1 && !strings.HasPrefix(words, strings.ToLower(codes[name][0])) {
				t.Errorf("%s: got %s", name, codes[name])
			}
		}
		if len(codes[name]) != want && name != "mixed-batch.json" {
			t.Errorf("%s: got %q, want %d codes", name, codes[name], want)
		}
	}
	if got := codes["mixed-batch.json"]; len(got) != 3 {
		t.Errorf("mixed-batch.json: got %q, want three codes", got)
	}
}

// keeps writes what people keep into a folder: a template, in YAML and in JSON, a
// plan, policies that were read, and requests in YAML and in lines.
func keeps(t *testing.T) string {
	t.Helper()
	wrong := strings.Replace(goodPolicy, `"Allow"`, `"Permit"`, 1)
	dir := folder(t, map[string]string{
		"lines.ndjson":  request(goodPolicy) + "\n" + request(wrong) + "\n",
		"plan.json":     `{"planned_values":{"root_module":{"resources":[{"address":"aws_ses_identity_policy.a","mode":"managed","type":"aws_ses_identity_policy","values":{"identity":"example.com","name":"a","policy":` + quoted(wrong) + "}}]}}}",
		"policies.json": `{"Policies":{"Orders":` + quoted(wrong) + "}}",
		"request.yaml":  "Identity: example.com\nPolicyName: MyPolicy\nPolicy: '" + wrong + "'\n",
		"template.json": `{"Resources":{"Mail":{"Type":"Custom::SESIdentityPolicy","Properties":{"Identity":{"Ref":"Identity"},"PolicyName":"a","Policy":` + "\n" + wrong + "}}}}",
		"template.yaml": "Resources:\n  Mail:\n    Type: Custom::SESIdentityPolicy\n    Properties:\n      Identity: example.com\n      PolicyName: !Ref Name\n" +
			"      Policy:\n        Statement:\n          - Effect: Allow\n            Principal: { AWS: !Ref AWS::AccountId }\n            Action: ses:SendEmail\n" +
			"            Resource: !Sub arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/example.org\n",
	})
	if err := os.Mkdir(filepath.Join(dir, "more"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "more", "broken.yml"), []byte("Identity: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckWhatPeopleKeep(t *testing.T) {
	dir := keeps(t)
	_, found := listed(t, "--queue-arn", "arn:aws:sqs:us-east-1:123456789012:RequestQueue", dir)
	var got []string
	for _, f := range found {
		name, err := filepath.Rel(dir, f.File)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s:%d:%d %s %s %s", name, f.Line, f.Column, f.Code, f.Rule, f.Path))
	}
	want := []string{
		"lines.ndjson:2:107 InvalidPolicy effect-value /Policy/Statement/0/Effect",
		"more/broken.yml:1:11 MalformedRequest yaml-syntax ",
		"plan.json:1:248 InvalidPolicy effect-value /planned_values/root_module/resources/0/values/policy/Statement/0/Effect",
		"policies.json:1:79 InvalidPolicy effect-value /Policies/Orders/Statement/0/Effect",
		"request.yaml:3:57 InvalidPolicy effect-value /Policy/Statement/0/Effect",
		"template.json:2:48 InvalidPolicy effect-value /Resources/Mail/Properties/Policy/Statement/0/Effect",
		"template.yaml:12:23 InvalidPolicy resource-mismatch /Resources/Mail/Properties/Policy/Statement/0/Resource",
		"template.yaml:12:23 GuardrailViolation REQUIRE_MATCHING_RESOURCE /Resources/Mail/Properties/Policy/Statement/0/Resource",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	status, out, _ := command(t, "check", dir)
	if status != 1 || !strings.Contains(out, "request.yaml:3:57: error: ") || !strings.Contains(out, "    at /Policies/Orders/Statement/0/Effect\n") {
		t.Errorf("status %d, %s", status, out)
	}
}

// The log of everything is valid SARIF.
func TestCheckSARIFIsValid(t *testing.T) {
	schema, err := os.Open("../../../../shared/schemas/sarif-2.1.0.json")
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
	status, out, errs := command(t, "check", "--format", "sarif", keeps(t), "../../../events")
	log, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil || status != 1 {
		t.Fatalf("status %d, %v: %s", status, err, errs)
	}
	if err := compiled.Validate(log); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, "/Resources/Mail/Properties/Policy/Statement/0/Effect") {
		t.Errorf("a template's path is not in %s", out)
	}
}

// A template and a plan are sent as bare requests, if all is known.
func TestSendWhatPeopleKeep(t *testing.T) {
	template := func(name string) string {
		return "Resources:\n  Mail:\n    Type: Custom::SESIdentityPolicy\n    Properties:\n      ServiceToken: !Ref Topic\n      Identity: example.com\n      PolicyName: " + name +
			"\n      Policy: '" + goodPolicy + "'\n"
	}
	dir := folder(t, map[string]string{
		"a.yaml": "Identity: example.com\nPolicyName: A\nPolicy: '" + goodPolicy + "'\n", "b.yml": template("B"),
		"c.json": `{"planned_values":{"root_module":{"resources":[{"type":"aws_sesv2_email_identity_policy","values":{"email_identity":"example.com","policy_name":"C","policy":` + quoted(goodPolicy) + "}}]}}}",
	})
	p := newPost(t)
	if status, _, errs := p.command("send", dir); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var got []string
	for _, m := range p.requests.Snapshot() {
		got = append(got, m.Body)
	}
	slices.Sort(got)
	var want []string
	for _, name := range []string{"A", "B", "C"} {
		want = append(want, `{"Identity":"example.com","PolicyName":"`+name+`","Policy":`+quoted(goodPolicy)+`}`)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for reason, text := range map[string]string{
		"an unknown value": template("!Ref Name"), "no request": "Resources:\n  A: {Type: AWS::SQS::Queue}\n", "broken": "a: [", "nothing": " ",
	} {
		if status, _, errs := p.command("send", "--no-check", filepath.Join(folder(t, map[string]string{"x.yaml": text}), "x.yaml")); status != 1 || !strings.Contains(errs, "x.yaml") {
			t.Errorf("%s: status %d, %s", reason, status, errs)
		}
	}
	if n := len(p.requests.Snapshot()); n != 3 {
		t.Errorf("%d requests are on the queue, want 3", n)
	}
}
