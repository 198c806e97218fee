package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	goodPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},` +
		`"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}]}`
	// fiveFaults has five violations that have nothing to do with each other.
	fiveFaults = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Permit",
      "Principal": {"AWS": ""},
      "Action": ["ses:SendEmail", "SendRawEmail"],
      "Resource": "example.com",
      "Condition": "ä"
    }
  ]
}
`
)

// file writes a text to a file of its own.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func request(policy string) string {
	return `{"Identity":"example.com","PolicyName":"MyPolicy","Policy":` + policy + `}`
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always can be
	return string(b)
}

// checked runs check and gives what it found as JSON: place, rule, path.
func checked(t *testing.T, arguments ...string) (status int, found []string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"check", "--format", "json"}, arguments...), &out, &errs)
	var list []struct {
		Level, Rule, Path string
		Line, Column      int
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &list); err != nil {
			t.Fatalf("%v in %s", err, out.Bytes())
		}
	}
	for _, f := range list {
		found = append(found, fmt.Sprintf("%d:%d %s %s %s", f.Line, f.Column, f.Level, f.Rule, f.Path))
	}
	return status, found
}

func TestCheckFindsAllInOrder(t *testing.T) {
	want := []string{
		"5:17 error effect-value /Statement/0/Effect",
		"6:28 error principal-form /Statement/0/Principal/AWS",
		"7:35 error action-form /Statement/0/Action/1",
		"8:19 error resource-form /Statement/0/Resource",
		"9:20 error wrong-type /Statement/0/Condition",
	}
	status, got := checked(t, file(t, fiveFaults))
	if diff := cmp.Diff(want, got); status != 1 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
}

// What is found in a text that stands as a string has its place in the file.
func TestCheckRequests(t *testing.T) {
	notification := func(message string) string {
		return `{"Type":"Notification","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":` + quoted(message) + `}`
	}
	event := func(detail string) string {
		return `{"version":"0","id":"1","detail-type":"r","source":"s","detail":` + detail + `}`
	}
	faulty := strings.Replace(goodPolicy, `"Allow"`, `"Permit"`, 1)
	for _, test := range []struct {
		reason, text, at string
		want             []string
	}{
		{"a good request", request(goodPolicy), "", nil},
		{"a good request with a string", request(quoted(goodPolicy)), "", nil},
		{"a good request in two envelopes", notification(event(request(goodPolicy))), "", nil},
		{"an object", request(faulty), `"Permit"`, []string{"error effect-value /Policy/Statement/0/Effect"}},
		{"a string", request(quoted(faulty)), `\"Permit\"`, []string{"error effect-value /Policy/Statement/0/Effect"}},
		{"a string that is not JSON", request(quoted(`{"é":,}`)), `,}`, []string{"error json-syntax /Policy/é"}},
		{"a string in a string", notification(request(quoted(faulty))), `\\\"Permit\\\"`, []string{"error effect-value /Message/Policy/Statement/0/Effect"}},
		{"an object in a string", notification(event(request(faulty))), `\"Permit\"`, []string{"error effect-value /Message/detail/Policy/Statement/0/Effect"}},
	} {
		_, got := checked(t, file(t, test.text))
		if test.at != "" {
			column := len([]rune(test.text[:strings.Index(test.text, test.at)])) + 1
			if len(got) == 0 || !strings.HasPrefix(got[0], fmt.Sprintf("1:%d ", column)) {
				t.Errorf("%s: got %q, want it at column %d", test.reason, got, column)
			}
		} else if got != nil {
			t.Errorf("%s: got %q", test.reason, got)
		}
		for i, want := range test.want {
			if !strings.HasSuffix(got[i], " "+want) {
				t.Errorf("%s: got %q, want %s", test.reason, got[i], want)
			}
		}
	}
}

func TestCheckGuardrails(t *testing.T) {
	public := file(t, request(strings.Replace(goodPolicy, `{"AWS":"111122223333"}`, `"*"`, 1)))
	good, policy := file(t, request(goodPolicy)), file(t, goodPolicy)
	for _, test := range []struct {
		reason    string
		arguments []string
		rule      string
	}{
		{"the public, by default", []string{public}, "ALLOW_PUBLIC_PRINCIPAL"},
		{"the public, allowed", []string{"--allow-public-principal", public}, ""},
		{"another identity", []string{"--allowed-identities", "example.org, *@example.org", good}, "ALLOWED_IDENTITIES"},
		{"another name", []string{"--allowed-policy-names", "a*", good}, "ALLOWED_POLICY_NAMES"},
		{"another principal", []string{"--allowed-principals", "999999999999", policy}, "ALLOWED_PRINCIPALS"},
		{"another resource", []string{"--identity", "example.org", policy}, "REQUIRE_MATCHING_RESOURCE"},
		{"another account", []string{"--queue-arn", "arn:aws:sqs:us-east-1:999999999999:RequestQueue", good}, "REQUIRE_MATCHING_RESOURCE"},
		{"another resource, allowed", []string{"--identity", "example.org", "--require-matching-resource=false", policy}, ""},
	} {
		status, got := checked(t, test.arguments...)
		if test.rule == "" && status != 0 || test.rule != "" && !strings.Contains(strings.Join(got, "\n"), "error "+test.rule+" ") {
			t.Errorf("%s: status %d, found %q", test.reason, status, got)
		}
	}
	t.Setenv("ALLOWED_POLICY_NAMES", "Other")
	if _, got := checked(t, good); len(got) != 1 || !strings.Contains(got[0], "ALLOWED_POLICY_NAMES /PolicyName") {
		t.Errorf("the environment of the function does not count: found %q", got)
	}
}

func TestCheckStandardInput(t *testing.T) {
	var out bytes.Buffer
	command := newCheckCommand()
	command.SetIn(strings.NewReader(fiveFaults))
	command.SetOut(&out)
	command.SetErr(&out)
	command.SetArgs([]string{"-"})
	if err := command.Execute(); err == nil || !strings.Contains(out.String(), "stdin:5:17: error: ") {
		t.Errorf("%v, %s", err, out.Bytes())
	}
}

// A thousand files take well under a second; the bound leaves room for a busy machine.
func TestCheckManyFiles(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 1000 {
		name := filepath.Join(dir, fmt.Sprintf("%04d.json", i))
		if err := os.WriteFile(name, []byte(goodPolicy), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	begin := time.Now()
	if status, found := checked(t, names...); status != 0 {
		t.Errorf("found %q", found)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a thousand files took %v", took)
	}
}
