package producers_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/email"
)

var codePage = []example{{"Layout", "", layout}}

// layout: each path exists, and each package is listed.
func layout(t *testing.T, _ *reader, text string) {
	listed := map[string]bool{}
	for _, line := range lines(text) {
		path, _, _ := strings.Cut(line, " ")
		listed[filepath.Clean(path)] = true
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	for _, pattern := range []string{"shared/*/", "functions/*/"} {
		folders, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(folders) == 0 {
			t.Fatal(err, folders)
		}
		for _, folder := range folders {
			path, err := filepath.Rel(root, folder)
			if info, statErr := os.Stat(folder); err != nil || statErr != nil || info.IsDir() && !listed[path] && path != "shared/cmd" {
				t.Errorf("%s is not listed", path)
			}
		}
	}
}

var accountPage = []example{
	{"Who can send as us", "json", twoPermissions},
	{"The first audit", "", session},
	{"One identity", "", session},
	{"\"They cannot send, and nobody can say why\"", "", session},
	{"Under version control", "", session},
	{"Every night", "yaml", nightly},
}

// ownersAccount is the account whose output the page shows.
var ownersAccount = map[string]map[string]string{
	"Ceo@Example.com": {"Open": `{"Effect":"Allow","Principal":"*","Action":"ses:*","Resource":"*"}`},
	"news@example.com": {"News": `{"Effect":"Allow","Principal":"*","Action":"ses:SendEmail","Resource":"ARN",` +
		`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdef1234"}}}`},
	"example.org": {"Partner": `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"ARN"}`},
	"example.com": {
		"Cognito": `{"Effect":"Allow","Principal":{"Service":"cognito-idp.amazonaws.com"},"Action":"ses:SendEmail","Resource":"ARN",` +
			`"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}`,
		"Mailer": `{"Sid":"Mailer","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/mailer","444455556666"]},` +
			`"Action":["ses:SendEmail","ses:SendRawEmail"],"Resource":"ARN","Condition":{"StringLike":{"ses:FromAddress":"*@example.com"}}},` +
			`{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::444455556666:user/intern"},"Action":"ses:*","Resource":"ARN"}`,
	},
}

// twoPermissions: the commands call what the policy allows, and nothing else.
func twoPermissions(t *testing.T, r *reader, text string) {
	for identity, policies := range ownersAccount {
		for name, statements := range policies {
			document := `{"Version":"2012-10-17","Statement":[` + strings.ReplaceAll(statements, "ARN", "arn:aws:ses:us-east-1:123456789012:identity/"+identity) + `]}`
			r.form(r.URL, url.Values{"Version": {"2010-12-01"}, "Action": {"PutIdentityPolicy"}, "Identity": {identity}, "PolicyName": {name}, "Policy": {document}})
		}
	}
	var mu sync.Mutex
	called := map[string]bool{}
	r.Email.SetFault(func(call email.Call) email.Fault {
		mu.Lock()
		defer mu.Unlock()
		called["ses:"+call.Action] = true
		return email.Fault{}
	})
	r.shell(t, "sespolicy list; sespolicy who-can example.com; sespolicy export before; sespolicy plan before; sespolicy audit || test $? = 1")
	var allowed struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal([]byte(text), &allowed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(allowed.Statement[0].Action)), slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("allowed (-) and called (+):\n%s", diff)
	}
}

// session runs each command after a $ and compares what it prints.
func session(t *testing.T, r *reader, text string) {
	for part := range strings.SplitSeq("\n"+text, "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		if command == "" {
			continue
		}
		got := r.shell(t, command+" 2>&1", 0, 1)
		if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); diff != "" {
			t.Errorf("%s: the page (-) and the output (+):\n%s", command, diff)
		}
	}
}

// nightly runs the script of the workflow. The account has findings, so the file is
// uploaded.
func nightly(t *testing.T, r *reader, text string) {
	type step struct {
		Run  string            `yaml:"run"`
		With map[string]string `yaml:"with"`
	}
	steps := parse[struct {
		Jobs map[string]struct {
			Steps []step `yaml:"steps"`
		} `yaml:"jobs"`
	}](t, text).Jobs["audit"].Steps
	script := slices.IndexFunc(steps, func(s step) bool { return s.Run != "" })
	r.shell(t, steps[script].Run)
	var sarif struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(r.folder, steps[script+1].With["sarif_file"]))), &sarif); err != nil || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) == 0 {
		t.Errorf("%v, %+v", err, sarif)
	}
}
