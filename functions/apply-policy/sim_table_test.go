package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sespolicy/shared/local/table"
)

// memoryTable is the ledger's table for a hundred thousand requests: the two
// operations that the function uses, with the two conditions of its writes, at
// the same cost however much is in it. Everything else uses shared/local/table.
type memoryTable struct {
	mu    sync.Mutex
	items map[string]json.RawMessage // by key
}

type tableKey struct{ PK, SK struct{ S string } }

type tableItem struct {
	tableKey
	Version struct{ N string }
}

func (k tableKey) String() string { return k.PK.S + "\x00" + k.SK.S }

func (m *memoryTable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body) // what is missing does not parse
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var answer any
	status := http.StatusOK
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), table.TargetPrefix) {
	case "BatchGetItem":
		answer = m.get(body)
	case "TransactWriteItems":
		answer, status = m.write(body)
	default:
		status = http.StatusNotImplemented
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client is gone: nobody to tell
}

func (m *memoryTable) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.items)
}

func (m *memoryTable) get(body []byte) any {
	var asked struct {
		RequestItems map[string]struct{ Keys []tableKey }
	}
	_ = json.Unmarshal(body, &asked)
	found := map[string][]json.RawMessage{}
	for name, keys := range asked.RequestItems {
		for _, k := range keys.Keys {
			if item, ok := m.items[k.String()]; ok {
				found[name] = append(found[name], item)
			}
		}
	}
	return map[string]any{"Responses": found, "UnprocessedKeys": map[string]any{}}
}

func (m *memoryTable) write(body []byte) (any, int) {
	var asked struct {
		TransactItems []struct {
			Put *struct {
				Item                      json.RawMessage
				ConditionExpression       string
				ExpressionAttributeValues map[string]struct{ N string }
			}
			Delete *struct{ Key tableKey }
		}
	}
	_ = json.Unmarshal(body, &asked)
	changed, reasons, failed := map[string]json.RawMessage{}, []map[string]string{}, false
	for _, each := range asked.TransactItems {
		reason := map[string]string{"Code": "None"}
		if each.Delete != nil {
			changed[each.Delete.Key.String()] = nil
			reasons = append(reasons, reason)
			continue
		}
		var item, before tableItem
		_ = json.Unmarshal(each.Put.Item, &item)
		current, exists := m.items[item.String()]
		_ = json.Unmarshal(current, &before)
		holds := true
		switch each.Put.ConditionExpression {
		case "attribute_not_exists(PK)":
			holds = !exists
		case "Version = :version":
			holds = exists && before.Version.N == each.Put.ExpressionAttributeValues[":version"].N
		}
		if !holds {
			failed = true
			reason = map[string]string{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
		}
		reasons = append(reasons, reason)
		changed[item.String()] = each.Put.Item
	}
	if failed {
		return map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "Transaction cancelled", "CancellationReasons": reasons}, http.StatusBadRequest
	}
	for k, item := range changed {
		if item == nil {
			delete(m.items, k)
		} else {
			m.items[k] = item
		}
	}
	return map[string]any{}, http.StatusOK
}

// The two tables say and store the same, whatever the ledger writes.
func TestTheMemoryTableIsATable(t *testing.T) {
	tables := []http.Handler{newTable(t), &memoryTable{items: map[string]json.RawMessage{}}}
	d := rand.New(rand.NewPCG(1, 1))
	answered := map[int]int{}
	for range 400 {
		var writes, keys []string
		for i := range 1 + d.IntN(3) {
			key := fmt.Sprintf(`{"PK":{"S":"p%d"},"SK":{"S":"s%d"}}`, d.IntN(3), i)
			keys = append(keys, key)
			item := strings.TrimSuffix(key, "}") + fmt.Sprintf(`,"Version":{"N":"%d"},"Text":{"S":"%d"}}`, 1+d.IntN(2), d.Int())
			put := `{"Put":{"TableName":"Ledger","Item":` + item
			switch d.IntN(6) {
			case 0:
				writes = append(writes, put+`}}`)
			case 1:
				writes = append(writes, `{"Delete":{"TableName":"Ledger","Key":`+key+`}}`)
			case 2, 3:
				writes = append(writes, put+`,"ConditionExpression":"attribute_not_exists(PK)"}}`)
			default:
				writes = append(writes, put+fmt.Sprintf(`,"ConditionExpression":"Version = :version","ExpressionAttributeValues":{":version":{"N":"%d"}}}}`, 1+d.IntN(2)))
			}
		}
		status, codes := make([]int, 2), make([]string, 2)
		read := make([]string, 2)
		for i, each := range tables {
			var answer struct{ CancellationReasons []struct{ Code string } }
			status[i], _ = callTable(each, "TransactWriteItems", `{"TransactItems":[`+strings.Join(writes, ",")+`]}`, &answer)
			codes[i], _, _ = strings.Cut(fmt.Sprint(answer.CancellationReasons), "ConditionalCheckFailed") // minidyn looks no further
			var found struct {
				Responses map[string][]map[string]map[string]string
			}
			_, _ = callTable(each, "BatchGetItem", `{"RequestItems":{"Ledger":{"ConsistentRead":true,"Keys":[`+strings.Join(keys, ",")+`]}}}`, &found)
			read[i] = fmt.Sprint(len(found.Responses["Ledger"]))
			for _, item := range found.Responses["Ledger"] {
				read[i] += " " + fmt.Sprint(item)
			}
		}
		answered[status[0]]++
		if status[0] != status[1] || codes[0] != codes[1] || read[0] != read[1] {
			t.Fatalf("%v\nanswered %v %v\nread %v", writes, status, codes, read)
		}
	}
	if len(answered) != 2 {
		t.Errorf("answered %v, want writes that were taken and writes that were cancelled", answered)
	}
}

func callTable(on http.Handler, action, body string, answer any) (int, error) {
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader([]byte(body)))
	request.Header.Set("X-Amz-Target", table.TargetPrefix+action)
	recorder := httptest.NewRecorder()
	on.ServeHTTP(recorder, request)
	return recorder.Code, json.Unmarshal(recorder.Body.Bytes(), answer)
}
