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

	"sespolicy/shared/local/wire"
)

// environment is one execution environment: a process and the Runtime API that
// it alone talks to. It serves one invocation at a time and ends with its
// process.
type environment struct {
	function *Function
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
	waitError error // how it ended
}

func newEnvironment(f *Function) *environment {
	return &environment{
		function: f, work: make(chan *invocation), ready: make(chan struct{}), gone: make(chan struct{}), exited: make(chan struct{}),
	}
}

// startEnvironment starts a process.
func startEnvironment(f *Function) (*environment, error) {
	e := newEnvironment(f)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the Runtime API: %w", err)
	}
	if e.output, err = newOutput(f.config.Output); err != nil {
		_ = listener.Close() // nothing was accepted yet
		return nil, fmt.Errorf("opening a pipe for the function's output: %w", err)
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
		return nil, fmt.Errorf("%w: %w", errEntrypoint, err)
	}
	e.server = &http.Server{Handler: e.api(), ReadHeaderTimeout: time.Minute}
	go e.server.Serve(listener) //nolint:errcheck // it ends with ErrServerClosed, by us
	go e.watch()
	return e, nil
}

// watch waits for the process, and then for all that came from it.
func (e *environment) watch() {
	err := e.command.Wait()
	e.kill() // what it started ends with it
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

func (e *environment) kill() { killGroup(e.command.Process) }

func (e *environment) alive() bool {
	select {
	case <-e.gone:
		return false
	default:
		return true
	}
}

// run has the process serve one invocation, and returns when that is over: at
// the next GET next, or with the process.
func (e *environment) run(in *invocation) Result {
	start := time.Now()
	if failed := e.serve(in); failed != nil {
		in.respond(failurePayload(failed.kind, "RequestId: "+in.id+" Error: "+failed.message), true)
	}
	ended := in.answer.Load()
	result := Result{RequestID: in.id, Payload: ended.payload, Duration: time.Since(start)}
	if ended.failed {
		result.FunctionError = unhandled
	}
	return result
}

// serve waits for the process through both phases, init and invoke. It returns
// why the process did not answer, nil if it did.
func (e *environment) serve(in *invocation) *failure {
	if failed := e.awaitReady(); failed != nil {
		return failed
	}
	timeout := e.function.config.Timeout
	in.deadline = time.Now().Add(timeout)
	select {
	case e.work <- in:
	case <-e.exited:
		return e.ending()
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-in.over:
		e.output.settle()
		return nil
	case <-e.exited:
		return e.ending()
	case <-timer.C:
		return e.timeOut(timeout)
	}
}

// awaitReady waits until the process asks for work.
func (e *environment) awaitReady() *failure {
	select {
	case <-e.ready:
		return nil
	case <-e.exited:
		return e.ending()
	case <-time.After(initTimeout):
		return e.timeOut(initTimeout)
	}
}

// failure is an error of Lambda's own: errorType and errorMessage.
type failure struct{ kind, message string }

// timeOut kills the process.
func (e *environment) timeOut(after time.Duration) *failure {
	e.kill()
	<-e.exited
	return &failure{"Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", after.Seconds())}
}

// ending says how the process ended.
func (e *environment) ending() *failure {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waitError == nil {
		return &failure{"Runtime.ExitError", "Runtime exited without providing a reason"}
	}
	return &failure{"Runtime.ExitError", "Runtime exited with error: " + e.waitError.Error()}
}

// variables is the environment of a Lambda process. AWS_EXECUTION_ENV is not in
// it: the OS-only runtimes have none.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (f *Function) variables(root, api string) []string {
	config := f.config
	list := []string{
		"PATH=" + os.Getenv("PATH"),
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"LAMBDA_TASK_ROOT=" + root,
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"_HANDLER=bootstrap",
		"AWS_REGION=" + wire.Region,
		"AWS_DEFAULT_REGION=" + wire.Region,
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_FUNCTION_NAME=" + config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + fmt.Sprint(config.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + f.version,
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_LEVEL=INFO",
	}
	if folder := os.Getenv("TMPDIR"); folder != "" {
		list = append(list, "TMPDIR="+folder)
	}
	for name, value := range config.Environment {
		list = append(list, name+"="+value) // a later one wins
	}
	return list
}
