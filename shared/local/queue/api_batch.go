package queue

import (
	"context"
	"regexp"
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

const maxBatch = 10

var validBatchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch does each entry in order. A batch that is malformed fails as a whole,
// before any entry; otherwise entries fail one by one.
func batch[E interface{ id() string }, T any](entries []E, do func(E) (T, error)) (batchAnswer, error) {
	var answer batchAnswer
	if err := checkBatch(entries); err != nil {
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

func checkBatch[E interface{ id() string }](entries []E) error {
	switch {
	case len(entries) == 0:
		return failf(codeEmptyBatchRequest, "There should be at least one entry in the request.")
	case len(entries) > maxBatch:
		return failf(codeTooManyEntries, "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if !validBatchID.MatchString(e.id()) {
			return failf(codeInvalidBatchEntryID, "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long: %q.", e.id())
		}
		if seen[e.id()] {
			return failf(codeBatchEntryIDsNotDistinct, "Id %s repeated.", e.id())
		}
		seen[e.id()] = true
	}
	return nil
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
