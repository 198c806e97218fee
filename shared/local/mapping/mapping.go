// Package mapping is the Amazon SQS event source mapping of AWS Lambda: it polls
// a queue, invokes a function with batches, deletes the messages that succeeded
// and leaves the rest to the queue's visibility timeout.
//
// It has what decides what becomes of a message: five batches at once to begin
// with, more as long as all are busy and none is throttled; a throttled batch
// that is retried until its visibility timeout has passed and then goes back
// with its receive count spent; MaximumConcurrency, at which nothing more is
// received; partial batch responses, the malformed ones included.
//
// AWS documents neither the wait between the retries of a throttled batch nor by
// how much it slows down after errors: the first is half a second, doubling to two, the
// second is left out, which makes more retries, not fewer. Filters, batching
// windows, on-failure destinations, provisioned pollers and FIFO queues are left
// out too.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
package mapping

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"sespolicy/shared/local/function"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
)

const (
	// firstPollers is how many batches run at once to begin with.
	firstPollers = 5
	// maxPollers is the most that a mapping scales to.
	maxPollers = 1250
	// growth is the pause between one more poller and the next: AWS adds up to
	// 300 a minute.
	growth = time.Minute / 300
	// maxBatch is the most messages that one receive brings.
	maxBatch = 10
)

// Function is what is invoked: a *function.Function, or a simulated one. A
// throttled invocation is function.ErrTooManyRequests.
type Function interface {
	Invoke(ctx context.Context, payload []byte) (function.Result, error)
}

// Config is an event source mapping as it would be created.
type Config struct {
	Queue    *queue.Queue
	Function Function
	// FunctionTimeout must not be above the queue's visibility timeout.
	FunctionTimeout time.Duration
	BatchSize       int // 10 if 0, which is the most without a batching window
	// MaximumConcurrency is 2 to 1000, or 0 for none.
	MaximumConcurrency int
	// ReportBatchItemFailures has the function say which messages failed.
	ReportBatchItemFailures bool
	// Observe, if set, is told what happens. Several goroutines may call it at
	// once.
	Observe func(Event)
}

// Mapping is an event source mapping. Make it with New and Run it once.
type Mapping struct {
	config Config
	limit  int // of pollers

	mu        sync.Mutex
	stats     Stats
	pollers   int
	busy      int // pollers with a batch in hand
	throttled int // of those, the ones that wait for a retry
	running   sync.WaitGroup
}

// Stats counts what a mapping did, in messages unless said otherwise.
type Stats struct {
	Received       int
	Invocations    int // that ran: throttled ones are not in it
	Throttles      int // invocations refused
	Dropped        int // went back unseen: throttled until the visibility timeout
	FunctionErrors int // invocations
	Deleted        int
	Pollers        int // now
}

// New refuses what AWS refuses to create.
func New(config Config) (*Mapping, error) {
	config.BatchSize = cmp.Or(config.BatchSize, maxBatch)
	visibility, most := config.Queue.VisibilityTimeout(), config.MaximumConcurrency
	switch {
	case visibility < config.FunctionTimeout:
		return nil, fmt.Errorf("queue visibility timeout: %.0f seconds is less than function timeout: %.0f seconds",
			visibility.Seconds(), config.FunctionTimeout.Seconds())
	case config.BatchSize < 1 || config.BatchSize > maxBatch:
		return nil, fmt.Errorf("BatchSize %d is not between 1 and %d", config.BatchSize, maxBatch)
	case most != 0 && (most < 2 || most > 1000):
		return nil, fmt.Errorf("MaximumConcurrency %d is not between 2 and 1000", most)
	}
	return &Mapping{config: config, limit: cmp.Or(most, maxPollers)}, nil
}

// Run polls until ctx is done. Then it receives no more, leaves throttled
// batches to the queue, and returns when the invocations in progress have.
func (m *Mapping) Run(ctx context.Context) {
	for range min(firstPollers, m.limit) {
		m.startPoller(ctx, 0)
	}
	<-ctx.Done()
	m.running.Wait()
}

// Stats is what was done so far.
func (m *Mapping) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	stats := m.stats
	stats.Pollers = m.pollers
	return stats
}

// startPoller adds a poller that begins after a pause.
func (m *Mapping) startPoller(ctx context.Context, pause time.Duration) {
	m.mu.Lock()
	m.pollers++
	m.mu.Unlock()
	m.running.Go(func() {
		if wire.Wait(ctx, pause) {
			m.poll(ctx)
		}
	})
}

// occupied counts a poller that has a batch in hand, and adds a poller if all
// are busy and none of them is throttled.
func (m *Mapping) occupied(ctx context.Context, messages int) {
	m.mu.Lock()
	m.busy++
	m.stats.Received += messages
	grow := m.busy == m.pollers && m.pollers < m.limit && m.throttled == 0
	m.mu.Unlock()
	if grow {
		m.startPoller(ctx, growth)
	}
}

// surplus says whether a poller that found nothing is one too many.
func (m *Mapping) surplus() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pollers <= firstPollers {
		return false
	}
	m.pollers--
	return true
}

// count changes the counters.
func (m *Mapping) count(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}
