// Package redrive looks at the letters on a dead-letter queue and puts them
// back on the queue they came from.
//
// SQS shows a message only by delivering it. A look therefore receives every
// message once, which hides it from other consumers and counts as a receive. It
// keeps all messages hidden until it has seen all of them, and then makes them
// visible again. A look may miss messages that another consumer has in flight;
// a Look reports how many it saw.
//
// It does not check requests, and it prints nothing: the command line does. Queues are
// standard queues.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
package redrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/message"
)

const (
	// firstHold is the visibility timeout of the first receives. When half of it
	// has passed, the look doubles it for all messages. If the program is killed,
	// the messages become visible again after at most three times as long as the
	// look had taken.
	firstHold = 30 * time.Second
	// maxHold is SQS's limit: a message stays hidden for at most 12 hours from its receive.
	maxHold = 12 * time.Hour
	// receiveWait is more than 0 for long polling, which asks all servers: an
	// empty answer then means an empty queue.
	receiveWait = 1 // seconds
	batchSize   = 10
	// callTimeout bounds one call with all its attempts.
	callTimeout = 30 * time.Second
)

// Letter is a message on the dead-letter queue, with its request as far as that
// can be read.
type Letter struct {
	deadletter.Received
	Request message.Request
	Origin  string // the envelopes, as in message.Message
}

// GroupID is the letter's message group, by which a fair queue tells tenants
// apart; usually empty.
func (l *Letter) GroupID() string {
	return l.Record.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
}

// Look is the result of looking at a dead-letter queue. All messages that it
// saw stay hidden until Release, or until their visibility timeout ends.
type Look struct {
	Letters []*Letter      // those that the filter selects, oldest first
	Seen    int            // all letters that were seen
	Codes   map[string]int // the codes of all letters that were seen, and how many have each
	// Counted is SQS's approximate number of letters before the look, and Others
	// how many of those were in flight. SQS's counts lag by up to a minute.
	Counted, Others int
	// Ended says that the queue delivered nothing more.
	Ended bool

	client    *sqs.Client
	queue     Queue
	held      map[string]string    // message id: newest receipt handle
	expires   map[string]time.Time // message id: when it is visible again at the earliest
	order     []string             // the ids, in the order they were seen
	until     time.Time            // when the first of them become visible again
	lookUntil time.Time            // when messages of a receive whose answer was lost are visible again
}

// Complete reports whether the look saw as many letters as SQS had counted.
func (l *Look) Complete() bool { return l.Ended && l.Seen >= l.Counted }

// Find looks at the letters of a queue and keeps those that the filter selects.
// It stops early when it has every id that the filter names in full. When the
// context ends, it stops after the current receive. An id of the filter that
// fits more than one letter is an *AmbiguousError. The caller must release the
// look, also after an error.
//
// Letters that SQS counted and a receive does not deliver may be hidden by an
// answer that was lost. Find waits until they are visible again, and calls
// waiting once, with their number and the time; waiting may be nil.
func Find(ctx context.Context, client *sqs.Client, from Queue, filter Filter, waiting func(letters int, until time.Time)) (*Look, error) {
	l := &Look{client: client, queue: from, held: map[string]string{}, expires: map[string]time.Time{}, Codes: map[string]int{}}
	if err := l.count(ctx); err != nil {
		return l, err
	}
	hold := firstHold
	l.until = time.Now().Add(hold)
	for (!l.Ended || l.comesBack()) && !filter.found(l.Letters) {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		if l.Ended && waiting != nil {
			waiting(l.Counted-l.Others-l.Seen, l.lookUntil)
			waiting = nil
		}
		if time.Until(l.until) < hold/2 {
			if hold *= 2; hold > maxHold/2 {
				break
			}
			if err := l.extend(ctx, hold); err != nil {
				return l, err
			}
		}
		if err := l.receive(ctx, hold, filter); err != nil {
			return l, err
		}
	}
	slices.SortStableFunc(l.Letters, func(a, b *Letter) int { return a.Sent.Compare(b.Sent) })
	var err error
	l.Letters, err = filter.choose(l.Letters)
	return l, err
}

// comesBack reports whether letters that SQS counted as visible were not seen
// and may still become visible: a receive whose answer was lost has hidden them.
func (l *Look) comesBack() bool {
	return l.Seen < l.Counted-l.Others && time.Now().Before(l.lookUntil)
}

// extend keeps all letters hidden for longer, the first seen first.
func (l *Look) extend(ctx context.Context, hold time.Duration) error {
	l.until = time.Now().Add(hold)
	for some := range slices.Chunk(l.order, batchSize) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := l.hide(ctx, some, func(int) time.Duration { return hold }); err != nil {
			return fmt.Errorf("holding the letters: %w", err)
		}
	}
	return nil
}

// call is a context for one call that an interruption must not cut off: nobody
// would know whether SQS has done it.
func call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
}

func (l *Look) count(ctx context.Context) error {
	visible, hidden, delayed := types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed
	out, err := l.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(l.queue.URL), AttributeNames: []types.QueueAttributeName{visible, hidden, delayed},
	})
	if err != nil {
		return fmt.Errorf("counting the letters: %w", err)
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // approximate: only the duration and the report depend on it
		return n
	}
	l.Others = number(hidden)
	l.Counted = number(visible) + number(delayed) + l.Others
	return nil
}

// receive receives the next letters. A standard queue may deliver a letter
// twice: only its newest receipt handle is certain to work.
func (l *Look) receive(ctx context.Context, hold time.Duration, filter Filter) error {
	ctx, cancel := call(ctx)
	defer cancel()
	asked := time.Now()
	out, err := l.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(l.queue.URL), MaxNumberOfMessages: batchSize, WaitTimeSeconds: receiveWait,
		VisibilityTimeout:           int32(hold / time.Second),
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if _, over := errors.AsType[*types.OverLimit](err); over {
		return errors.New("SQS keeps at most 120,000 messages of a queue in flight, and this look needs more: redrive the whole queue with --all")
	}
	if err != nil {
		return fmt.Errorf("receiving letters: %w", err)
	}
	if l.Ended = len(out.Messages) == 0; !l.Ended || l.lookUntil.IsZero() {
		l.lookUntil = time.Now().Add(hold + receiveWait*time.Second)
	}
	for _, m := range out.Messages {
		id := aws.ToString(m.MessageId)
		_, again := l.held[id]
		l.held[id] = aws.ToString(m.ReceiptHandle)
		l.expires[id] = asked.Add(hold)
		if again {
			continue
		}
		l.Seen++
		l.order = append(l.order, id)
		letter := &Letter{Received: deadletter.Read(m)}
		l.Codes[letter.ReasonCode()]++
		opened, _, _ := message.Open(letter.Record)
		letter.Request, letter.Origin = opened.Request, opened.Origin
		if filter.Wants(letter, time.Now()) {
			l.Letters = append(l.Letters, letter)
		}
	}
	return nil
}

// Release makes all letters that are still held visible at once, also when the
// context has ended. If that fails, the error says when they become visible by
// themselves.
func (l *Look) Release(ctx context.Context) error {
	ids := slices.DeleteFunc(l.order, func(id string) bool { return l.held[id] == "" })
	left := 0
	var last error
	for some := range slices.Chunk(ids, batchSize) {
		failed, err := l.hide(ctx, some, func(int) time.Duration { return 0 })
		if err != nil {
			last = err
		}
		left += failed
	}
	clear(l.held)
	l.order = nil
	if last != nil {
		return fmt.Errorf("%d letters stay hidden until %s: %w", left, l.until.Format(time.TimeOnly), last)
	}
	return nil
}

// hide sets how long at most ten letters stay hidden; position is the index in
// ids. A letter whose visibility SQS does not change is counted in failed: it is
// visible, or another consumer has received it.
func (l *Look) hide(ctx context.Context, ids []string, hold func(position int) time.Duration) (failed int, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	input := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(l.queue.URL)}
	asked, until := time.Now(), map[string]time.Time{}
	for i, id := range ids {
		if !asked.Before(l.expires[id]) {
			// Its receipt handle would still work, on another consumer's delivery.
			delete(l.held, id)
			failed++
			continue
		}
		until[id] = asked.Add(hold(i))
		input.Entries = append(input.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(l.held[id]), VisibilityTimeout: int32(hold(i) / time.Second),
		})
	}
	if len(input.Entries) == 0 {
		return failed, nil
	}
	out, err := l.client.ChangeMessageVisibilityBatch(ctx, input)
	if err != nil {
		return len(ids), err
	}
	maps.Copy(l.expires, until)
	return failed + len(out.Failed), nil
}
