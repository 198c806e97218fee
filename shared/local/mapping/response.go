package mapping

import (
	"errors"
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
	var members map[string]jsontext.Value
	var response struct {
		Items []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := errors.Join(json.Unmarshal(payload, &members), json.Unmarshal(payload, &response)); err != nil {
		return nil, fmt.Errorf("the response is not an object with batchItemFailures, a list of item identifiers: %w", err)
	}
	if len(members) > 0 && members["batchItemFailures"] == nil {
		return nil, errors.New("the response has no member batchItemFailures")
	}
	known, failed := map[string]bool{}, map[string]bool{}
	for _, message := range batch {
		known[message.ID] = true
	}
	for i, item := range response.Items {
		if !known[item.ID] {
			return nil, fmt.Errorf("batchItemFailures/%d/itemIdentifier %q is not a message of the batch", i, item.ID)
		}
		failed[item.ID] = true
	}
	return failed, nil
}
