package queue

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"
)

// maxVisibility is how long a message can stay in flight in one receive.
const maxVisibility = 12 * time.Hour

// handle names one receive of one message.
func (q *Queue) handle(e *entry) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s/%d/%d/%d", q.name, q.id, e.key, e.receipt))
}

// find returns the entry that a receipt handle names: nil when it is gone, or
// has been received again, since then the older handle names nothing.
func (q *Queue) find(handle string) (*entry, error) {
	if err := q.exists(); err != nil {
		return nil, err
	}
	if handle == "" {
		return nil, missingParameter("ReceiptHandle")
	}
	var id, key, receipt uint64
	text, err := base64.StdEncoding.DecodeString(handle)
	if err == nil {
		_, err = fmt.Sscanf(string(text), q.name+"/%d/%d/%d", &id, &key, &receipt)
	}
	if err != nil || id != q.id {
		return nil, failf(codeReceiptHandleIsInvalid, "The input receipt handle %q is not a valid receipt handle for queue %s.", handle, q.name)
	}
	if e := q.entries[key]; e != nil && e.receipt == receipt {
		return e, nil
	}
	return nil, nil
}

// Delete deletes the message that was received under the handle. An old handle
// is answered like a good one, but deletes nothing. On a FIFO queue a handle
// whose visibility timeout is over is refused.
func (q *Queue) Delete(ctx context.Context, receiptHandle string) error {
	_, err := act(ctx, q.server, Call{"DeleteMessage", q.name}, func() (struct{}, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return struct{}{}, q.delete(receiptHandle)
	})
	return err
}

func (q *Queue) delete(handle string) error {
	now := time.Now()
	q.advance(now)
	e, err := q.find(handle)
	if err != nil || e == nil {
		return err
	}
	if q.fifo && e.State != InFlight {
		return invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.")
	}
	q.take(e)
	q.settle(now)
	return nil
}

// ChangeVisibility makes a message in flight visible after a timeout from now,
// 0 meaning at once. It cannot keep a message from others for more than 12 h
// from its receive.
func (q *Queue) ChangeVisibility(ctx context.Context, receiptHandle string, timeout time.Duration) error {
	_, err := act(ctx, q.server, Call{"ChangeMessageVisibility", q.name}, func() (struct{}, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return struct{}{}, q.changeVisibility(receiptHandle, timeout)
	})
	return err
}

func (q *Queue) changeVisibility(handle string, timeout time.Duration) error {
	if timeout < 0 || timeout > maxVisibility {
		return invalidValue(seconds(timeout), "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
	}
	now := time.Now()
	q.advance(now)
	e, err := q.find(handle)
	switch {
	case err != nil:
		return err
	case e == nil:
		return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case e.State != InFlight:
		return failf(codeMessageNotInflight, "The message referred to by the receipt handle isn't in flight: its visibility timeout is over.")
	case now.Add(timeout).Sub(e.receivedAt) > maxVisibility:
		return invalidValue(seconds(timeout), "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	q.hide(e, now.Add(timeout))
	q.settle(now)
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
