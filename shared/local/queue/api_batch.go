package queue

import (
	"context"
	"strings"

	"sespolicy/shared/local/wire"
)

// batchID is the name of an entry within its batch.
type batchID struct {
	ID string `json:"Id"`
}

func (b batchID) id() string { return b.ID }

type batchRequest[E any] struct {
	onQueue
	Entries []E
}

// batchAnswer is the answer to every batch. An empty list is left out: clients
// look for the member Failed.
type batchAnswer struct {
	Successful []any         `json:",omitempty"`
	Failed     []failedEntry `json:",omitempty"`
}

type failedEntry struct {
	batchID
	SenderFault bool
	Code        string // as in the Query protocol, without its prefix
	Message     string
}

// batch does each entry in order. A batch that is malformed fails as a whole,
// before any entry; otherwise entries fail one by one.
func batch[E interface{ id() string }, T any](entries []E, do func(E) (T, error)) (batchAnswer, error) {
	var answer batchAnswer
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.id()
	}
	if err := wire.CheckBatch(ids, prefix); err != nil {
		return answer, err
	}
	for _, e := range entries {
		result, err := do(e)
		if err == nil {
			answer.Successful = append(answer.Successful, result)
			continue
		}
		failure := wire.AsError(err)
		answer.Failed = append(answer.Failed, failedEntry{
			batchID{e.id()}, true, strings.TrimPrefix(failure.QueryCode(), prefix), failure.Message,
		})
	}
	return answer, nil
}

type deleteRequest struct {
	onQueue
	ReceiptHandle string
}

type deleteEntry struct {
	batchID
	ReceiptHandle string
}

func deleteMessageBatch(_ context.Context, q *Queue, r batchRequest[deleteEntry]) (batchAnswer, error) {
	return batch(r.Entries, func(e deleteEntry) (batchID, error) { return e.batchID, q.delete(e.ReceiptHandle) })
}

// visibility is what ChangeMessageVisibility and an entry of its batch share.
type visibility struct {
	ReceiptHandle     string
	VisibilityTimeout *int64
}

func (v visibility) apply(q *Queue) error {
	if v.VisibilityTimeout == nil {
		return missingParameter("VisibilityTimeout")
	}
	return q.changeVisibility(v.ReceiptHandle, *duration(v.VisibilityTimeout))
}

type visibilityRequest struct {
	onQueue
	visibility
}

type visibilityEntry struct {
	batchID
	visibility
}

func changeMessageVisibilityBatch(_ context.Context, q *Queue, r batchRequest[visibilityEntry]) (batchAnswer, error) {
	return batch(r.Entries, func(e visibilityEntry) (batchID, error) { return e.batchID, e.apply(q) })
}
