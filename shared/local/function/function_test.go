package function_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sespolicy/shared/local/function"
)

// start is a function of the given configuration, stopped with the test.
func start(t *testing.T, config function.Config) *function.Function {
	t.Helper()
	config.Bootstrap, config.Name = bootstrap, "ApplyPolicyFunction"
	if config.Timeout == 0 {
		config.Timeout = time.Minute
	}
	f, err := function.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Stop()
		if pids := f.PIDs(); len(pids) > 0 {
			t.Errorf("still alive after Stop: %v", pids)
		}
	})
	return f
}

// answer is what the function answers.
type answer struct {
	Text, Left, ID, ARN string
	Count, PID          int
	Trace               bool
	ErrorType           string
	ErrorMessage        string
}

func invoke(t *testing.T, f *function.Function, payload string) (function.Result, answer) {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(result.Payload, &a); err != nil {
		t.Fatalf("%v: %s", err, result.Payload)
	}
	return result, a
}

func TestColdThenWarm(t *testing.T) {
	f := start(t, function.Config{})
	if pids := f.PIDs(); len(pids) != 0 {
		t.Errorf("processes before the first invocation: %v", pids)
	}
	first, a := invoke(t, f, `{"Text":"hello"}`)
	_, b := invoke(t, f, `{"Text":"again"}`)
	if a.Text != "hello" || b.Text != "again" || b.Count != 2 || a.PID != b.PID {
		t.Errorf("not one warm process: %+v, %+v", a, b)
	}
	if a.Left != "1m0s" || a.ARN != f.ARN() || a.ID != first.RequestID || a.ID == b.ID || !a.Trace {
		t.Errorf("what the function sees: %+v", a)
	}
	if pids := f.PIDs(); !slices.Equal(pids, []int{a.PID}) {
		t.Errorf("PIDs() = %v, want %d", pids, a.PID)
	}
}

func TestFunctionErrors(t *testing.T) {
	for _, test := range []struct {
		reason, payload, kind, message string
		survives                       bool
	}{
		{"a returned error", `{"Do":"error","Text":"no luck"}`, "errorString", "no luck", true},
		{"a panic: the answer, then the exit", `{"Do":"panic","Text":"oh no"}`, "string", "oh no", false},
		{"an exit with a status", `{"Do":"exit","Text":"xyz"}`, "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 3", false},
		{"an exit with status 0", `{"Do":"exit"}`, "Runtime.ExitError", "RequestId: ID Error: Runtime exited without providing a reason", false},
		{"time runs out", `{"Do":"hang"}`, "Sandbox.Timedout", "RequestId: ID Error: Task timed out after 1.00 seconds", false},
		{"a response over 6 MB", `{"Do":"large"}`, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).", false},
	} {
		t.Run(test.reason, func(t *testing.T) {
			timeout := time.Minute
			if test.kind == "Sandbox.Timedout" {
				timeout = time.Second
			}
			f := start(t, function.Config{Timeout: timeout, ReservedConcurrency: 1})
			_, before := invoke(t, f, `{}`)
			result, a := invoke(t, f, test.payload)
			if result.FunctionError != "Unhandled" || a.ErrorType != test.kind {
				t.Errorf("FunctionError %q, errorType %q", result.FunctionError, a.ErrorType)
			}
			if want := strings.ReplaceAll(test.message, "ID ", result.RequestID+" "); !strings.HasPrefix(a.ErrorMessage, strings.SplitN(want, ";", 2)[0]) {
				t.Errorf("errorMessage %q, want %q", a.ErrorMessage, want)
			}
			_, after := invoke(t, f, `{}`)
			if survived := before.PID == after.PID; survived != test.survives {
				t.Errorf("process survived: %v, want %v", survived, test.survives)
			}
		})
	}
}

func TestKilled(t *testing.T) {
	var f *function.Function
	f = start(t, function.Config{Output: func(line string) {
		if line == "hanging" {
			kill(f.PIDs()[0])
		}
	}})
	result, a := invoke(t, f, `{"Do":"hang"}`)
	if want := "RequestId: " + result.RequestID + " Error: Runtime exited with error: signal: killed"; a.ErrorType != "Runtime.ExitError" || a.ErrorMessage != want {
		t.Errorf("got %s", result.Payload)
	}
	if _, b := invoke(t, f, `{"Text":"alive"}`); b.Count != 1 || b.Text != "alive" {
		t.Errorf("after the crash: %+v", b)
	}
}

func TestReservedConcurrency(t *testing.T) {
	hanging := make(chan struct{}, 2)
	f := start(t, function.Config{ReservedConcurrency: 2, Output: func(line string) {
		if line == "hanging" {
			hanging <- struct{}{}
		}
	}})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if _, err := f.Invoke(context.Background(), []byte(`{"Do":"hang"}`)); !errors.Is(err, function.ErrStopped) {
				t.Errorf("stopped in progress: %v", err)
			}
		})
		<-hanging
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, function.ErrTooManyRequests) {
		t.Errorf("the third: %v", err)
	}
	if pids := f.PIDs(); len(pids) != 2 {
		t.Errorf("one process per invocation in progress: %v", pids)
	}
	f.Stop()
	group.Wait()
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, function.ErrStopped) {
		t.Errorf("after Stop: %v", err)
	}
}

func TestOutputComesBeforeInvokeReturns(t *testing.T) {
	var lines []string // no lock: the lines of an invocation happen before its end
	f := start(t, function.Config{Output: func(line string) { lines = append(lines, line) }})
	invoke(t, f, `{"Do":"lines"}`)
	if len(lines) != 1001 || lines[0] != "line 0" || lines[1000] != "no newline" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestVariables(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SESSION_TOKEN", "real")
	f := start(t, function.Config{MemoryMB: 256, Environment: map[string]string{"MIN_CALL_INTERVAL": "1s"}})
	result, err := f.Invoke(t.Context(), []byte(`{"Do":"variables"}`))
	if err != nil {
		t.Fatal(err)
	}
	var variables []string
	if err := json.Unmarshal(result.Payload, &variables); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MIN_CALL_INTERVAL=1s", "AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_NAME=ApplyPolicyFunction",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/ApplyPolicyFunction", "LAMBDA_TASK_ROOT=" + filepath.Dir(bootstrap), "_HANDLER=bootstrap"} {
		if !slices.Contains(variables, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, variable := range variables {
		if strings.HasPrefix(variable, "AWS_PROFILE=") || strings.HasPrefix(variable, "AWS_SESSION_TOKEN=") || strings.HasPrefix(variable, "AWS_EXECUTION_ENV=") {
			t.Errorf("%s must not reach the function", variable)
		}
	}
}

func TestStartFails(t *testing.T) {
	_, err := function.Start(function.Config{Bootstrap: filepath.Join(t.TempDir(), "bootstrap")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing executable: %v", err)
	}
	for _, test := range []struct{ variable, value, want string }{
		{"START", "exit", "the environment is wrong"}, {"START", "killed", "signal: killed"},
	} {
		f, err := function.Start(function.Config{Bootstrap: bootstrap, Name: "F", Environment: map[string]string{test.variable: test.value}})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Stop()
		if err := f.Warm(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Warm with %s: %v", test.variable, err)
		}
		if result, a := invoke(t, f, `{}`); a.ErrorType != "Runtime.ExitError" {
			t.Errorf("Invoke with %s: %s", test.variable, result.Payload)
		}
	}
}

func TestNotAnExecutable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, []byte("\x7fELF of another machine"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := function.Start(function.Config{Bootstrap: path, Name: "F"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Stop()
	if err := f.Warm(t.Context()); err == nil {
		t.Error("Warm says nothing")
	}
	if _, a := invoke(t, f, `{}`); a.ErrorType != "Runtime.InvalidEntrypoint" {
		t.Errorf("errorType %q", a.ErrorType)
	}
}

func TestWarm(t *testing.T) {
	f := start(t, function.Config{ReservedConcurrency: 1})
	for range 2 {
		if err := f.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, a := invoke(t, f, `{}`); !slices.Equal(f.PIDs(), []int{a.PID}) {
		t.Errorf("got processes %v, want the one that Warm started: %d", f.PIDs(), a.PID)
	}
}

// kill ends a process as the kernel does when memory runs out: SIGKILL.
func kill(pid int) {
	if process, err := os.FindProcess(pid); err == nil {
		_ = process.Kill() // it may have ended by itself
	}
}
