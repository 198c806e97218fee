package mapping

import (
	"context"
	"time"

	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
)

const (
	// longPoll is the longest that one receive waits.
	longPoll = 20 * time.Second
	// callTimeout is what a call to the queue may take beyond its waiting time.
	callTimeout = 10 * time.Second
	// retryQueue is the pause after a call to the queue that failed.
	retryQueue = time.Second
)

// poll receives and processes one batch after the other.
func (m *Mapping) poll(ctx context.Context) {
	for ctx.Err() == nil {
		batch, err := m.receive(ctx)
		switch {
		case ctx.Err() != nil:
			return // what was received becomes visible again
		case err != nil:
			m.observe(Event{Kind: QueueError, Err: err})
			wire.Wait(ctx, retryQueue)
		case len(batch) > 0:
			m.occupied(ctx, len(batch))
			for _, part := range m.split(batch) {
				m.process(ctx, part)
			}
			m.count(func() { m.busy-- })
		case m.surplus():
			return
		}
	}
}

func (m *Mapping) receive(ctx context.Context) ([]queue.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, longPoll+callTimeout)
	defer cancel()
	return m.config.Queue.Receive(ctx, queue.ReceiveOptions{MaxMessages: m.config.BatchSize, Wait: new(longPoll)})
}

// remove deletes the messages that the function succeeded in. What cannot be
// deleted comes back.
func (m *Mapping) remove(ctx context.Context, messages []queue.Message) {
	for _, message := range messages {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		err := m.config.Queue.Delete(ctx, message.ReceiptHandle)
		cancel()
		if err != nil {
			m.observe(Event{Kind: QueueError, Messages: []queue.Message{message}, Err: err})
			continue
		}
		m.count(func() { m.stats.Deleted++ })
	}
}
