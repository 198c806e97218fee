package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// items are the keys and attributes of an item.
type item = map[string]types.AttributeValue

// tables are the assumptions of the ledger about DynamoDB.
func tables() []Assumption {
	return []Assumption{
		{
			Name: "dynamodb/condition-failed", Sure: Documented, Source: pageDDB + "API_PutItem.html",
			Statement: "A put with attribute_not_exists(PK) succeeds once, and then is refused with ConditionalCheckFailedException.",
			Check: onTable("condition", func(ctx context.Context, w *world, table string) error {
				if err := w.putItem(ctx, table, row("a", "1", 1), "attribute_not_exists(PK)"); err != nil {
					return err
				}
				return refusedWith(w.putItem(ctx, table, row("a", "1", 1), "attribute_not_exists(PK)"), "ConditionalCheckFailedException")
			}),
		},
		{
			Name: "dynamodb/reads-what-was-written", Sure: Documented, Source: pageDDB + "API_BatchGetItem.html",
			Statement: "A consistent BatchGetItem returns what was written just before, in any order, and leaves out items that do not exist.",
			Check: onTable("batch", func(ctx context.Context, w *world, table string) error {
				for _, sort := range []string{"1", "2"} {
					if err := w.putItem(ctx, table, row("a", sort, 7), ""); err != nil {
						return err
					}
				}
				out, err := w.tables.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
					table: {ConsistentRead: aws.Bool(true), Keys: []item{key("a", "1"), key("a", "2"), key("a", "3")}},
				}})
				if err == nil && len(out.Responses[table])+len(out.UnprocessedKeys[table].Keys) != 2 {
					err = differs("two items", "%d, %d unprocessed", len(out.Responses[table]), len(out.UnprocessedKeys[table].Keys))
				}
				return err
			}),
		},
		{
			Name: "dynamodb/repeated-keys-refused", Sure: Documented, Source: pageDDB + "API_BatchGetItem.html",
			Statement: "BatchGetItem with the same key twice is refused with ValidationException.",
			NotLocal:  "sespolicy local reads the item once: the ledger removes repeated keys itself",
			Check: onTable("repeated", func(ctx context.Context, w *world, table string) error {
				_, err := w.tables.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
					table: {Keys: []item{key("a", "1"), key("a", "1")}},
				}})
				return refusedWith(err, "ValidationException")
			}),
		},
		{
			Name: "dynamodb/transaction-all-or-nothing", Sure: Documented, Source: pageDDB + "API_TransactWriteItems.html",
			Statement: "A transaction with a condition that fails writes nothing, and its reasons are in the order of its items, None for those that were in order.",
			Check: onTable("transaction", func(ctx context.Context, w *world, table string) error {
				if err := w.putItem(ctx, table, row("taken", "1", 1), ""); err != nil {
					return err
				}
				canceled, err := w.transact(ctx, put(table, row("free", "1", 1), "attribute_not_exists(PK)"), put(table, row("taken", "1", 2), "attribute_not_exists(PK)"))
				if err != nil {
					return err
				}
				if got := reasons(canceled); !slices.Equal(got, []string{"None", "ConditionalCheckFailed"}) {
					return differs("the reasons None and ConditionalCheckFailed", "%v", got)
				}
				return w.absent(ctx, table, "free")
			}),
		},
		{
			Name: "dynamodb/transaction-with-a-version", Sure: Documented, Source: pageDDB + "API_TransactWriteItems.html",
			Statement: "In a transaction a condition on a number, puts and a delete take effect together.",
			Check: onTable("version", func(ctx context.Context, w *world, table string) error {
				for _, partition := range []string{"a", "b"} {
					if err := w.putItem(ctx, table, row(partition, "1", 1), ""); err != nil {
						return err
					}
				}
				versioned := put(table, row("a", "1", 2), "Version = :version")
				versioned.Put.ExpressionAttributeValues = item{":version": &types.AttributeValueMemberN{Value: "1"}}
				gone := types.TransactWriteItem{Delete: &types.Delete{TableName: &table, Key: key("b", "1")}}
				if canceled, err := w.transact(ctx, versioned, gone, put(table, row("c", "1", 1), "")); err != nil || canceled != nil {
					return errors.Join(err, differsIf(canceled != nil, "success", "TransactionCanceledException"))
				}
				canceled, err := w.transact(ctx, versioned)
				if err != nil {
					return err
				}
				if got := reasons(canceled); !slices.Equal(got, []string{"ConditionalCheckFailed"}) {
					return differs("ConditionalCheckFailed for the old version", "%v", got)
				}
				return w.absent(ctx, table, "b")
			}),
		},
		{
			Name: "dynamodb/one-write-per-item", Sure: Documented, Source: pageDDB + "API_TransactWriteItems.html",
			Statement: "A transaction that writes one item twice is refused with ValidationException.",
			NotLocal:  "sespolicy local takes the last of the two: the ledger writes an item once",
			Check: onTable("twice", func(ctx context.Context, w *world, table string) error {
				_, err := w.transact(ctx, put(table, row("a", "1", 1), ""), put(table, row("a", "1", 2), ""))
				return refusedWith(err, "ValidationException")
			}),
		},
		{
			Name: "dynamodb/query-in-order", Sure: Documented, Source: pageDDB + "API_Query.html",
			Statement: "A Query returns the items of a partition in the order of the sort key's bytes, backwards with ScanIndexForward false.",
			Check: onTable("query", func(ctx context.Context, w *world, table string) error {
				for _, sort := range []string{"b", "a", "B", "ä"} {
					if err := w.putItem(ctx, table, row("p", sort, 1), ""); err != nil {
						return err
					}
				}
				out, err := w.tables.Query(ctx, &dynamodb.QueryInput{
					TableName: &table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
					KeyConditionExpression: aws.String("PK = :p"), ExpressionAttributeValues: item{":p": text("p")},
				})
				if err != nil {
					return err
				}
				var got []string
				for _, each := range out.Items {
					if s, ok := each["SK"].(*types.AttributeValueMemberS); ok {
						got = append(got, s.Value)
					}
				}
				if want := []string{"ä", "b", "a", "B"}; !slices.Equal(got, want) {
					return differs("ä b a B", "%v", got)
				}
				return nil
			}),
		},
		{
			Name: "dynamodb/delete-of-nothing", Sure: Documented, Source: pageDDB + "API_DeleteItem.html",
			Statement: "DeleteItem of an item that does not exist succeeds, and a deleted item is absent from a consistent read.",
			Check: onTable("delete", func(ctx context.Context, w *world, table string) error {
				if err := w.putItem(ctx, table, row("a", "1", 1), ""); err != nil {
					return err
				}
				out, err := w.tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, ConsistentRead: aws.Bool(true), Key: key("a", "1")})
				if err != nil || len(out.Item) == 0 {
					return errors.Join(err, differsIf(err == nil, "the item that was put", "none"))
				}
				for range 2 {
					if _, err := w.tables.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key("a", "1")}); err != nil {
						return err
					}
				}
				return w.absent(ctx, table, "a")
			}),
		},
		{
			Name: "dynamodb/expired-items-stay-a-while", Sure: Documented, Source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html",
			Statement: "An expired item may be read for days until DynamoDB deletes it.",
			Check:     never("DynamoDB deletes within days; the ledger compares the time itself"),
		},
	}
}

// onTable runs a check on a table of its own. Tables are made by the checks that
// need one: some seconds each on AWS.
func onTable(name string, check func(ctx context.Context, w *world, table string) error) func(context.Context, *world) (string, error) {
	return func(ctx context.Context, w *world) (string, error) {
		table, err := w.makeTable(ctx, name)
		if err != nil {
			return "", err
		}
		return "", check(ctx, w, table)
	}
}

// makeTable makes a table like the ledger's, which is removed at the end.
func (w *world) makeTable(ctx context.Context, name string) (string, error) {
	name = w.prefix + name
	w.cleanup.add("table "+name, func(ctx context.Context) error {
		_, err := w.tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		if code(err) == "ResourceNotFoundException" {
			return nil // its creation was interrupted
		}
		return err
	})
	_, err := w.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("PK"), AttributeType: "S"}, {AttributeName: aws.String("SK"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("PK"), KeyType: "HASH"}, {AttributeName: aws.String("SK"), KeyType: "RANGE"}},
	})
	if err != nil || w.kind != onAccount {
		return name, err
	}
	waiter := dynamodb.NewTableExistsWaiter(w.tables, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 2 * time.Second })
	return name, waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, 2*time.Minute)
}
