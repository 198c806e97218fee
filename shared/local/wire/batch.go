package wire

import "regexp"

const maxBatch = 10

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// CheckBatch refuses what makes SQS and SNS refuse a whole batch, given the ids
// of its entries. The prefix is that of the codes in the Query protocol.
func CheckBatch(ids []string, prefix string) error {
	refuse := func(code, format string, args ...any) error {
		refused := Errorf(code, format, args...)
		refused.Query = prefix + code
		return refused
	}
	switch {
	case len(ids) == 0:
		return refuse("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ids) > maxBatch:
		return refuse("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !batchID.MatchString(id) {
			return refuse("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long: %q.", id)
		}
		if seen[id] {
			return refuse("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}
