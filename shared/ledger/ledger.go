package ledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// BatchGetItemAPIClient reads items by their keys.
type BatchGetItemAPIClient interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// TransactWriteItemsAPIClient writes items together or not at all.
type TransactWriteItemsAPIClient interface {
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// QueryAPIClient reads the items of one partition.
type QueryAPIClient interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Client is what the ledger needs of DynamoDB. The role needs the permissions
// dynamodb:BatchGetItem, PutItem, DeleteItem and Query on the table.
type Client interface {
	BatchGetItemAPIClient
	TransactWriteItemsAPIClient
	QueryAPIClient
}

var (
	// ErrChanged says that another instance changed what the decision was made
	// from. Nothing was written; the view has the new state. Decide again.
	ErrChanged = errors.New("the ledger has changed since it was read")
	// ErrLost says that the lease of a call has run out and another instance has
	// taken it. Nothing was written; the message must come again.
	ErrLost = errors.New("the lease on the policy was lost")
)

// Ledger is one table, as one instance of the function sees it. Its zero fields
// have the defaults of the function. It may be used concurrently.
type Ledger struct {
	client   Client
	table    string
	instance string

	// SharePolicies lets anybody write a stack's policy
	// (PROTECT_STACK_POLICIES=false).
	SharePolicies bool
	// Same reports whether two policy texts mean the same. SES rewrites what it
	// stores. The default compares JSON values.
	Same func(a, b string) bool
}

// New is the ledger in that table, for an instance of its own.
func New(client Client, table string) *Ledger {
	return &Ledger{client: client, table: table, instance: rand.Text(), Same: sameJSON}
}

// sameJSON compares two texts as JSON values, whatever the order of members.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	left, _ := json.Marshal(x)
	right, _ := json.Marshal(y)
	return string(left) == string(right)
}
