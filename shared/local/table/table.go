// Package table plays DynamoDB for the tables of the template. Items and
// expressions are github.com/truora/minidyn's; this package puts faults, one
// order of all calls, and the answers that minidyn lacks around its handler.
//
// Any AWS client can create, describe, list and delete tables, and read and
// write items, transactions included. Items that have expired stay: DynamoDB
// deletes them within days, so no reader may count on it. There are no backups,
// streams, throttling, or limits of item size.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/truora/minidyn/server"

	"sespolicy/shared/local/wire"
)

// TargetPrefix begins the header X-Amz-Target of a call to DynamoDB.
const TargetPrefix = "DynamoDB_20120810."

var protocol = wire.JSON{Version: "1.0"}

// Call is one call, as the hook of SetFault sees it.
type Call struct {
	Action string // "TransactWriteItems"
	Body   []byte // JSON
}

// Fault is what goes wrong with one call.
type Fault = wire.Fault

// Server serves the tables of one account and Region. It is safe for concurrent
// use; calls take effect one after the other.
type Server struct {
	wire.Switch[Call]

	mu       sync.Mutex // held while a call takes effect; minidyn is not safe by itself
	database *server.Server
	tables   map[string]bool
}

// New makes a server without tables.
func New() *Server { return &Server{database: server.NewServer(), tables: map[string]bool{}} }

// Create makes a table with two string keys and on-demand capacity.
func (s *Server) Create(name, partitionKey, sortKey string) error {
	body, err := json.Marshal(map[string]any{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []map[string]string{{"AttributeName": partitionKey, "AttributeType": "S"}, {"AttributeName": sortKey, "AttributeType": "S"}},
		"KeySchema":            []map[string]string{{"AttributeName": partitionKey, "KeyType": "HASH"}, {"AttributeName": sortKey, "KeyType": "RANGE"}},
	})
	if err != nil {
		return err
	}
	answer, err := s.act("CreateTable", body)
	if err == nil && answer.Code != http.StatusOK {
		err = errors.New(strings.TrimSpace(answer.Body.String()))
	}
	if err != nil {
		return fmt.Errorf("creating the table %s: %w", name, err)
	}
	return nil
}

// Clear deletes all items of a table: what a table that was lost and made again
// has.
func (s *Server) Clear(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.database.ClearTable(name)
}

// ServeHTTP answers a call in AWS JSON 1.0, under the fault that the hook has
// for it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	body, err := wire.Read(w, r)
	if err != nil {
		wire.Write(w, r, protocol, action, wire.NewID(), nil, err)
		return
	}
	fault := s.FaultOf(Call{Action: action, Body: body})
	if fault.Answer != nil {
		fault.Answer(w, r)
		return
	}
	answer, err := wire.Under(r.Context(), fault, func() (*httptest.ResponseRecorder, error) { return s.act(action, body) })
	if err != nil {
		wire.Write(w, r, protocol, action, wire.NewID(), nil, err)
		return
	}
	maps.Copy(w.Header(), answer.Header())
	// Clients verify it, and minidyn does not send it.
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer.Body.Bytes())), 10))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client is gone: nobody to tell
}

// act has one call take effect, and returns its answer: minidyn's, with what it
// leaves out.
func (s *Server) act(action string, body []byte) (*httptest.ResponseRecorder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if action == "ListTables" {
		return answerOf(map[string]any{"TableNames": slices.Sorted(maps.Keys(s.tables))}), nil
	}
	var call struct{ TableName string }
	_ = json.Unmarshal(body, &call) // what cannot be read names no table
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", TargetPrefix+action)
	answer := httptest.NewRecorder()
	s.database.ServeHTTP(answer, request)
	switch {
	case answer.Code == http.StatusBadRequest && strings.HasPrefix(answer.Body.String(), "unsupported operation"):
		return answer, wire.Errorf("UnknownOperationException", "%s is not served here", action)
	case answer.Code != http.StatusOK:
	case action == "CreateTable":
		s.tables[call.TableName] = true
	case action == "DeleteTable":
		delete(s.tables, call.TableName)
	case action == "DescribeTable":
		var described struct{ Table map[string]any }
		if err := json.Unmarshal(answer.Body.Bytes(), &described); err != nil {
			return answer, err
		}
		maps.DeleteFunc(described.Table, func(_ string, value any) bool { return value == nil || value == "" })
		described.Table["TableStatus"] = "ACTIVE" // clients wait for it
		described.Table["TableArn"] = wire.ARN("dynamodb", "table/"+call.TableName)
		return answerOf(described), nil
	}
	return answer, nil
}

// answerOf is an answer of our own.
func answerOf(answer any) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(answer) // a recorder takes everything
	return w
}
