package producers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sespolicy/shared/policy/known"
)

var operationsPage = []example{
	{"Operations", "", operate},
	{"The function in its container", "", inContainer},
	{"IAM as a second guardrail", "json", serviceControlPolicy},
}

// operate runs each command, with a letter and a request in place of ID and
// MESSAGE-ID.
func operate(t *testing.T, r *reader, text string) {
	owner := newResource(r.world)
	owner.expect(owner.deploy(properties(policy("One"))), "SUCCESS", "example.com/MyPolicy")
	for _, refused := range []string{bare("Other", publicPolicy()), bare("Another", publicPolicy()), bare("Wrong", `{"Statement":[]}`)} {
		r.sendAndAwait(refused)
	}
	writeFile(t, filepath.Join(r.folder, "requests.ndjson"), bare("Sent", policy("One")), 0o600)
	writeFile(t, filepath.Join(r.folder, "correct.json"), bare("Corrected", policy("One")), 0o600)
	r.stub(t, "editor", `cat correct.json > "$1"`)
	var letters []struct{ ID string }
	if err := json.Unmarshal([]byte(r.shell(t, "sespolicy dlq list --stack sespolicy --code GuardrailViolation --format json")), &letters); err != nil || len(letters) != 2 {
		t.Fatalf("%v, letters %v", err, letters)
	}
	names := strings.NewReplacer(" MESSAGE-ID ", " "+r.Requests()[0].MessageID+" ", " ID ", " "+letters[0].ID+" ")
	for _, line := range lines(text) {
		r.shell(t, "export EDITOR=editor\n"+names.Replace(line))
	}
	r.untilChanged("the sent and the corrected request are applied", func() bool {
		policies := r.policies()
		return policies["Sent"] != "" && policies["Corrected"] != ""
	})
}

// inContainer runs the commands with a sam that builds nothing and starts no
// container. What they hand to it must fit the template: sam passes only
// variables that the template has.
func inContainer(t *testing.T, r *reader, text string) {
	r.stub(t, "sam", `case $1 in build) mkdir -p .aws-sam/build; cp template.yaml .aws-sam/build/template.yaml;; *) echo "$*";; esac`)
	_, script, _ := strings.Cut(text, "\n") // make local runs
	called := strings.Fields(r.shell(t, script))
	if len(called) < 3 || !slices.Equal(called[:3], []string{"local", "invoke", "ApplyPolicyFunction"}) {
		t.Fatalf("sam was called with %q", called)
	}
	after := func(flag string) string { return filepath.Join(r.folder, called[slices.Index(called, flag)+1]) }
	built := parse[struct {
		Resources resources `yaml:"Resources"`
	}](t, readFile(t, after("--template"))).Resources
	passed := built.get(t, "ApplyPolicyFunction/Environment/Variables").(map[string]any)
	for name := range parse[map[string]map[string]string](t, readFile(t, after("--env-vars")))["ApplyPolicyFunction"] {
		if _, ok := passed[name]; !ok {
			t.Errorf("sam does not pass %s", name)
		}
	}
	if _, err := os.Stat(after("--event")); err != nil {
		t.Error(err)
	}
}

// serviceControlPolicy evaluates the policy for calls that it denies, and others.
func serviceControlPolicy(t *testing.T, _ *reader, text string) {
	document := parse[struct {
		Statement []struct {
			Effect    string                    `yaml:"Effect"`
			Action    any                       `yaml:"Action"`
			Resource  any                       `yaml:"Resource"`
			Condition map[string]map[string]any `yaml:"Condition"`
		} `yaml:"Statement"`
	}](t, text)
	list := func(value any) (texts []string) {
		if text, ok := value.(string); ok {
			return []string{text}
		}
		for _, each := range value.([]any) {
			texts = append(texts, each.(string))
		}
		return texts
	}
	denied := func(principal, action, resource string) bool {
		for _, s := range document.Statement {
			has := slices.Contains(list(s.Resource), resource) || slices.Contains(list(s.Resource), "*")
			exempt := slices.Contains(list(s.Condition["ArnNotEquals"]["aws:PrincipalArn"]), principal)
			if s.Effect == "Deny" && slices.Contains(list(s.Action), action) && has && !exempt {
				return true
			}
		}
		return false
	}
	const roles = "arn:aws:iam::123456789012:role/"
	for _, a := range known.Get().Actions {
		action := a.Name
		writes := a.Identity && strings.HasSuffix(action, "IdentityPolicy")
		if got := denied(roles+"somebody", "ses:"+action, "*"); got != writes {
			t.Errorf("%s by another role: denied %v", action, got)
		}
		if denied(roles+"FUNCTION-ROLE", "ses:"+action, "*") || denied(roles+"BREAK-GLASS-ROLE", "ses:"+action, "*") {
			t.Errorf("%s by the function's role is denied", action)
		}
	}
	for action, resource := range map[string]string{"lambda:UpdateFunctionCode": "arn:aws:lambda:*:123456789012:function:FUNCTION-NAME", "iam:PassRole": roles + "FUNCTION-ROLE"} {
		if !denied(roles+"somebody", action, resource) || denied(roles+"DEPLOYMENT-ROLE", action, resource) || denied(roles+"somebody", action, roles+"other") {
			t.Errorf("%s on %s", action, resource)
		}
	}
}
