package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRun(t *testing.T) {
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	same := file("same.json", `{"Name":"aws","ConditionKeys":[]}`)
	for _, test := range []struct {
		reason string
		files  []string
		status int // as main ends with
	}{
		{"no file", nil, 2},
		{"a file that is not there", []string{filepath.Join(t.TempDir(), "none.json")}, 2},
		{"nothing to compare", []string{same}, 2},
		{"a key more, and others less", []string{file("more.json", `{"ConditionKeys":[{"Name":"aws:ViaMars"}]}`)}, 1},
		{"keys of another service that the list has", []string{file("lambda.json", `{"Name":"lambda","ConditionKeys":[{"Name":"lambda:SourceFunctionArn"}]}`)}, 0},
	} {
		lines, err := run(test.files)
		got := min(len(lines), 1)
		if err != nil {
			got = 2
		}
		if got != test.status {
			t.Errorf("%s: got %d, want %d; %q, %v", test.reason, got, test.status, lines, err)
		}
	}
}
