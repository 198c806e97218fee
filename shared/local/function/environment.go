package function

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// environment is one execution environment: a process and the Runtime API that
// it alone talks to. It serves one invocation at a time and ends with its
// process.
type environment struct {
	function *Function
	err      error // why it could not be started at all; the rest is unset then
	command  *exec.Cmd
	output   *output
	server   *http.Server

	work   chan *invocation // to the GET next that waits
	ready  chan struct{}    // closed at the first GET next
	gone   chan struct{}    // closed when the process has ended
	exited chan struct{}    // closed when its last requests and lines are in, too

	mu        sync.Mutex
	current   *invocation // handed to the process and not over yet
	isReady   bool
	initError []byte // what the process posted to init/error
	waitError error  // how it ended
}

// startEnvironment starts a process. What stands in the way is its err.
func startEnvironment(f *Function) *environment {
	e := &environment{
		function: f,
		work:     make(chan *invocation),
		ready:    make(chan struct{}),
		gone:     make(chan struct{}),
		exited:   make(chan struct{}),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.err = fmt.Errorf("opening a port for the Runtime API: %w", err)
		return e
	}
	if e.output, err = newOutput(f.config.Output); err != nil {
		_ = listener.Close() // nothing was accepted yet
		e.err = fmt.Errorf("opening a pipe for the function's output: %w", err)
		return e
	}
	path, err := filepath.Abs(f.config.Bootstrap)
	if err != nil {
		path = f.config.Bootstrap
	}
	e.command = exec.Command(path)
	e.command.Dir = filepath.Dir(path)
	e.command.Env = f.variables(e.command.Dir, listener.Addr().String())
	e.command.Stdout, e.command.Stderr = e.output.writer, e.output.writer
	ownGroup(e.command)
	if err := e.command.Start(); err != nil {
		_ = listener.Close()
		e.output.close()
		e.err = fmt.Errorf("starting the function's executable (was it built for this machine?): %w", err)
		return e
	}
	e.server = &http.Server{Handler: e.api(), ReadHeaderTimeout: time.Minute}
	go e.server.Serve(listener) //nolint:errcheck // it ends with ErrServerClosed, by us
	go e.watch()
	return e
}

// watch waits for the process, and then for all that came from it.
func (e *environment) watch() {
	err := e.command.Wait()
	killGroup(e.command.Process) // what it started ends with it
	e.mu.Lock()
	e.waitError = err
	e.mu.Unlock()
	close(e.gone) // lets a waiting GET next go
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if e.server.Shutdown(ctx) != nil {
		_ = e.server.Close() // its clients are gone
	}
	e.output.close()
	close(e.exited)
}

func (e *environment) pid() int { return e.command.Process.Pid }

func (e *environment) kill() { killGroup(e.command.Process) }

func (e *environment) alive() bool {
	select {
	case <-e.gone:
		return false
	default:
		return true
	}
}

// ending says how the process ended, in Lambda's words.
func (e *environment) ending() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waitError == nil {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + e.waitError.Error()
}

// run has the process serve one invocation, and returns when that is over: at
// the next GET next, or with the process.
func (e *environment) run(in *invocation) Result {
	start := time.Now()
	if e.err != nil {
		return Result{RequestID: in.id, FunctionError: unhandled, Payload: in.failure("Runtime.InvalidEntrypoint", e.err.Error())}
	}
	cold := !e.started()
	if !cold {
		e.output.restart()
	}
	e.output.log("START RequestId: " + in.id + " Version: $LATEST")
	payload, failed := e.serve(in)
	result := Result{RequestID: in.id, Payload: payload, Duration: time.Since(start), ColdStart: cold}
	if failed {
		result.FunctionError = unhandled
	}
	milliseconds := float64(result.Duration.Microseconds()) / 1000
	e.output.log("END RequestId: " + in.id)
	e.output.log(fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB",
		in.id, milliseconds, milliseconds+0.5, e.function.config.MemoryMB))
	result.LogTail = e.output.lastLines()
	return result
}

// serve waits for the process through both phases, init and invoke.
func (e *environment) serve(in *invocation) (payload []byte, failed bool) {
	select {
	case <-e.ready:
	case <-e.exited:
		return e.initFailure(in), true
	case <-time.After(initTimeout):
		e.kill()
		<-e.exited
		return in.failure("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", initTimeout.Seconds())), true
	}
	timeout := e.function.config.Timeout
	in.deadline = time.Now().Add(timeout)
	select {
	case e.work <- in:
	case <-e.exited:
		return in.failure("Runtime.ExitError", e.ending()), true
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-in.over:
		e.output.settle()
	case <-e.exited:
		in.fail("Runtime.ExitError", e.ending())
	case <-timer.C:
		e.kill()
		<-e.exited
		in.fail("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", timeout.Seconds()))
	}
	return in.outcome()
}

// initFailure is what the process said of why it cannot start, or how it ended.
func (e *environment) initFailure(in *invocation) []byte {
	e.mu.Lock()
	posted := e.initError
	e.mu.Unlock()
	if posted != nil {
		return posted
	}
	return in.failure("Runtime.ExitError", e.ending())
}

func (e *environment) started() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.isReady
}

// variables is the environment of a Lambda process. AWS_EXECUTION_ENV is not in
// it: the OS-only runtimes have none.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (f *Function) variables(root, api string) []string {
	config := f.config
	variables := map[string]string{
		"PATH":                            os.Getenv("PATH"),
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"LAMBDA_TASK_ROOT":                root,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"_HANDLER":                        config.Handler,
		"AWS_REGION":                      config.Region,
		"AWS_DEFAULT_REGION":              config.Region,
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_FUNCTION_NAME":        config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(config.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + f.version,
		"AWS_LAMBDA_LOG_FORMAT":           config.LogFormat,
		"AWS_LAMBDA_LOG_LEVEL":            config.LogLevel,
	}
	if folder := os.Getenv("TMPDIR"); folder != "" {
		variables["TMPDIR"] = folder
	}
	var list []string
	for name, value := range variables {
		list = append(list, name+"="+value)
	}
	for name, value := range config.Environment {
		list = append(list, name+"="+value) // a later one wins
	}
	return list
}
