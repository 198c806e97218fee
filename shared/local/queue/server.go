package queue

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says whose queues a Server holds, and how they are named.
type Config struct {
	Account   string // twelve digits
	Region    string
	Partition string // "aws" when empty
	// BaseURL is what queue URLs start with: BaseURL/ACCOUNT/NAME.
	BaseURL string
	// NewID makes message and request ids; nil means random UUIDs. A seeded
	// simulator sets it to have the same ids in every run.
	NewID func() string
}

// Server is one account's SQS in one Region. All its queues share one lock,
// which is never held while anything waits. Make one with New.
type Server struct {
	config Config

	mu      sync.Mutex
	queues  map[string]*Queue
	deleted map[string]time.Time // by queue name, when it was deleted
	faults  Faults
	serial  uint64 // the last number given to a queue, a message or a task
}

// New returns a Server without queues.
func New(config Config) *Server {
	config.Partition = cmp.Or(config.Partition, "aws")
	config.BaseURL = strings.TrimSuffix(config.BaseURL, "/")
	if config.NewID == nil {
		config.NewID = newUUID
	}
	return &Server{config: config, queues: map[string]*Queue{}, deleted: map[string]time.Time{}}
}

// deletedRecently is how long the name of a deleted queue stays taken.
const deletedRecently = 60 * time.Second

// queueName is the documented form: 1 to 80 characters, the suffix included.
var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// Create makes a queue, or returns the one of that name if its attributes are
// the same. Attributes have the names of the API, which are CloudFormation's
// too. A dead-letter queue must exist before the queue that names it.
func (s *Server) Create(name string, attributes map[string]string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(name, attributes, nil)
}

func (s *Server) create(name string, attributes, tags map[string]string) (*Queue, error) {
	fifo := attributes["FifoQueue"] == "true"
	if err := checkName(name, fifo); err != nil {
		return nil, err
	}
	now := time.Now()
	if q, found := s.queues[name]; found {
		if !q.hasAttributes(attributes) {
			return nil, failf(codeQueueNameExists, "A queue already exists with the same name and a different value for some attribute: %s", name)
		}
		return q, nil
	}
	if at, found := s.deleted[name]; found && now.Sub(at) < deletedRecently {
		return nil, failf(codeQueueDeletedRecently, "You must wait 60 seconds after deleting a queue before you can create another with the same name: %s", name)
	}
	q := &Queue{
		server: s, name: name, fifo: fifo, id: s.next(),
		created: now, modified: now,
		entries: map[uint64]*entry{}, hidden: timeline{slot: hiding}, aging: timeline{slot: aging},
		groups: map[string]*group{}, seen: map[string]duplicate{}, tags: maps.Clone(tags),
	}
	if err := q.configure(attributes, true); err != nil {
		return nil, err
	}
	delete(s.deleted, name)
	s.queues[name] = q
	return q, nil
}

func checkName(name string, fifo bool) error {
	if fifo && !strings.HasSuffix(name, ".fifo") {
		return failf(codeInvalidParameterValue, "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length: %q.", name)
	}
	stem := name
	if fifo {
		stem = strings.TrimSuffix(name, ".fifo")
	}
	if !queueName.MatchString(stem) || len(name) > 80 {
		return failf(codeInvalidParameterValue, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. Only the name of a FIFO queue (attribute FifoQueue=true) ends with .fifo: %q.", name)
	}
	return nil
}

// Lookup finds a queue by its name.
func (s *Server) Lookup(name string) (*Queue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, found := s.queues[name]
	return q, found
}

// LookupARN finds a queue by its ARN.
func (s *Server) LookupARN(arn string) (*Queue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byARN(arn)
}

func (s *Server) byARN(arn string) (*Queue, bool) {
	name, ours := strings.CutPrefix(arn, s.arn(""))
	q, found := s.queues[name]
	return q, ours && found
}

// Queues returns all queues, by name.
func (s *Server) Queues() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sorted()
}

func (s *Server) sorted() []*Queue {
	return slices.SortedFunc(maps.Values(s.queues), func(a, b *Queue) int { return strings.Compare(a.name, b.name) })
}

// remove deletes a queue with all it holds. Whoever waits on it is told.
func (s *Server) remove(q *Queue) {
	delete(s.queues, q.name)
	s.deleted[q.name] = time.Now()
	q.discard()
	for _, w := range q.waiters {
		w.done <- received{err: missingQueue(q.name)}
	}
	q.waiters = nil
	q.disarm()
	for _, task := range q.tasks {
		task.end(taskFailed, codeQueueDoesNotExist.name)
	}
}

func (s *Server) arn(name string) string {
	return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", s.config.Partition, s.config.Region, s.config.Account, name)
}

func (s *Server) url(name string) string {
	return s.config.BaseURL + "/" + s.config.Account + "/" + name
}

func (s *Server) next() uint64 {
	s.serial++
	return s.serial
}

// newUUID returns a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
