package queue

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"
)

// maxVisibility is how long a message can stay in flight in one receive.
const maxVisibility = 12 * time.Hour

// handle returns the receipt handle of one receive of one message.
func (q *Queue) handle(e *entry) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s/%d/%d/%d", q.name, q.id, e.key, e.receipt))
}

// find returns the entry that a receipt handle names, and whether the handle is
// that of its newest receive. The entry is nil if the message is gone.
func (q *Queue) find(handle string) (e *entry, newest bool, err error) {
	if err := q.exists(); err != nil {
		return nil, false, err
	}
	if handle == "" {
		return nil, false, missingParameter("ReceiptHandle")
	}
	var id, key, receipt uint64
	text, err := base64.StdEncoding.DecodeString(handle)
	if err == nil {
		_, err = fmt.Sscanf(string(text), q.name+"/%d/%d/%d", &id, &key, &receipt)
	}
	if err != nil || id != q.id {
		return nil, false, failf(codeReceiptHandleIsInvalid, "The input receipt handle %q is not a valid receipt handle for queue %s.", handle, q.name)
	}
	e = q.entries[key]
	return e, e != nil && e.receipt == receipt, nil
}

// Delete deletes the message that was received under the handle. The handle of
// an earlier receive gets the same answer, but deletes nothing: SQS documents
// that it may not delete, and that loses nothing.
func (q *Queue) Delete(ctx context.Context, receiptHandle string) error {
	_, err := under(ctx, q.server, Call{"DeleteMessage", q.name}, func() (nothing, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return nothing{}, q.delete(receiptHandle)
	})
	return err
}

func (q *Queue) delete(handle string) error {
	now := time.Now()
	q.advance(now)
	e, newest, err := q.find(handle)
	if err != nil || !newest {
		return err
	}
	q.take(e)
	q.settle(now)
	return nil
}

// ChangeVisibility makes a message visible after a timeout from now, 0 meaning
// at once, at most 12 h after its newest receive. As recorded from the real
// service, the handle need not be that receive's, nor the message in flight: a
// late call for one delivery acts on the next one, and hides a visible message.
func (q *Queue) ChangeVisibility(ctx context.Context, receiptHandle string, timeout time.Duration) error {
	_, err := under(ctx, q.server, Call{"ChangeMessageVisibility", q.name}, func() (nothing, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return nothing{}, q.changeVisibility(receiptHandle, timeout)
	})
	return err
}

func (q *Queue) changeVisibility(handle string, timeout time.Duration) error {
	if err := checkRange(seconds(timeout), "VisibilityTimeout", 0, seconds(maxVisibility)); err != nil {
		return err
	}
	now := time.Now()
	q.advance(now)
	e, _, err := q.find(handle)
	switch {
	case err != nil:
		return err
	case e == nil:
		return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case now.Add(timeout).Sub(e.receivedAt) > maxVisibility:
		return invalidValue(seconds(timeout), "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	case e.State == InFlight || timeout > 0:
		q.hide(e, now.Add(timeout))
	}
	q.settle(now)
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
