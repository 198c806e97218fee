package main

import (
	"bytes"
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
		want   int
	}{
		{"no file", nil, 2},
		{"a file that is not there", []string{filepath.Join(t.TempDir(), "none.json")}, 2},
		{"nothing to compare", []string{same}, 2},
		{"a key more, and others less", []string{file("more.json", `{"ConditionKeys":[{"Name":"aws:ViaMars"}]}`)}, 1},
		{"keys of another service that the list has", []string{file("lambda.json", `{"Name":"lambda","ConditionKeys":[{"Name":"lambda:SourceFunctionArn"}]}`)}, 0},
	} {
		var out, errs bytes.Buffer
		if got := run(test.files, &out, &errs); got != test.want || out.Len()+errs.Len() == 0 {
			t.Errorf("%s: got %d, want %d; %s%s", test.reason, got, test.want, &out, &errs)
		}
	}
}
