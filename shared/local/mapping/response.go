package mapping

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/queue"
)

// failures reads a partial batch response: the ids of the messages that failed.
// An error is a complete failure: nothing may be deleted.
//
// Complete success: an empty or null list, an empty object, null. Complete
// failure: an identifier that is unknown, empty, null or under another key, and
// what is not such a response at all. Of an object with other members alone AWS
// does not say what it takes it for; here it is a failure, which loses nothing.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func failures(payload []byte, batch []queue.Message) (map[string]bool, error) {
	var response map[string]jsontext.Value
	if err := json.Unmarshal(payload, &response); err != nil {
		return nil, fmt.Errorf("the response is not a JSON object: %w", err)
	}
	if len(response) == 0 {
		return nil, nil
	}
	list, ok := response["batchItemFailures"]
	if !ok {
		return nil, fmt.Errorf("the response has no member batchItemFailures")
	}
	var items []struct {
		ItemIdentifier *string `json:"itemIdentifier"`
	}
	if err := json.Unmarshal(list, &items); err != nil {
		return nil, fmt.Errorf("batchItemFailures is not a list of item identifiers: %w", err)
	}
	known := map[string]bool{}
	for _, message := range batch {
		known[message.ID] = true
	}
	failed := map[string]bool{}
	for i, item := range items {
		id := item.ItemIdentifier
		switch {
		case id == nil:
			return nil, fmt.Errorf("batchItemFailures/%d has no itemIdentifier", i)
		case !known[*id]:
			return nil, fmt.Errorf("batchItemFailures/%d/itemIdentifier %q is not a message of the batch", i, *id)
		}
		failed[*id] = true
	}
	return failed, nil
}
