package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sespolicy/shared/local/queue"
)

// folder makes a folder of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func named(name string) string {
	return strings.Replace(request(goodPolicy), "MyPolicy", name, 1)
}

func sqsEvent(bodies ...string) string {
	var records []string
	for _, b := range bodies {
		records = append(records, `{"eventSource":"aws:sqs","body":`+quoted(b)+`,"messageAttributes":{"Team":{"dataType":"String","stringValue":"mail"},"Raw":{"dataType":"Binary","binaryValue":"AP8="}}}`)
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func TestSend(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.json": named("A"), "b.ndjson": named("B1") + "\n" + named("B2") + "\n", "c.json": sqsEvent(named("C")), "notes.txt": "not JSON",
	})
	p := newPost(t)
	status, out, errs := p.command("send", "--format", "json", dir)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var sent []sentJSON
	if err := json.Unmarshal([]byte(out), &sent); err != nil {
		t.Fatal(err)
	}
	onQueue := map[string]queue.Message{}
	for _, m := range p.requests.Snapshot() {
		onQueue[m.ID] = m
	}
	want := []sentJSON{
		{File: "a.json", PolicyName: "A"}, {File: "b.ndjson", Line: 1, PolicyName: "B1"}, {File: "b.ndjson", Line: 2, PolicyName: "B2"}, {File: "c.json", PolicyName: "C"},
	}
	if len(sent) != len(want) || len(onQueue) != len(want) {
		t.Fatalf("told of %d, %d on the queue: %s", len(sent), len(onQueue), out)
	}
	for i, w := range want {
		s := sent[i]
		m := onQueue[s.MessageID]
		if filepath.Base(s.File) != w.File || s.Line != w.Line || s.PolicyName != w.PolicyName || m.Body != named(w.PolicyName) {
			t.Errorf("got %+v with %s, want %+v", s, m.Body, w)
		}
		if w.File == "c.json" && (m.Attributes["Team"].StringValue != "mail" || string(m.Attributes["Raw"].BinaryValue) != "\x00\xff") {
			t.Errorf("attributes %+v", m.Attributes)
		}
	}
}

func TestSendNothingWhenAnythingIsWrong(t *testing.T) {
	wrong := strings.Replace(named("B"), "Allow", "Permit", 1)
	dir := folder(t, map[string]string{"a.json": named("A"), "b.ndjson": named("B") + "\n" + wrong + "\n" + `{"Identity":"a b"}`})
	p := newPost(t)
	status, _, errs := p.command("send", dir)
	if status != 1 || len(p.requests.Snapshot()) != 0 {
		t.Fatalf("status %d, %d sent", status, len(p.requests.Snapshot()))
	}
	for _, place := range []string{"b.ndjson:2:", "b.ndjson:3:"} {
		if !strings.Contains(errs, place) {
			t.Errorf("nothing about %s in %s", place, errs)
		}
	}
	if status, _, _ := p.command("send", "--no-check", dir); status != 0 || len(p.requests.Snapshot()) != 4 {
		t.Errorf("unchecked: status %d, %d sent", status, len(p.requests.Snapshot()))
	}
	if status, _, _ := p.command("send", "--no-check", dir, filepath.Join(dir, "none.json")); status != 1 || len(p.requests.Snapshot()) != 4 {
		t.Errorf("a file missing: status %d, %d sent", status, len(p.requests.Snapshot()))
	}
	// A policy by itself is no request.
	if status, _, _ := p.command("send", file(t, goodPolicy)); status != 1 {
		t.Errorf("a policy: status %d", status)
	}
	// Identities are of the queue's account.
	if status, _, _ := p.command("send", file(t, strings.Replace(named("A"), "example.com", "arn:aws:ses:us-east-1:999999999999:identity/example.com", 1))); status != 1 {
		t.Errorf("another account's: status %d", status)
	}
}
