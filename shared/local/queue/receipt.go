package queue

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"
)

// maxVisibility is how long a message can stay in flight in one receive, in
// seconds: 12 h.
const maxVisibility = 43_200

// handle returns the receipt handle of one receive of one message.
func (q *Queue) handle(e *entry) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s/%d/%d", q.name, e.key, e.receipt))
}

// find returns the entry that a receipt handle names, and whether the handle is
// that of its newest receive. The entry is nil if the message is gone.
func (q *Queue) find(handle string) (e *entry, newest bool, err error) {
	var key, receipt uint64
	text, err := base64.StdEncoding.DecodeString(handle)
	if err == nil {
		_, err = fmt.Sscanf(string(text), q.name+"/%d/%d", &key, &receipt)
	}
	if err != nil {
		return nil, false, fail(receiptHandleIsInvalid, "The input receipt handle %q is not a valid receipt handle for queue %s.", handle, q.name)
	}
	e = q.entries[key]
	return e, e != nil && e.receipt == receipt, nil
}

// Delete deletes the message that was received under the handle. The handle of
// an earlier receive gets the same answer, but deletes nothing: SQS documents
// that it may not delete, and that loses nothing.
func (q *Queue) Delete(ctx context.Context, receiptHandle string) error {
	_, err := called(ctx, q, "DeleteMessage", func() (any, error) {
		return deleteMessage(ctx, q, parameters{ReceiptHandle: receiptHandle})
	})
	return err
}

func deleteMessage(_ context.Context, q *Queue, p parameters) (any, error) {
	e, newest, err := q.find(p.ReceiptHandle)
	if newest {
		q.take(e)
	}
	return done{p.ID}, err
}

// ChangeVisibility makes a message visible after a timeout from now in whole
// seconds, 0 meaning at once, at most 12 h after its newest receive. As recorded
// from the real service, the handle need not be that receive's, nor the message
// in flight: a late call for one delivery acts on the next one, and hides a
// visible message.
func (q *Queue) ChangeVisibility(ctx context.Context, receiptHandle string, timeout time.Duration) error {
	_, err := called(ctx, q, "ChangeMessageVisibility", func() (any, error) {
		return changeMessageVisibility(ctx, q, parameters{ReceiptHandle: receiptHandle, VisibilityTimeout: seconds(&timeout)})
	})
	return err
}

func changeMessageVisibility(_ context.Context, q *Queue, p parameters) (any, error) {
	if p.VisibilityTimeout == nil {
		return nil, missingParameter("VisibilityTimeout")
	}
	if err := checkRange(p.VisibilityTimeout, "VisibilityTimeout", 0, maxVisibility); err != nil {
		return nil, err
	}
	now, timeout := time.Now(), *duration(p.VisibilityTimeout)
	e, _, err := q.find(p.ReceiptHandle)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, invalidValue(p.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case now.Add(timeout).Sub(e.receivedAt) > maxVisibility*time.Second:
		return nil, invalidValue(*p.VisibilityTimeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	case timeout > 0 || e.state(now) == InFlight:
		q.leave(e)
		q.queueUp(e, now.Add(timeout))
	}
	q.settle(now)
	return done{p.ID}, nil
}

// seconds is a parameter in the unit of the API; nil if it is absent.
func seconds(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	return new(int64(*d / time.Second))
}
