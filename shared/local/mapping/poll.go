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
	// receiveMax is the most that one receive brings.
	receiveMax = 10
	// callTimeout is what a call to the queue may take beyond its waiting time.
	callTimeout = 10 * time.Second
	// retryQueue is the pause after a call to the queue that failed.
	retryQueue = time.Second
)

// poll receives and processes one batch after the other.
func (m *Mapping) poll(ctx context.Context) {
	for ctx.Err() == nil {
		batch, err := m.gather(ctx)
		if ctx.Err() != nil {
			return // what was received becomes visible again
		}
		if err != nil {
			m.observe(Event{Kind: QueueError, Err: err})
		}
		switch {
		case err != nil && len(batch) == 0:
			wire.Wait(ctx, retryQueue)
		case len(batch) > 0:
			m.occupied(ctx, len(batch))
			m.deliver(ctx, batch)
			m.count(func() { m.busy-- })
		case m.surplus():
			return
		}
	}
}

// gather receives until the batch is full or its window is over. After an error
// it returns what it has.
func (m *Mapping) gather(ctx context.Context) ([]queue.Message, error) {
	batch, err := m.receive(ctx, m.config.BatchSize, longPoll)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	until := time.Now().Add(m.config.Window)
	for len(batch) < m.config.BatchSize {
		left := time.Until(until)
		if left <= 0 {
			break
		}
		more, err := m.receive(ctx, m.config.BatchSize-len(batch), min(left, longPoll))
		if err != nil {
			return batch, err
		}
		batch = append(batch, more...)
	}
	return batch, nil
}

func (m *Mapping) receive(ctx context.Context, most int, wait time.Duration) ([]queue.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+callTimeout)
	defer cancel()
	return m.config.Queue.Receive(ctx, queue.ReceiveOptions{MaxMessages: min(most, receiveMax), Wait: &wait})
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
