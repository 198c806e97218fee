// Package queue is Amazon SQS in memory, for running the whole pipeline on one
// machine and for tests in virtual time. It has standard queues only.
//
// It has two layers. The engine, [Server] and [Queue], is called in-process:
// by the event source mapping and by simulators. It uses package time and
// channels only, starts no goroutine that outlives a call, and therefore runs
// inside a testing/synctest bubble with exact virtual time. On top of it,
// [Server.ServeHTTP] speaks AWS JSON 1.0, the protocol of the AWS CLI and the
// SDKs, and for SendMessage the Query protocol too, which API Gateway sends.
//
// It follows the Amazon SQS API reference and developer guide, and where those
// are silent, what others recorded from the real service: a superseded receipt
// handle deletes nothing, but it still changes the message's visibility.
//
// It does not check signatures or queue policies, does not encrypt, does not
// throttle, limits no messages in flight, keeps messages past their retention,
// and keeps nothing on disk. Queues have no tags and no permissions.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
package queue

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local/wire"
)

// Config says how a Server is reached and what it tells.
type Config struct {
	// BaseURL is what queue URLs start with: BaseURL/ACCOUNT/NAME.
	BaseURL string
	// NewID makes the ids of messages, move tasks and requests; nil means random
	// UUIDs. A seeded simulator sets it to have the same ids in every run.
	NewID func() string
	// Sent, if set, is told the body of each message that was sent, in-process
	// and over HTTP alike. It must not call the Server.
	Sent func(body string)
}

// Server is one account's SQS in one Region. All its queues share one lock,
// which is never held while anything waits. Make one with New.
type Server struct {
	config Config
	calls  wire.Switch[Call]

	mu     sync.Mutex
	queues map[string]*Queue
	faults Faults
	serial uint64 // the last number given to a message or a receive
}

// New returns a Server without queues.
func New(config Config) *Server {
	config.BaseURL = strings.TrimSuffix(config.BaseURL, "/")
	if config.NewID == nil {
		config.NewID = wire.NewID
	}
	return &Server{config: config, queues: map[string]*Queue{}}
}

// Fault is what goes wrong with a call.
type Fault = wire.Fault

// Faults are hooks that make a Server misbehave as the real service may, or as
// a broken network would. The zero value is none. Call is called without the
// Server's lock, the others with it: those must not call the Server.
type Faults struct {
	// Call is asked before each action, in-process and over HTTP alike.
	Call func(Call) Fault
	// Duplicate is asked at each delivery. If it answers again, a second copy of
	// the message becomes visible after that time. A copy is deleted on its own,
	// like one on a server that SQS could not reach for a while.
	Duplicate func(Message) (after time.Duration, again bool)
	// Pick chooses which of the n visible messages is delivered next, 0 being
	// the one that has been visible longest.
	Pick func(n int) int
}

// Call is one action on one queue, as a fault hook sees it. Queue is empty
// for actions that name none, such as ListQueues.
type Call struct {
	Action string // "SendMessage"
	Queue  string // the queue's name
}

// SetFaults replaces the hooks, at any time.
func (s *Server) SetFaults(faults Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
	s.calls.SetFault(faults.Call)
}

// called does one in-process action under its fault, with the lock held. It fails
// for a queue that was deleted while its caller still held it.
func called[T any](ctx context.Context, q *Queue, action string, do func() (T, error)) (T, error) {
	return wire.Under(ctx, q.server.calls.FaultOf(Call{action, q.name}), func() (T, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		if q.server.queues[q.name] != q {
			var none T
			return none, missingQueue(q.name)
		}
		return do()
	})
}

// queueName is the documented form.
var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// Create makes a queue, or returns the one of that name as it is. Attributes have
// the names of the API, which are CloudFormation's too. A dead-letter queue must
// exist before the queue that names it.
func (s *Server) Create(name string, attributes map[string]string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(name, attributes)
}

func (s *Server) create(name string, attributes map[string]string) (*Queue, error) {
	if !queueName.MatchString(name) {
		return nil, fail(invalidParameterValue, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length: %q.", name)
	}
	if q, found := s.queues[name]; found {
		return q, nil
	}
	q := &Queue{server: s, name: name, entries: map[uint64]*entry{}, attributes: defaults()}
	if err := q.configure(attributes); err != nil {
		return nil, err
	}
	s.queues[name] = q
	return q, nil
}

// LookupARN finds a queue by its ARN.
func (s *Server) LookupARN(arn string) (*Queue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byARN(arn)
}

func (s *Server) byARN(arn string) (*Queue, bool) {
	name, ours := strings.CutPrefix(arn, wire.ARN("sqs", ""))
	q, found := s.queues[name]
	return q, ours && found
}

func (s *Server) next() uint64 {
	s.serial++
	return s.serial
}
