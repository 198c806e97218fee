package table_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
)

// start is a server with one table, and the SDK's own client.
func start(t *testing.T) (*table.Server, *dynamodb.Client) {
	t.Helper()
	s := table.New()
	if err := s.Create("Ledger", "PK", "SK"); err != nil {
		t.Fatal(err)
	}
	return s, dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String("http://127.0.0.1"), Region: "us-east-1", HTTPClient: wire.Client{Handler: s},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
		Retryer: aws.NopRetryer{},
	})
}

func key(pk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: pk}, "SK": &types.AttributeValueMemberS{Value: "policy"}}
}

// transaction puts items on condition that they are not there.
func transaction(pks ...string) *dynamodb.TransactWriteItemsInput {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, pk := range pks {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String("Ledger"), Item: key(pk), ConditionExpression: aws.String("attribute_not_exists(PK)"),
		}})
	}
	return in
}

// keys are the partition keys of the items that are there.
func keys(t *testing.T, client *dynamodb.Client) []string {
	t.Helper()
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("Ledger")})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, item := range out.Items {
		found = append(found, item["PK"].(*types.AttributeValueMemberS).Value)
	}
	slices.Sort(found)
	return found
}

func code(err error) string {
	if known, ok := errors.AsType[smithy.APIError](err); ok {
		return known.ErrorCode()
	}
	return ""
}

func TestTransactionsAreWholeOrNothing(t *testing.T) {
	_, client := start(t)
	if _, err := client.TransactWriteItems(t.Context(), transaction("a", "b")); err != nil {
		t.Fatal(err)
	}
	_, err := client.TransactWriteItems(t.Context(), transaction("c", "a"))
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || aws.ToString(cancelled.CancellationReasons[1].Code) != "ConditionalCheckFailed" {
		t.Errorf("got %v, want a transaction that the second condition cancelled", err)
	}
	if got := keys(t, client); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got items %v, want a and b", got)
	}
	batch, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"Ledger": {Keys: []map[string]types.AttributeValue{key("a"), key("z")}, ConsistentRead: aws.Bool(true)},
	}})
	if err != nil || len(batch.Responses["Ledger"]) != 1 {
		t.Errorf("got %v, %v, want one item", batch, err)
	}
}

func TestDescribesTheTable(t *testing.T) {
	s, client := start(t)
	described, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("Ledger")})
	if err != nil || len(described.Table.KeySchema) != 2 || described.Table.TableStatus != types.TableStatusActive {
		t.Errorf("got %+v, %v, want two keys and ACTIVE", described, err)
	}
	list, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil || !slices.Equal(list.TableNames, []string{"Ledger"}) {
		t.Errorf("got %+v, %v, want Ledger", list, err)
	}
	if _, err := client.ListBackups(t.Context(), &dynamodb.ListBackupsInput{}); code(err) != "UnknownOperationException" {
		t.Errorf("got %v for an action that is not served", err)
	}
	if s.Create("Ledger", "PK", "SK") == nil {
		t.Error("created a table twice")
	}
}

func TestLostTable(t *testing.T) {
	s, client := start(t)
	if _, err := client.TransactWriteItems(t.Context(), transaction("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Clear("Ledger"); err != nil || len(keys(t, client)) != 0 {
		t.Errorf("cleared: %v, left %v", err, keys(t, client))
	}
	if _, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("Ledger")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.TransactWriteItems(t.Context(), transaction("a")); code(err) != "ResourceNotFoundException" {
		t.Errorf("got %v, want ResourceNotFoundException", err)
	}
}

// Each fault ends as the client would see it of DynamoDB, after the time it takes.
func TestFaults(t *testing.T) {
	always := func(f table.Fault) func(table.Call) table.Fault {
		return func(table.Call) table.Fault { return f }
	}
	for _, test := range []struct {
		reason string
		fault  func(table.Call) table.Fault
		code   string // of the error; "" with failed is an error without one
		failed bool
		takes  time.Duration
		acts   bool
	}{
		{"none", nil, "", false, 0, true},
		{"unreachable", always(table.Fault{Break: true}), "", true, 0, false},
		{"slow", always(table.Fault{After: 3 * time.Second}), "", false, 3 * time.Second, true},
		{"slow on the way there", always(table.Fault{Before: time.Second}), "", false, time.Second, true},
		{"the write succeeded and its answer is lost", always(table.Fault{Act: true, Break: true}), "", true, 0, true},
		{"throttled", always(table.Fault{Code: "ThrottlingException"}), "ThrottlingException", true, 0, false},
		{"no answer until the client gives up", always(table.Fault{Hang: true}), "", true, time.Minute, false},
		{"gone before it arrives", always(table.Fault{Before: 2 * time.Minute}), "", true, time.Minute, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, client := start(t)
			s.SetFault(test.fault)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := client.TransactWriteItems(ctx, transaction("a", "b"))
			if (err != nil) != test.failed || code(err) != test.code {
				t.Errorf("%s: got %v, want failed %v with code %q", test.reason, err, test.failed, test.code)
			}
			if took := time.Since(began); took != test.takes {
				t.Errorf("%s: took %v, want %v", test.reason, took, test.takes)
			}
			s.SetFault(nil)
			if got := len(keys(t, client)) == 2; got != test.acts {
				t.Errorf("%s: took effect: %v, want %v", test.reason, got, test.acts)
			}
		})
	}
}

// A fault may answer in the table's place.
func TestAnswerOfAFault(t *testing.T) {
	s, client := start(t)
	s.SetFault(func(call table.Call) table.Fault {
		if call.Action != "BatchGetItem" {
			return table.Fault{}
		}
		return table.Fault{Answer: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"Responses":{},"UnprocessedKeys":{"Ledger":{"Keys":[{"PK":{"S":"a"}}]}}}`) // a recorder takes everything
		}}
	})
	batch, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"Ledger": {Keys: []map[string]types.AttributeValue{key("a")}},
	}})
	if err != nil || len(batch.UnprocessedKeys["Ledger"].Keys) != 1 || len(batch.Responses) != 0 {
		t.Errorf("got %+v, %v, want one unprocessed key", batch, err)
	}
}

// The SDK logs a warning for every answer without it.
func TestAnswersCarryTheirChecksum(t *testing.T) {
	s, _ := start(t)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"TableName":"Ledger","Key":{"PK":{"S":"a"},"SK":{"S":"policy"}}}`))
	r.Header.Set("X-Amz-Target", table.TargetPrefix+"GetItem")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got, want := w.Header().Get("X-Amz-Crc32"), fmt.Sprint(crc32.ChecksumIEEE(w.Body.Bytes())); got != want || w.Code != http.StatusOK {
		t.Errorf("status %d: got %q, want %q", w.Code, got, want)
	}
}
