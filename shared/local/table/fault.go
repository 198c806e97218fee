package table

import (
	"encoding/json"
	"net/http"
	"time"

	"sespolicy/shared/local/wire"
)

// Call is one call, as the hook of SetFault sees it.
type Call struct {
	Action string // "TransactWriteItems"
	Body   []byte // JSON
}

// Fault is what goes wrong with one call.
type Fault = wire.Fault

// Unreachable is a table that nothing reaches: the connection is closed.
func Unreachable() Fault { return Fault{Break: true} }

// Slow is a table that takes effect and answers d later.
func Slow(d time.Duration) Fault { return Fault{After: d} }

// LostAnswer is a call that takes effect and whose answer is lost.
func LostAnswer() Fault { return Fault{Act: true, Break: true} }

// ConditionFailed is a write that finds another version of its item: of a
// transaction, its first.
func ConditionFailed(call Call) Fault {
	const message = "The conditional request failed"
	var transaction struct{ TransactItems []struct{} }
	if json.Unmarshal(call.Body, &transaction) != nil || len(transaction.TransactItems) == 0 {
		return Fault{Code: "ConditionalCheckFailedException", Message: message}
	}
	reasons := make([]map[string]string, len(transaction.TransactItems))
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	reasons[0] = map[string]string{"Code": "ConditionalCheckFailed", "Message": message}
	return answering(http.StatusBadRequest, map[string]any{
		"__type":  "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"Message": "Transaction cancelled, please refer cancellation reasons for specific reasons", "CancellationReasons": reasons,
	})
}

// Unprocessed is a BatchGetItem of which DynamoDB reads nothing this time.
func Unprocessed(call Call) Fault {
	var asked struct{ RequestItems json.RawMessage }
	_ = json.Unmarshal(call.Body, &asked) // a call that cannot be read asks for nothing
	return answering(http.StatusOK, map[string]any{"Responses": map[string]any{}, "UnprocessedKeys": asked.RequestItems})
}

// answering answers in the table's place.
func answering(status int, answer any) Fault {
	return Fault{Answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the client is gone: nobody to tell
	}}
}
