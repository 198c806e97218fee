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
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/truora/minidyn/server"
)

// TargetPrefix begins the header X-Amz-Target of a call to DynamoDB.
const TargetPrefix = "DynamoDB_20120810."

// maxRequest is DynamoDB's limit for a request, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxRequest = 16 << 20

// Description is a table with string keys and on-demand capacity.
type Description struct {
	Name             string
	PartitionKey     string
	SortKey          string // "" if it has none
	ExpiresAttribute string // of TTL; "" if it has none
}

// Server serves the tables of one account and Region. It is safe for concurrent
// use; calls take effect one after the other.
type Server struct {
	arnPrefix string

	mu       sync.Mutex // held while a call takes effect; minidyn is not safe by itself
	database *server.Server
	tables   map[string]Description

	faultMu sync.Mutex
	fault   func(Call) Fault
}

// New makes a server without tables.
func New(account, region string) *Server {
	return &Server{arnPrefix: "arn:aws:dynamodb:" + region + ":" + account + ":table/", database: server.NewServer(), tables: map[string]Description{}}
}

// Create makes a table.
func (s *Server) Create(d Description) error {
	type attribute struct{ AttributeName, AttributeType string }
	type key struct{ AttributeName, KeyType string }
	attributes, keys := []attribute{{d.PartitionKey, "S"}}, []key{{d.PartitionKey, "HASH"}}
	if d.SortKey != "" {
		attributes, keys = append(attributes, attribute{d.SortKey, "S"}), append(keys, key{d.SortKey, "RANGE"})
	}
	body, err := json.Marshal(map[string]any{"TableName": d.Name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes, "KeySchema": keys})
	if err != nil {
		return err
	}
	answer := s.act("CreateTable", body)
	if answer.Code != http.StatusOK {
		return fmt.Errorf("creating the table %s: %s", d.Name, bytes.TrimSpace(answer.Body.Bytes()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[d.Name] = d
	return nil
}

// Clear deletes all items of a table: what a table that was lost and made again
// has.
func (s *Server) Clear(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.database.ClearTable(name)
}

// actions are those that minidyn serves.
var actions = []string{
	"BatchGetItem", "BatchWriteItem", "CreateTable", "DeleteItem", "DeleteTable", "GetItem", "PutItem",
	"Query", "Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem", "UpdateTable",
}

// ServeHTTP answers a call in AWS JSON 1.0, under the fault that the hook has
// for it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); !tooLarge {
			panic(http.ErrAbortHandler) // the client is gone
		}
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is larger than 16 MB")
		return
	}
	s.under(w, r, Call{Action: action, Body: body}, func() *httptest.ResponseRecorder { return s.act(action, body) })
}

// act has one call take effect, and returns its answer.
func (s *Server) act(action string, body []byte) *httptest.ResponseRecorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := httptest.NewRecorder()
	switch {
	case action == "ListTables":
		reply(answer, map[string]any{"TableNames": slices.Sorted(maps.Keys(s.tables))})
	case action == "DescribeTable":
		s.describeTable(answer, body)
	case action == "DescribeTimeToLive":
		s.describeTimeToLive(answer, body)
	case !slices.Contains(actions, action):
		refuse(answer, http.StatusBadRequest, "UnknownOperationException", fmt.Sprintf("%s is not served here, want one of %v", cmp.Or(action, "an empty action"), actions))
	default:
		answer = s.pass(action, body)
		s.note(action, tableName(body), answer.Code)
	}
	return answer
}

// pass hands a call to minidyn.
func (s *Server) pass(action string, body []byte) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", TargetPrefix+action)
	s.database.ServeHTTP(answer, request)
	return answer
}

// copyAnswer hands a recorded answer on, with the checksum that clients verify and
// minidyn does not send.
func copyAnswer(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer.Body.Bytes())), 10))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client is gone: nobody to tell
}

// note keeps the list of tables.
func (s *Server) note(action, name string, status int) {
	switch {
	case status != http.StatusOK:
	case action == "DeleteTable":
		delete(s.tables, name)
	case action == "CreateTable":
		s.tables[name] = Description{Name: name}
	}
}

// describeTable adds what minidyn leaves out, and clients wait for.
func (s *Server) describeTable(w http.ResponseWriter, body []byte) {
	answer := s.pass("DescribeTable", body)
	var described struct{ Table map[string]any }
	if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &described) != nil {
		copyAnswer(w, answer)
		return
	}
	maps.DeleteFunc(described.Table, func(_ string, value any) bool { return value == nil || value == "" })
	described.Table["TableStatus"] = "ACTIVE"
	described.Table["TableArn"] = s.arnPrefix + tableName(body)
	described.Table["BillingModeSummary"] = map[string]string{"BillingMode": "PAY_PER_REQUEST"}
	reply(w, described)
}

func (s *Server) describeTimeToLive(w http.ResponseWriter, body []byte) {
	described, ok := s.tables[tableName(body)]
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found: Table: "+tableName(body)+" not found")
	case described.ExpiresAttribute == "":
		reply(w, map[string]any{"TimeToLiveDescription": map[string]string{"TimeToLiveStatus": "DISABLED"}})
	default:
		reply(w, map[string]any{"TimeToLiveDescription": map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": described.ExpiresAttribute}})
	}
}

// tableName is the table of a call on one table.
func tableName(body []byte) string {
	var call struct{ TableName string }
	_ = json.Unmarshal(body, &call) // what cannot be read names no table
	return call.TableName
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(answer) // the client is gone: nobody to tell
}

// refuse is an error answer of DynamoDB.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": message})
}
