package wire

import (
	"regexp"
	"strings"
)

const maxBatch = 10

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// BatchAnswer answers a batch of SQS or SNS entry by entry. In JSON an empty
// list is left out: clients look for the member Failed.
type BatchAnswer struct {
	Successful []any          `json:",omitempty" xml:"Successful>member"`
	Failed     []BatchFailure `json:",omitempty" xml:"Failed>member"`
}

// BatchFailure is why one entry failed. Code is that of the Query protocol,
// without the service's prefix.
type BatchFailure struct {
	ID            string `json:"Id" xml:"Id"`
	Code, Message string
	SenderFault   bool
}

// Batch does each entry in order; id tells the id that the caller gave it. A
// malformed batch fails as a whole, before any entry. The prefix is that of the
// service's codes in the Query protocol.
func Batch[E any](entries []E, prefix string, id func(E) string, do func(E) (any, error)) (answer BatchAnswer, err error) {
	if err := checkBatch(entries, id); err != nil {
		err.Query = prefix + err.Code
		return answer, err
	}
	for _, e := range entries {
		result, err := do(e)
		if err == nil {
			answer.Successful = append(answer.Successful, result)
			continue
		}
		refused := AsError(err)
		code := strings.TrimPrefix(refused.QueryCode(), prefix)
		answer.Failed = append(answer.Failed, BatchFailure{id(e), code, refused.Message, refused.Side() == "Sender"})
	}
	return answer, nil
}

func checkBatch[E any](entries []E, id func(E) string) *Error {
	switch {
	case len(entries) == 0:
		return Errorf("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > maxBatch:
		return Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		switch id := id(e); {
		case !batchID.MatchString(id):
			return Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long: %q.", id)
		case seen[id]:
			return Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		default:
			seen[id] = true
		}
	}
	return nil
}
