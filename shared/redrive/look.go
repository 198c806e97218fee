// Package redrive looks at the letters on a dead-letter queue and puts them
// back on the queue they came from.
//
// SQS has no way to look at a message without taking it. Whoever looks hides it
// from all others for a while and counts as a receive, so a look takes every
// message once, holds them until it has seen all, and then gives them back.
// Whether it has seen all is never certain: a message may be in other hands,
// and on a FIFO queue at most ten of a message group can be seen, because the
// group gives out nothing more while one of its messages is in flight. A Look
// says how much it saw.
//
// It does not check requests and does not talk to people: the command line does.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
package redrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/message"
)

const (
	// firstHold is for how long a look hides what it takes. When half of that is
	// over it holds all for twice as long: should it be killed, they come back
	// after that, or about three times as long as it had looked.
	firstHold = 30 * time.Second
	// maxHold is the longest that SQS hides a message from its receive on.
	maxHold = 12 * time.Hour
	// receiveWait makes a receive ask all servers, so that an empty answer means
	// an empty queue.
	receiveWait = 1 // seconds
	batchSize   = 10
	// callTimeout is the longest that one call may take, its attempts together.
	callTimeout = 30 * time.Second
)

// Queue is an SQS queue.
type Queue struct{ URL, ARN string }

// FIFO reports whether it is a FIFO queue.
func (q Queue) FIFO() bool { return strings.HasSuffix(q.URL, ".fifo") }

// Letter is a letter on the dead-letter queue, and what it asks for as far as
// that can be read.
type Letter struct {
	deadletter.Received
	Request message.Request
	Origin  string // the envelopes, as in message.Message
}

// GroupID is the letter's message group; empty on a standard queue.
func (l *Letter) GroupID() string {
	return l.Record.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
}

func (l *Letter) sequence() string {
	return l.Record.Attributes[string(types.MessageSystemAttributeNameSequenceNumber)]
}

// Look is what was seen of a dead-letter queue. What it has seen is hidden from
// others until Release, or until the time is up.
type Look struct {
	Letters []*Letter // those that were wanted, oldest first
	Seen    int       // all that were seen
	// Counted is about how many letters SQS counted before, those in Others'
	// hands included. SQS's counts lag behind by up to a minute.
	Counted, Others int
	// Ended says that the look came to the end of what the queue gives out.
	Ended bool

	client    *sqs.Client
	queue     Queue
	held      map[string]string    // the newest receipt handle of each message id
	expires   map[string]time.Time // when each is visible again at the earliest
	order     []string             // the ids, in the order they were seen
	until     time.Time            // when the first of them come back
	lookUntil time.Time            // by then all is back that a receive whose answer was lost has hidden
}

// Complete reports whether there is no sign that a letter was not seen.
func (l *Look) Complete() bool { return l.Ended && l.Seen >= l.Counted }

// Find looks at the letters of a queue and keeps those that the filter wants.
// When the context ends it stops after the receive in hand. The look must be
// released, also when there is an error.
func Find(ctx context.Context, client *sqs.Client, from Queue, filter Filter) (*Look, error) {
	l := &Look{client: client, queue: from, held: map[string]string{}, expires: map[string]time.Time{}}
	if err := l.count(ctx); err != nil {
		return l, err
	}
	hold := firstHold
	l.until = time.Now().Add(hold)
	for (!l.Ended || l.comesBack()) && !filter.found(l.Letters) {
		if err := ctx.Err(); err != nil {
			return l, err
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
	slices.SortStableFunc(l.Letters, func(a, b *Letter) int {
		return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.sequence(), b.sequence()))
	})
	return l, nil
}

// comesBack reports whether letters are missing that were visible when they were
// counted, and may yet come back: an answer that was lost on its way hides its
// letters for as long as any receive. A FIFO queue gives out no more than it did.
func (l *Look) comesBack() bool {
	return !l.queue.FIFO() && l.Seen < l.Counted-l.Others && time.Now().Before(l.lookUntil)
}

// extend holds all that was seen, the first seen first.
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

// call is a context for one call that an interruption must not cut off: what
// SQS has done of it would not be known.
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
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // about: nothing depends on it but the time and the report
		return n
	}
	l.Others = number(hidden)
	l.Counted = number(visible) + number(delayed) + l.Others
	return nil
}

// receive takes the next letters. One that is seen again (a standard queue may
// deliver twice) is held by its newest receipt handle, the only one sure to work.
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
		return errors.New("SQS hides at most 120,000 messages of a queue at a time, and this look would hide more: redrive the whole queue")
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
		opened, _, _ := message.Open(letter.Record)
		letter.Request, letter.Origin = opened.Request, opened.Origin
		if filter.Wants(letter, time.Now()) {
			l.Letters = append(l.Letters, letter)
		}
	}
	return nil
}

// Release gives back what is still held, at once, also when the context has
// ended. What SQS does not take back comes by itself; the error says when.
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
		return fmt.Errorf("%d letters stay hidden until %s, when SQS gives them back by itself: %w", left, l.until.Format(time.TimeOnly), last)
	}
	return nil
}

// hide sets how long the letters stay hidden, ten at most; position is that of
// the letter in ids. A letter that SQS does not hide for us is counted and no error:
// it is in other hands, or it is visible.
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
