package ledger_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	"sespolicy/shared/ledger"
)

const table = "Ledger"

// wire answers the client's requests without a network.
type wire func(*http.Request) (*http.Response, error)

func (w wire) Do(r *http.Request) (*http.Response, error) { return w(r) }

// serve is a wire to a handler.
func serve(handler http.Handler) wire {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		request := r.Clone(r.Context())
		request.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		response := recorder.Result()
		response.Request = r
		return response, nil
	}
}

func client(w wire) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://ledger.test"), HTTPClient: w,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), RetryMaxAttempts: 1,
	})
}

// newTable is a wire to an empty table.
func newTable(t *testing.T) wire {
	t.Helper()
	return createTable(t, serve(server.NewServer()))
}

func createTable(t *testing.T, w wire) wire {
	t.Helper()
	_, err := client(w).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(table), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("PK"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("SK"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("PK"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("SK"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// at is the n-th second of a day.
func at(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0).UTC() }

// bare is a put by a message that was sent in that second.
func bare(id string, second int, text string) ledger.Request {
	return ledger.Request{MessageID: id, BodyDigest: ledger.Digest(text), Sent: at(second), SenderID: "AIDA",
		Action: ledger.Put, Identity: "example.com", PolicyName: "P", Text: text}
}

func TestARequestIsAppliedOnceAndItsOutcomeKept(t *testing.T) {
	ctx := context.Background()
	l := ledger.New(client(newTable(t)), table)
	r := bare("m1", 1, `{"a":1}`)
	for range 2 {
		v, err := l.Read(ctx, []ledger.Request{r})
		if err != nil {
			t.Fatal(err)
		}
		d := v.Decide(r, nil, at(2))
		if d.Do == ledger.Repeat {
			if d.Outcome.Kind != ledger.Applied || !d.Answer || d.Letter {
				t.Errorf("got %+v", d)
			}
			break
		}
		if d.Do != ledger.Apply {
			t.Fatalf("got %+v, want Apply", d)
		}
		if err := v.Intend(ctx, r, d, at(60), at(2)); err != nil {
			t.Fatal(err)
		}
		if err := v.Settle(ctx, r, d, at(3)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := l.Status(ctx, "m1", "m2")
	if err != nil || len(found) != 1 || !found["m1"].Effect {
		t.Errorf("got %+v, %v", found, err)
	}
	history, err := l.History(ctx, ledger.Name{Identity: "example.com", PolicyName: "P"})
	if err != nil || len(history) != 1 || history[0].Text != r.Text {
		t.Errorf("got %+v, %v", history, err)
	}
}

// refused is r with a verdict found before the ledger is read.
func refused(r ledger.Request) ledger.Request {
	r.Refusal = &ledger.Outcome{Kind: ledger.Rejected, Code: "InvalidPolicy"}
	return r
}
