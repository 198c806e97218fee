package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local"
	"sespolicy/shared/local/response"
)

var update = flag.Bool("update", false, "write the recordings as they are now")

// TestRecordings runs the commands of testdata/recordings against sespolicy
// local, and compares their output. A line that begins with "$ " is a command
// for the shell, one that begins with "# " is for readers. Ids, timestamps and the
// endpoint stand for those of the run.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/recordings/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newRecorder(t).play(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" && !*update {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// recorder runs commands and replaces what differs from run to run.
type recorder struct {
	t        *testing.T
	endpoint string
	folder   string
	ids      []string // as they came
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{t: t, endpoint: serveLocal(t), folder: t.TempDir()}
	stack := "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/6f6e1a20-86e5-11f1-9d3c-0e5b5d4a6d21"
	files, err := filepath.Glob("testdata/recordings/files/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		url := response.URL(r.endpoint, local.Region, stack, "SendingPolicy", "8ae6fbf4-2ecb-4eee-919e-03d183af9a4b")
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("RESPONSE-URL"), []byte(url)), []byte("STACK-ID"), []byte(stack))
		if err := os.WriteFile(filepath.Join(r.folder, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// serveLocal runs sespolicy local with one guardrail, and returns its address.
func serveLocal(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &greeting{address: make(chan string, 1)}
	done := make(chan int, 1)
	go func() { done <- run(ctx, here("local", "--parameter", "AllowedPrincipals=111122223333"), out, out) }()
	t.Cleanup(func() { cancel(); <-done })
	select {
	case address := <-out.address:
		return address
	case status := <-done:
		done <- status
		t.Fatalf("sespolicy local ended with %d: %s", status, &out.text)
	}
	return ""
}

// greeting finds the address in what sespolicy local greets with.
type greeting struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
}

var servesAt = regexp.MustCompile(`serves (http://[^\s,]+)`)

func (g *greeting) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, err := g.text.Write(p)
	if found := servesAt.FindSubmatch(g.text.Bytes()); found != nil {
		select {
		case g.address <- string(found[1]):
		default:
		}
	}
	return n, err
}

// play runs all commands of a recording and returns it with their output.
func (r *recorder) play(text string) string {
	var b strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		b.WriteString(line)
		i++
		command, isCommand := strings.CutPrefix(line, "$ ")
		if !isCommand {
			continue
		}
		begin := i
		for i < len(lines) && !strings.HasPrefix(lines[i], "$ ") && !strings.HasPrefix(lines[i], "# ") {
			i++
		}
		b.WriteString(r.run(strings.TrimSpace(command), strings.Join(lines[begin:i], "")))
	}
	return b.String()
}

// patience is how long a command that only reads is tried again until it shows
// what is recorded: the letter and the answer follow the outcome.
const patience = 20 * time.Second

var reads = regexp.MustCompile(`^sespolicy (status|history|dlq list|dlq show) `)

// run runs one command and returns its output as the recording has it, with an
// empty line at the end.
func (r *recorder) run(command, want string) string {
	shell := strings.ReplaceAll(r.real(command), "--local", "--local --endpoint "+r.endpoint)
	again := reads.MatchString(command) && !strings.Contains(command, "--restore")
	for deadline := time.Now().Add(patience); ; <-time.After(100 * time.Millisecond) {
		seen := r.ids
		got := r.shown(r.once(shell)) + "\n"
		asWanted := got == want || *update && !strings.Contains(got, unknown) && !strings.Contains(got, waiting)
		if asWanted || !again || time.Now().After(deadline) {
			return got
		}
		r.ids = seen
	}
}

func (r *recorder) once(command string) string {
	run := exec.CommandContext(r.t.Context(), "sh", "-c", command)
	run.Dir = r.folder
	run.Env = append(os.Environ(), "TZ=UTC")
	out, err := run.CombinedOutput()
	text := string(out)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		text += fmt.Sprintf("(exit status %d)\n", exit.ExitCode())
	} else if err != nil {
		r.t.Fatal(err)
	}
	return text
}

var (
	uuids      = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	timestamps = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	ages       = regexp.MustCompile(`│ \d+s +│|\(\d+s ago\)`)
	spaces     = regexp.MustCompile(`(?m) +$`)
	fakeIDs    = regexp.MustCompile(`00000000-0000-4000-8000-(\d{12})`)
)

// shown is output as the recording has it.
func (r *recorder) shown(out string) string {
	out = strings.ReplaceAll(out, r.endpoint, "http://"+local.DefaultListen)
	out = uuids.ReplaceAllStringFunc(out, r.fake)
	out = timestamps.ReplaceAllString(out, "2026-11-02T09:00:00Z")
	out = ages.ReplaceAllStringFunc(out, func(age string) string {
		if strings.HasPrefix(age, "(") {
			return "(1s ago)"
		}
		return "│ 1s  │"
	})
	return spaces.ReplaceAllString(out, "")
}

func (r *recorder) fake(id string) string {
	n := 0
	for n < len(r.ids) && r.ids[n] != id {
		n++
	}
	if n == len(r.ids) {
		r.ids = append(r.ids, id)
	}
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1)
}

// real is a command with the ids of this run.
func (r *recorder) real(command string) string {
	return fakeIDs.ReplaceAllStringFunc(command, func(fake string) string {
		var n int
		_, _ = fmt.Sscanf(fakeIDs.FindStringSubmatch(fake)[1], "%d", &n)
		if n < 1 || n > len(r.ids) {
			r.t.Fatalf("%s has not come yet", fake)
		}
		return r.ids[n-1]
	})
}
