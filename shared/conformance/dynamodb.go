package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tables are the assumptions of the ledger about DynamoDB.
var tables = []Assumption{
	{"dynamodb/condition-failed", Documented, pageDDB + "API_PutItem.html",
		"A put with attribute_not_exists(PK) succeeds once, and then is refused with ConditionalCheckFailedException.",
		func(c *check) {
			in := &dynamodb.PutItemInput{TableName: c.table(), Item: row("a", "1", 1), ConditionExpression: aws.String(isNew)}
			call(c, c.tables.PutItem, in)
			c.refused(failure(c, c.tables.PutItem, in), "ConditionalCheckFailedException")
		}},
	{"dynamodb/reads-what-was-written", Documented, pageDDB + "API_BatchGetItem.html",
		"A consistent BatchGetItem returns what was written just before, in any order, and leaves out items that do not exist.",
		func(c *check) {
			table := c.tableOf(row("a", "1", 7), row("a", "2", 7))
			out := call(c, c.tables.BatchGetItem, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				*table: {ConsistentRead: aws.Bool(true), Keys: []item{key("a", "1"), key("a", "2"), key("a", "3")}},
			}})
			found, unprocessed := len(out.Responses[*table]), len(out.UnprocessedKeys[*table].Keys)
			c.want(found+unprocessed == 2, "two items", "%d, %d unprocessed", found, unprocessed)
		}},
	{"dynamodb/repeated-keys-refused", Documented, pageDDB + "API_BatchGetItem.html",
		"BatchGetItem with the same key twice is refused with ValidationException.",
		notLocal("sespolicy local reads the item once: the ledger removes repeated keys itself", func(c *check) {
			c.refused(failure(c, c.tables.BatchGetItem, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				*c.table(): {Keys: []item{key("a", "1"), key("a", "1")}},
			}}), "ValidationException")
		})},
	{"dynamodb/transaction-all-or-nothing", Documented, pageDDB + "API_TransactWriteItems.html",
		"A transaction with a condition that fails writes nothing, and its reasons are in the order of its items, None for those that were in order.",
		func(c *check) {
			table := c.tableOf(row("taken", "1", 1))
			c.canceled([]string{"None", "ConditionalCheckFailed"}, put(table, row("free", "1", 1), isNew), put(table, row("taken", "1", 2), isNew))
			c.absent(table, "free")
		}},
	{"dynamodb/transaction-with-a-version", Documented, pageDDB + "API_TransactWriteItems.html",
		"In a transaction a condition on a number, puts and a delete take effect together.",
		func(c *check) {
			table := c.tableOf(row("a", "1", 1), row("b", "1", 1))
			versioned := put(table, row("a", "1", 2), "Version = :version")
			versioned.Put.ExpressionAttributeValues = item{":version": number(1)}
			c.must(c.transact(versioned, types.TransactWriteItem{Delete: &types.Delete{TableName: table, Key: key("b", "1")}}, put(table, row("c", "1", 1), "")))
			c.canceled([]string{"ConditionalCheckFailed"}, versioned)
			c.absent(table, "b")
		}},
	{"dynamodb/one-write-per-item", Documented, pageDDB + "API_TransactWriteItems.html",
		"A transaction that writes one item twice is refused with ValidationException.",
		notLocal("sespolicy local takes the last of the two: the ledger writes an item once", func(c *check) {
			table := c.table()
			c.refused(c.transact(put(table, row("a", "1", 1), ""), put(table, row("a", "1", 2), "")), "ValidationException")
		})},
	{"dynamodb/query-in-order", Documented, pageDDB + "API_Query.html",
		"A Query returns the items of a partition in the order of the sort key's bytes, backwards with ScanIndexForward false.",
		func(c *check) {
			out := call(c, c.tables.Query, &dynamodb.QueryInput{
				TableName:      c.tableOf(row("p", "b", 1), row("p", "a", 1), row("p", "B", 1), row("p", "ä", 1)),
				ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
				KeyConditionExpression: aws.String("PK = :p"), ExpressionAttributeValues: item{":p": text("p")},
			})
			var got []string
			for _, each := range out.Items {
				if s, ok := each["SK"].(*types.AttributeValueMemberS); ok {
					got = append(got, s.Value)
				}
			}
			c.want(slices.Equal(got, []string{"ä", "b", "a", "B"}), "ä b a B", "%v", got)
		}},
	{"dynamodb/delete-of-nothing", Documented, pageDDB + "API_DeleteItem.html",
		"DeleteItem of an item that does not exist succeeds, and a deleted item is absent from a consistent read.",
		func(c *check) {
			table := c.tableOf(row("a", "1", 1))
			c.want(c.exists(table, "a"), "the item that was put", "none")
			for range 2 {
				call(c, c.tables.DeleteItem, &dynamodb.DeleteItemInput{TableName: table, Key: key("a", "1")})
			}
			c.absent(table, "a")
		}},
	{"dynamodb/expired-items-stay-a-while", Documented, "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html",
		"An expired item may be read for days until DynamoDB deletes it.",
		never("DynamoDB deletes within days; the ledger compares the time itself")},
}

// isNew is the condition of an item that does not exist.
const isNew = "attribute_not_exists(PK)"

// table makes a table like the ledger's, which is removed at the end. Tables are
// made by the checks that need one: some seconds each on AWS.
func (c *check) table() *string {
	name := c.prefix + c.name
	c.cleanup.add("table "+name, func(ctx context.Context) error {
		_, err := c.tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		if code(err) == "ResourceNotFoundException" {
			return nil // its creation was interrupted
		}
		return err
	})
	call(c, c.tables.CreateTable, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("PK"), AttributeType: "S"}, {AttributeName: aws.String("SK"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("PK"), KeyType: "HASH"}, {AttributeName: aws.String("SK"), KeyType: "RANGE"}},
	})
	if c.kind == onAccount {
		waiter := dynamodb.NewTableExistsWaiter(c.tables, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 2 * time.Second })
		c.must(waiter.Wait(c.ctx, &dynamodb.DescribeTableInput{TableName: &name}, 2*time.Minute))
	}
	return &name
}

// tableOf makes a table with items.
func (c *check) tableOf(items ...item) *string {
	table := c.table()
	for _, each := range items {
		call(c, c.tables.PutItem, &dynamodb.PutItemInput{TableName: table, Item: each})
	}
	return table
}

// item is the key and attributes of an item.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

func key(partition, sort string) item { return item{"PK": text(partition), "SK": text(sort)} }

func row(partition, sort string, version int) item {
	return item{"PK": text(partition), "SK": text(sort), "Version": number(version)}
}

// put is a put of a transaction, with a condition unless it is empty.
func put(table *string, r item, condition string) types.TransactWriteItem {
	p := &types.Put{TableName: table, Item: r}
	if condition != "" {
		p.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: p}
}

func (c *check) transact(writes ...types.TransactWriteItem) error {
	return failure(c, c.tables.TransactWriteItems, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
}

// canceled ends the check unless a transaction is canceled for these reasons.
func (c *check) canceled(want []string, writes ...types.TransactWriteItem) {
	err := c.transact(writes...)
	c.refused(err, "TransactionCanceledException")
	var got []string
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, each := range canceled.CancellationReasons {
			got = append(got, aws.ToString(each.Code))
		}
	}
	c.want(slices.Equal(got, want), fmt.Sprintf("the reasons %q", want), "%q", got)
}

// exists reports whether there is an item with the sort key 1.
func (c *check) exists(table *string, partition string) bool {
	return len(call(c, c.tables.GetItem, &dynamodb.GetItemInput{TableName: table, ConsistentRead: aws.Bool(true), Key: key(partition, "1")}).Item) > 0
}

func (c *check) absent(table *string, partition string) {
	c.want(!c.exists(table, partition), "no item "+partition, "one")
}
