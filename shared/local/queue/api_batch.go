package queue

import (
	"errors"
	"regexp"
	"strings"
)

// batchID is the name of an entry within its batch.
type batchID struct {
	ID string `json:"Id"`
}

func (b batchID) id() string { return b.ID }

// batchAnswer is the answer to every batch. An empty list is left out: clients
// look for the member Failed.
type batchAnswer[T any] struct {
	Successful []T           `json:",omitempty"`
	Failed     []failedEntry `json:",omitempty"`
}

type failedEntry struct {
	batchID
	SenderFault bool
	Code        string
	Message     string
}

const maxBatch = 10

var validBatchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch does each entry in order. A batch that is malformed fails as a whole,
// before any entry; otherwise entries fail one by one.
func batch[E interface{ id() string }, T any](entries []E, do func(E) (T, error)) (batchAnswer[T], error) {
	var answer batchAnswer[T]
	if err := checkBatch(entries); err != nil {
		return answer, err
	}
	for _, e := range entries {
		result, err := do(e)
		if err == nil {
			answer.Successful = append(answer.Successful, result)
			continue
		}
		failure, ok := errors.AsType[*Error](err)
		if !ok {
			return answer, err
		}
		answer.Failed = append(answer.Failed, failedEntry{
			batchID: batchID{e.id()}, SenderFault: true,
			Code: entryCode(failure), Message: failure.Message,
		})
	}
	return answer, nil
}

// entryCode is the short name that entries of a batch have kept from the Query
// protocol.
func entryCode(failure *Error) string {
	query, found := queryCodes[failure.Code]
	if !found {
		return failure.Code
	}
	return strings.TrimPrefix(query, "AWS.SimpleQueueService.")
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
