package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// load reads keys, consistently. What stays unprocessed stays unread.
func (v *View) load(ctx context.Context, keys []key) error {
	for len(keys) > 0 {
		n := min(len(keys), batchGetLimit)
		if err := v.loadSome(ctx, keys[:n]); err != nil {
			return fmt.Errorf("reading %d items of table %s: %w", n, v.ledger.table, err)
		}
		keys = keys[n:]
	}
	return nil
}

func (v *View) loadSome(ctx context.Context, keys []key) error {
	wanted := make([]attributes, len(keys))
	for i, k := range keys {
		wanted[i] = k.attributes()
	}
	absent := map[key]bool{}
	for _, k := range keys {
		absent[k] = true
	}
	table := v.ledger.table
	ask := map[string]types.KeysAndAttributes{table: {Keys: wanted, ConsistentRead: new(true)}}
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		out, err := v.ledger.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask})
		if err != nil {
			return err
		}
		for _, item := range out.Responses[table] {
			k, ok := keyOf(item)
			if !ok || !absent[k] {
				return errors.New("an item has another key than was asked for")
			}
			v.items[k] = item
			delete(absent, k)
		}
		if ask = out.UnprocessedKeys; len(ask[table].Keys) == 0 {
			break
		}
	}
	for _, item := range ask[table].Keys {
		k, _ := keyOf(item)
		delete(absent, k)
	}
	for k := range absent {
		v.items[k] = nil
	}
	return nil
}

// pause waits before a try: not before the first, then twice as long each time.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(firstPause << (try - 1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (k key) attributes() attributes {
	return attributes{"PK": &types.AttributeValueMemberS{Value: k.PK}, "SK": &types.AttributeValueMemberS{Value: k.SK}}
}

func keyOf(item attributes) (key, bool) {
	pk, ok := item["PK"].(*types.AttributeValueMemberS)
	if !ok {
		return key{}, false
	}
	sk, ok := item["SK"].(*types.AttributeValueMemberS)
	if !ok {
		return key{}, false
	}
	return key{pk.Value, sk.Value}, true
}
