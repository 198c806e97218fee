package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"sespolicy/shared/local"
)

// bootstrap is the function, built once as the commands build it.
var bootstrap string

func build(m *testing.M) int {
	folder, err := os.MkdirTemp("", "sespolicy")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if bootstrap, err = local.Build(context.Background(), "../../..", folder); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// command runs the program as main does, on a stack that hurries.
func command(t *testing.T, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	status = run(ctx, arguments, &out, &errOut)
	return status, out.String(), errOut.String()
}

// here is a command with the flags of a stack that hurries; flags that follow
// win.
func here(command string, arguments ...string) []string {
	return append([]string{command, "--template", "../../../template.yaml", "--bootstrap", bootstrap,
		"--listen", "127.0.0.1:0", "--ses-interval", "1ms", "--env", "MIN_CALL_INTERVAL=2ms"}, arguments...)
}

func TestRunSeesEverySampleThrough(t *testing.T) {
	status, out, stderr := command(t, here("run", "--events", "../../../events")...)
	if status != 0 {
		t.Errorf("status %d: %s\n%s", status, stderr, out)
	}
	for _, want := range []string{" 0 without an outcome, 0 with another outcome", "accepted-by-name", "Policies of account 123456789012", "Dead letters", "MalformedRequest", "CloudFormation", "SendTaskSuccess", "SES Identity Policy Applied"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	_, letters, _ := strings.Cut(out, "Dead letters")
	letters, _, _ = strings.Cut(letters, "Replies")
	for line := range strings.Lines(letters) {
		if got := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); got > reportWidth {
			t.Errorf("the dead letters have a line of %d columns: %s", got, line)
		}
	}
}

func TestRunFailsWhenASampleEndsOtherwise(t *testing.T) {
	folder := t.TempDir()
	sample, err := os.ReadFile("../../../events/accepted-by-name.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "rejected-invalid-policy-not-at-all.json"), sample, 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := command(t, here("run", "--events", folder)...)
	if status != 1 || !strings.Contains(stderr, "rejected-invalid-policy-not-at-all") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// What a service says of a sample it refuses is shown.
func TestRunSaysWhyAServiceRefuses(t *testing.T) {
	sample, err := os.ReadFile("../../../events/accepted-sns.json")
	if err != nil {
		t.Fatal(err)
	}
	folder := folder(t, map[string]string{"accepted-sns.json": strings.Replace(string(sample), "RequestTopic", "NoSuchTopic", 1)})
	status, _, stderr := command(t, here("run", "--events", folder)...)
	if status != 1 || !strings.Contains(stderr, "NotFound: ") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestRunFailsWithoutAnOutcome(t *testing.T) {
	folder := t.TempDir()
	sample, err := os.ReadFile("../../../events/accepted-by-name.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "accepted-never.json"), sample, 0o600); err != nil {
		t.Fatal(err)
	}
	// SES is not there: nothing listens on port 1.
	status, out, stderr := command(t, here("run", "--events", folder, "--timeout", "2s", "--env", "AWS_ENDPOINT_URL_SES=http://127.0.0.1:1")...)
	if status != 1 || !strings.Contains(stderr, "1 of 1 messages have no outcome") {
		t.Errorf("status %d: %s\n%s", status, stderr, out)
	}
}

func TestInvoke(t *testing.T) {
	status, out, stderr := command(t, here("invoke", "../../../events/accepted-by-name.json")...)
	if status != 0 || out != "{\"batchItemFailures\":[]}\n" || !strings.Contains(stderr, "Applied") {
		t.Errorf("status %d: %s %s", status, out, stderr)
	}
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"Records":[1]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := command(t, here("invoke", event)...); status != 1 || !strings.Contains(out, "errorType") {
		t.Errorf("a function error: status %d: %s", status, out)
	}
	for what, text := range map[string]string{"no JSON": `{`, "a bare request": `{"Identity":"example.com"}`, "no messages": `{"Records":[]}`, "a list": `[]`} {
		if err := os.WriteFile(event, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, out, stderr := command(t, here("invoke", event)...); status != 1 || out != "" || !strings.Contains(stderr, "other than an SQS event") {
			t.Errorf("%s: status %d: %s %s", what, status, out, stderr)
		}
	}
}

// until cancels when a text has been written.
type until struct {
	text   string
	cancel context.CancelFunc

	mu  sync.Mutex
	out bytes.Buffer
}

func (u *until) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := u.out.Write(p)
	if strings.Contains(u.out.String(), u.text) {
		u.cancel()
	}
	return n, err
}

func TestLocalRunsUntilItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &until{text: "Ctrl-C ends it", cancel: cancel}
	var stderr bytes.Buffer
	if status := run(ctx, here("local"), out, &stderr); status != 0 {
		t.Errorf("status %d: %s", status, stderr.String())
	}
	text := out.out.String()
	for _, want := range []string{"AWS_ENDPOINT_URL=http://127.0.0.1:", "/123456789012/RequestQueue", "Outcomes: none", "0 messages received"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown:\n%s", want, text)
		}
	}
}

// An interrupt is no failure of the samples that it kept from their turn.
func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &until{text: "SES takes one call a second", cancel: cancel}
	var stderr bytes.Buffer
	status := run(ctx, here("run", "--events", "../../../events"), out, &stderr)
	text := out.out.String()
	if status != 1 || !strings.Contains(stderr.String(), "interrupted") || !strings.Contains(text, "not reached") || strings.Contains(text, "not as its name says") {
		t.Errorf("status %d: %s\n%s", status, stderr.String(), text)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nothing was written
	for _, test := range []struct {
		reason    string
		arguments []string
		status    int
		want      string
	}{
		{"port taken", here("local", "--listen", taken.Addr().String()), 1, taken.Addr().String()},
		{"no template", here("local", "--template", "nowhere.yaml"), 1, "nowhere.yaml"},
		{"an environment that the function refuses", here("local", "--env", "MIN_CALL_INTERVAL=soon"), 1, "MIN_CALL_INTERVAL"},
		{"no samples", here("run", "--events", t.TempDir()), 1, "no samples"},
		{"an unknown command", []string{"fly"}, 2, "fly"},
		{"no event", []string{"invoke"}, 2, "EVENT is missing"},
	} {
		status, _, stderr := command(t, test.arguments...)
		if status != test.status || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: status %d: %s", test.reason, status, stderr)
		}
	}
}

func TestNoGoTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	status, _, stderr := command(t, "local", "--listen", "127.0.0.1:0", "--template", "../../../template.yaml")
	if status != 1 || !strings.Contains(stderr, "--bootstrap") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
