package main

import (
	"bytes"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"
)

// A command that was called wrongly ends with one status, whatever is wrong, and
// says where to read on.
func TestUsageErrors(t *testing.T) {
	for _, test := range []struct {
		command string // with its arguments
		status  int
		flags   string // that are wrong for it
	}{
		{"check f", 2, "--format xml"},
		{"audit", 2, "--account 12"},
		{"list", 2, "--format xml"},
		{"who-can example.com", 2, "--deployment nowhere.json"},
		{"can-send", 2, "--from a@example.com"},
		{"can-send --from a@example.com --principal 111122223333", 2, "--source-ip nope"},
		{"export folder", 2, "--deployment nowhere.json"},
		{"plan f", 1, "--deployment nowhere.json"},
		{"send f", 2, "--timeout soon"},
		{"status id", 2, "--deployment nowhere.json"},
		{"history example.com P", 2, "--restore one"},
		{"history example.com P", 2, "--wait"},
		{"release example.com P", 2, "--stack a --local"},
		{"deployment", 2, "--deployment nowhere.json"},
		{"run", 2, "--timeout soon"},
		{"local", 2, "--ses-interval soon"},
		{"invoke event.json", 2, "--as-is=perhaps"},
		{"schema", 2, "--format xml"},
		{"dlq list", 2, "--older-than soon"},
		{"dlq show id", 2, "--format xml"},
		{"dlq redrive", 2, "--rate 0 --all"},
		{"dlq redrive id", 2, "--all"},
		{"dlq edit id", 2, "--deployment nowhere.json"},
	} {
		words := strings.Fields(test.command)
		wrong := map[string][]string{"an unknown flag": slices.Concat(words, []string{"--nonsense"}), "wrong flags": slices.Concat(words, strings.Fields(test.flags))}
		for reason, arguments := range wrong {
			status, out, stderr := command(t, arguments...)
			if status != test.status || out != "" || !strings.HasPrefix(stderr, "sespolicy: ") || !strings.Contains(stderr, "\nhint: ") {
				t.Errorf("%s: %q: status %d, want %d: %s%s", reason, arguments, status, test.status, stderr, out)
			}
		}
	}
	for use, status := range map[string]int{
		"check": 2, "who-can": 2, "who-can a.com b.com": 2, "list more": 2, "export": 2, "plan": 1, "send": 2, "history a.com": 2, "dlq show": 2,
		"dlq fly": 2, "fly": 2, "invoke a b": 2, "schema more": 2,
	} {
		if got, out, stderr := command(t, strings.Fields(use)...); got != status || out != "" || !strings.Contains(stderr, "\nhint: ") {
			t.Errorf("%q: status %d, want %d: %s%s", use, got, status, stderr, out)
		}
	}
}

// A port on which nothing listens is said to be that.
func TestNothingAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a",
		"AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"} {
		t.Setenv(name, value)
	}
	for _, arguments := range []string{"list", "status id --local --endpoint " + endpoint, "dlq list --local --endpoint " + endpoint} {
		if _, _, stderr := command(t, strings.Fields(arguments)...); !strings.Contains(stderr, ": nothing answers at "+listener.Addr().String()+"\n") || !strings.Contains(stderr, "\nhint: start sespolicy local") {
			t.Errorf("%s: %s", arguments, stderr)
		}
	}
}

// Every command has its help, with examples, and there is no other help.
func TestHelpTexts(t *testing.T) {
	texts, err := fs.Glob(helpTexts, "help/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range texts {
		words := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, "help/"), ".txt"), "_")
		if words[0] == "sespolicy" {
			words = nil
		}
		var out, stderr bytes.Buffer
		if status := run(t.Context(), append(words, "--help"), &out, &stderr); status != 0 || !strings.Contains(out.String(), "\nExamples:\n") ||
			!strings.Contains(out.String(), strings.TrimSpace("Usage:\n  sespolicy "+strings.Join(words, " "))) {
			t.Errorf("%s: status %d: %s%s", name, status, out.String(), stderr.String())
		}
	}
}
