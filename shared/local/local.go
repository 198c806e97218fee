// Package local runs the whole project on one machine: the queues, SES, Lambda,
// the ledger's table, and the services that send requests or receive answers,
// behind one port for any AWS client. It reads every number from template.yaml
// and runs the real executable of the function, so that what runs is what
// deploys.
//
// Each service is a package below this one. Start makes a Stack of them, the
// Stack's front passes each call to its service, and the lines that the function
// logs say what became of each message.
//
// It needs no account, no Docker and no network but the loopback interface. It
// checks no signatures and no IAM permissions, but refuses what web pages send.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/template"
	"sespolicy/shared/local/topic"
	"sespolicy/shared/local/wire"
)

// The defaults of a stack.
const (
	DefaultTemplate = "template.yaml"
	DefaultListen   = "127.0.0.1:4566"
	Account         = wire.Account
	Region          = wire.Region
)

// The logical ids of the resources that a Stack needs.
const (
	functionID    = "ApplyPolicyFunction"
	sourceID      = "RequestQueue"
	deadLettersID = "DeadLetterQueue"
)

// Config says what to run and where. Bootstrap or Build is required.
type Config struct {
	// Template is the path of the SAM template; DefaultTemplate if empty.
	Template string
	// Bootstrap is the function's executable, built for this machine.
	Bootstrap string
	// Build makes the executable if Bootstrap is empty. It is called after the
	// template and the environment were checked.
	Build func(context.Context) (bootstrap string, err error)
	// Listen is the address of the one port; DefaultListen if empty. Port 0
	// takes a free one.
	Listen string
	// Parameters are the template's, in place of their defaults.
	Parameters map[string]string
	// Environment overrides the function's environment in the template. It may
	// have the variables that the template sets, and those of the SDK and of Go.
	Environment map[string]string
	// CallInterval is SES's own limit between two calls; 1 s if 0.
	CallInterval time.Duration
	// Paused leaves the queue alone until Resume.
	Paused   bool
	Observer Observer
	// Page makes the handler of the page, which is served to browsers at / and
	// below PagePrefix. It is called before anything runs; nil is no page.
	Page func(*Stack) http.Handler
}

// Observer is told what happens while a stack runs. Each function may be nil; one
// is called at a time. They must not wait for the stack.
type Observer struct {
	Request func(Request)       // the function logged the outcome of a delivery
	Line    func(string)        // the function wrote another line, metrics aside
	Mapping func(mapping.Event) // what became of a batch
	Call    func(email.Call)    // a call to SES was answered
	Reply   func(Reply)         // a requester was told
}

// Stack is everything that runs. Its parts are exported for tests and for
// inspection: their faults can be set at any time.
type Stack struct {
	URL       string // the endpoint of all services
	Resources *template.Stack
	Queues    *queue.Server
	Email     *email.Server
	Function  *function.Function
	Topics    *topic.Server
	Bus       *bus.Server
	States    *states.Server
	Responses *response.Bucket
	Tables    *table.Server

	config      Config
	described   template.Function // the function in the template
	environment map[string]string // the function's
	page        http.Handler      // nil for none
	mapping     *mapping.Mapping
	server      *http.Server
	journal     journal
	observer    sync.Mutex // held while an observer is told
	resume      sync.Once
	polling     context.Context
	stop        context.CancelFunc
	running     sync.WaitGroup
}

// Start runs everything, and returns when the function polls for its first
// invocation. Close ends it.
func Start(ctx context.Context, config Config) (*Stack, error) {
	config.Template = cmp.Or(config.Template, DefaultTemplate)
	listener, err := listen(cmp.Or(config.Listen, DefaultListen))
	if err != nil {
		return nil, err
	}
	s := &Stack{URL: "http://" + listener.Addr().String(), config: config, journal: journal{finished: map[string]bool{}, changed: make(chan struct{})}}
	s.polling, s.stop = context.WithCancel(context.Background())
	if err := s.assemble(ctx); err != nil {
		s.stop()
		_ = listener.Close() // nothing was served yet
		return nil, err
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.running.Go(func() { _ = s.server.Serve(listener) }) // it ends with ErrServerClosed, by Close
	if err := s.Function.Warm(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if !config.Paused {
		s.Resume()
	}
	return s, nil
}

// Resume starts the polling of a stack that was started paused.
func (s *Stack) Resume() {
	s.resume.Do(func() { s.running.Go(func() { s.mapping.Run(s.polling) }) })
}

// Close ends everything: no more polling, the function's processes killed, the
// port given back.
func (s *Stack) Close() {
	s.stop()
	s.Function.Stop()
	_ = s.server.Close() // open calls get no answer
	s.running.Wait()
}

// Source is the queue that requests arrive on.
func (s *Stack) Source() *queue.Queue { return s.queueOf(sourceID) }

// DeadLetters is the dead-letter queue.
func (s *Stack) DeadLetters() *queue.Queue { return s.queueOf(deadLettersID) }

// Stats is what the event source mapping did.
func (s *Stack) Stats() mapping.Stats { return s.mapping.Stats() }

func (s *Stack) queueOf(logicalID string) *queue.Queue {
	described, _ := s.Resources.Queue(logicalID) // Start made sure that it is there
	q, _ := s.Queues.LookupARN(described.ARN)
	return q
}

// Environment is what an AWS client needs to talk to the stack: endpoint, Region
// and dummy credentials.
func (s *Stack) Environment() map[string]string {
	environment := map[string]string{"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": Region, "AWS_DEFAULT_REGION": Region}
	maps.Copy(environment, credentials)
	return environment
}

// Variable is the value that a variable of the function has; empty if it is not
// set.
func (s *Stack) Variable(name string) string { return s.environment[name] }

// credentials are what clients sign with. Signatures are not checked.
var credentials = map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}

// listen opens the port, on the loopback interface only: there is no
// authentication.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %q is not HOST:PORT such as %s: %w", address, DefaultListen, err)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("--listen %q is not on this machine's loopback interface: use 127.0.0.1, ::1 or localhost, because there is no authentication", address)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use, perhaps by another sespolicy: stop that one, or use a free port with --listen 127.0.0.1:0", address)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", address, err)
	}
	return listener, nil
}
