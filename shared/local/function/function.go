// Package function plays AWS Lambda for one function: it runs the real
// bootstrap executable behind the Lambda Runtime API, one execution environment
// per invocation in progress, and answers the Invoke API.
//
// It has what the function can observe: cold and warm starts, the deadline, a
// process that is killed at the timeout and replaced after a crash, reserved
// concurrency, Lambda's environment variables. It does not limit memory, disk or
// CPU, and has no layers, extensions, versions or asynchronous invocations.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
package function

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"sespolicy/shared/local/wire"
)

const (
	// unreserved is an account's concurrency by default, shared by the
	// functions that reserve none.
	unreserved = 1000
	// initTimeout is what Lambda gives an environment to ask for its first
	// invocation.
	initTimeout = 10 * time.Second
)

var (
	// ErrTooManyRequests is a throttled invocation: the reserved concurrency is
	// in use.
	ErrTooManyRequests = errors.New("TooManyRequestsException: Rate Exceeded")
	// ErrStopped is an invocation of a function that was stopped.
	ErrStopped = errors.New("the function was stopped")
	// errEntrypoint is an executable that could not be started.
	errEntrypoint = errors.New("starting the function's executable (was it built for this machine?)")
)

// Config is a function as it would be deployed. Bootstrap and Name are
// required.
type Config struct {
	// Bootstrap is the path of the executable; its folder is the task root.
	Bootstrap string
	Name      string
	MemoryMB  int           // 128 if 0
	Timeout   time.Duration // 3 s if 0
	// ReservedConcurrency is how many invocations run at once; 0 reserves none.
	ReservedConcurrency int
	// Environment is the function's own. Of the caller's environment the
	// process gets PATH and TMPDIR alone.
	Environment map[string]string
	// Output, if set, gets every line that the process writes, standard output
	// and standard error in the order written. Every line of an invocation
	// comes before Invoke returns. It must not call the function.
	Output func(line string)
}

// Function is a deployed function. It is safe for concurrent use.
type Function struct {
	config  Config
	version string // unique per Start: part of the log stream's name

	mu      sync.Mutex
	all     map[*environment]bool // true: ready for an invocation
	busy    int
	stopped bool
	running sync.WaitGroup
}

// Start checks that the executable is there. The first process starts with the
// first invocation, as in Lambda, or with Warm.
func Start(config Config) (*Function, error) {
	if _, err := os.Stat(config.Bootstrap); err != nil {
		return nil, fmt.Errorf("the function's executable: %w", err)
	}
	config.MemoryMB = cmp.Or(config.MemoryMB, 128)
	config.Timeout = cmp.Or(config.Timeout, 3*time.Second)
	config.ReservedConcurrency = cmp.Or(config.ReservedConcurrency, unreserved)
	return &Function{config: config, version: wire.NewID(), all: map[*environment]bool{}}, nil
}

// ARN is the function's.
func (f *Function) ARN() string {
	return wire.ARN("lambda", "function:"+f.config.Name)
}

// PIDs are the processes alive now: one per execution environment.
func (f *Function) PIDs() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	var pids []int
	for environment := range f.all {
		pids = append(pids, environment.command.Process.Pid)
	}
	slices.Sort(pids)
	return pids
}

// Stop kills the processes and waits for them. Invocations in progress answer
// ErrStopped.
func (f *Function) Stop() {
	f.mu.Lock()
	f.stopped = true
	for environment := range f.all {
		environment.kill()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// Warm starts one execution environment, if there is none, and waits until it
// asks for work: an executable that cannot start is found out here, and the
// error shows what it wrote last.
func (f *Function) Warm(ctx context.Context) error {
	environment, err := f.take()
	if err != nil {
		return err
	}
	defer f.release(environment)
	defer context.AfterFunc(ctx, environment.kill)()
	if failed := environment.awaitReady(); failed != nil {
		return fmt.Errorf("the function %s did not start: %s\n%s", f.config.Name, failed.message, environment.output.lastLines())
	}
	return nil
}

// take claims one unit of concurrency and an execution environment: one that is
// idle, or a new one.
func (f *Function) take() (*environment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
		return nil, ErrStopped
	case f.busy >= f.config.ReservedConcurrency:
		return nil, ErrTooManyRequests
	}
	for environment, idle := range f.all {
		if idle && environment.alive() {
			f.occupy(environment)
			return environment, nil
		}
	}
	fresh, err := startEnvironment(f)
	if err != nil {
		return nil, err
	}
	f.running.Go(func() {
		<-fresh.exited
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.all, fresh)
	})
	f.occupy(fresh)
	return fresh, nil
}

func (f *Function) occupy(environment *environment) {
	f.all[environment] = false
	f.busy++
	f.running.Add(1)
}

// release gives the unit of concurrency back, and keeps the environment for the
// next invocation if it lives.
func (f *Function) release(used *environment) {
	f.mu.Lock()
	f.busy--
	if _, lives := f.all[used]; lives {
		f.all[used] = true
	}
	f.mu.Unlock()
	f.running.Done()
}

func (f *Function) isStopped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stopped
}
