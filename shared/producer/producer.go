// Package producer sends requests to the request queue or the request topic, in
// batches as large as the service takes them. What the service cannot take for
// the moment is sent again, with exponential backoff.
//
// It does not check what it sends. A request may arrive twice when an answer is
// lost, which changes nothing: a request states the policy, not a change of it.
// Sending needs sqs:SendMessage or sns:Publish, and no other permission.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
package producer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const (
	maxEntries = 10 // of a batch, SQS's and SNS's limit
	// A request that the service cannot take for the moment is sent at most five
	// times, with pauses of 200 ms, doubled each time: 3 s in all.
	attempts    = 5
	firstPause  = 200 * time.Millisecond
	callTimeout = 30 * time.Second
	// tick is the pause between two batches: SQS's SentTimestamp, by which requests
	// are ordered, has milliseconds.
	tick = 2 * time.Millisecond
)

// Request is one message to send.
type Request struct {
	Body string
	// Key names what the request is about. Requests with the same key are never
	// sent in the same batch, nor in the same millisecond, so that the later one is
	// the newer one. Empty: its order does not count.
	Key        string
	Attributes map[string]types.MessageAttributeValue
}

// size is what counts against the size limit of a batch.
func (r Request) size() int {
	size := len(r.Body)
	for name, value := range r.Attributes {
		size += len(name) + len(aws.ToString(value.DataType)) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue)
	}
	return size
}

// Destination is where requests go: a [Queue] or a [Topic].
type Destination interface {
	// send makes one call with at most maxEntries requests.
	send(context.Context, []entry) (result, error)
	// maxBytes is the limit of a batch's bodies and attributes together.
	maxBytes() int
}

// entry is a request with its id in the batch, which is its position.
type entry struct {
	id string
	Request
}

// result is what a service answered to a batch, by position.
type result struct {
	sent   map[int]string // message ids
	failed []RefusedError
}

// Send sends the requests in their order, and calls done with the position and
// message id of each that the service has taken. It stops after the first batch
// that could not be sent whole, and when the context ends after the current
// batch. A request for which done was not called was not sent, unless the error
// says otherwise.
func Send(ctx context.Context, to Destination, requests []Request, done func(i int, messageID string)) error {
	for first := 0; first < len(requests); {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := first + batch(requests[first:], to.maxBytes())
		waiting := make([]int, 0, maxEntries)
		for i := first; i < end; i++ {
			waiting = append(waiting, i)
		}
		if err := sendBatch(ctx, to, requests, waiting, done); err != nil {
			return err
		}
		first = end
		if first == len(requests) {
			break
		}
		select {
		case <-time.After(tick):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// batch is how many of the requests go into one batch, at least 1: as many as fit,
// each with a key of its own.
func batch(requests []Request, maxBytes int) int {
	size, keys := 0, map[string]bool{}
	for i, r := range requests {
		size += r.size()
		switch {
		case keys[r.Key], i > 0 && (i == maxEntries || size > maxBytes):
			return i
		}
		if r.Key != "" {
			keys[r.Key] = true
		}
	}
	return len(requests)
}

// sendBatch sends the waiting requests until the service has taken all of them
// or refuses one.
func sendBatch(ctx context.Context, to Destination, requests []Request, waiting []int, done func(int, string)) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		again, refused, err := sendOnce(ctx, to, requests, waiting, done)
		switch {
		case err != nil:
			if _, answered := errors.AsType[smithy.APIError](err); answered {
				return fmt.Errorf("sending a batch of %d: %w", len(waiting), err)
			}
			return fmt.Errorf("sending a batch of %d, of which some may have arrived: %w", len(waiting), err)
		case refused != nil:
			return refused
		case len(again) == 0:
			return nil
		case attempt == attempts:
			return fmt.Errorf("%d requests of a batch were not taken in %d attempts: try again later", len(again), attempts)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
		waiting = again
	}
}

// sendOnce makes one call. It returns the positions to send again, and the
// errors of the requests that the service will never take.
func sendOnce(ctx context.Context, to Destination, requests []Request, waiting []int, done func(int, string)) (again []int, refused, err error) {
	// An interruption must not cut off a call: nobody would know what has arrived.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	entries := make([]entry, len(waiting))
	for n, i := range waiting {
		entries[n] = entry{fmt.Sprint(i), requests[i]}
	}
	answer, err := to.send(ctx, entries)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range waiting {
		if id, ok := answer.sent[i]; ok {
			done(i, id)
		}
	}
	for _, failed := range answer.failed {
		if failed.senderFault {
			refused = errors.Join(refused, &failed)
		} else {
			again = append(again, failed.Position)
		}
	}
	return again, refused, nil
}

// RefusedError is the error for a request that the service will never take.
type RefusedError struct {
	Position      int // among those to send
	Code, Message string

	senderFault bool
}

// Error is what the service said.
func (r *RefusedError) Error() string {
	return fmt.Sprintf("request %d was refused: %s: %s", r.Position+1, r.Code, r.Message)
}
