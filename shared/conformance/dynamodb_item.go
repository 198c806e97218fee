package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(partition, sort string) item { return item{"PK": text(partition), "SK": text(sort)} }

func row(partition, sort string, version int) item {
	r := key(partition, sort)
	r["Version"] = &types.AttributeValueMemberN{Value: strconv.Itoa(version)}
	return r
}

// put is a put of a transaction, with a condition unless it is empty.
func put(table string, r item, condition string) types.TransactWriteItem {
	p := &types.Put{TableName: &table, Item: r}
	if condition != "" {
		p.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: p}
}

func (w *world) putItem(ctx context.Context, table string, r item, condition string) error {
	in := &dynamodb.PutItemInput{TableName: &table, Item: r}
	if condition != "" {
		in.ConditionExpression = &condition
	}
	_, err := w.tables.PutItem(ctx, in)
	return err
}

// transact writes a transaction. A canceled one is no error but its reasons.
func (w *world) transact(ctx context.Context, writes ...types.TransactWriteItem) (*types.TransactionCanceledException, error) {
	_, err := w.tables.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return canceled, nil
	}
	return nil, err
}

func reasons(canceled *types.TransactionCanceledException) []string {
	if canceled == nil {
		return []string{"success"}
	}
	var codes []string
	for _, each := range canceled.CancellationReasons {
		codes = append(codes, aws.ToString(each.Code))
	}
	return codes
}

// absent is an error if an item with the sort key 1 exists.
func (w *world) absent(ctx context.Context, table, partition string) error {
	out, err := w.tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, ConsistentRead: aws.Bool(true), Key: key(partition, "1")})
	if err == nil && len(out.Item) > 0 {
		return differs("no item "+partition, "one")
	}
	return err
}

// differsIf is a difference if it is one.
func differsIf(different bool, expected, got string) error {
	if !different {
		return nil
	}
	return &difference{expected, got}
}
