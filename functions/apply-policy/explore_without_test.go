package main

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sespolicy/shared/ledger"
)

// The ledger's protections. Each is disabled from outside: the table forgets an
// attribute, or forgets to check.
const (
	conditions protection = "the conditions of the writes"
	leases     protection = "the leases"
	doubts     protection = "the attempts in doubt"
	outcomes   protection = "the recorded outcomes"
	owners     protection = "the owners"
	takeovers  protection = "what a takeover took"
	made       protection = "what a resource may have put"
	deletes    protection = "the deletes of a resource"
	rollbacks  protection = "the updates of a resource"
	aliases    protection = "the other ids of a request" // in the simulator alone, as the next
	intents    protection = "the intent before the call"
	lookups    protection = "asking SES before a create"
	lastOnes   protection = "the function's last receive"
)

// forgotten is the attribute that the table loses without a protection.
var forgotten = map[protection]string{
	doubts: "Attempts", outcomes: "Outcome", owners: "Owner", takeovers: "Previous", made: "Made", deletes: "Deletes", rollbacks: "Rollbacks",
}

// forget is the item as the table keeps it.
func (p protection) forget(item attributeMap) attributeMap {
	member, ok := forgotten[p]
	if !ok || item[member] == nil {
		return item
	}
	item = maps.Clone(item)
	delete(item, member)
	if p == outcomes {
		item[member] = &types.AttributeValueMemberM{Value: attributeMap{"Kind": &types.AttributeValueMemberS{}}}
	}
	return item
}

// forgetful is the table without a protection, for the simulator.
type forgetful struct {
	without protection
	ledger.Client
}

// TransactWriteItems writes what it does not forget.
func (f forgetful) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	changed := *in
	changed.TransactItems = nil
	for _, write := range in.TransactItems {
		if write.Put != nil {
			if _, intends := write.Put.Item["Intent"]; intends && f.without == intents {
				return &dynamodb.TransactWriteItemsOutput{}, nil
			}
			if f.without == aliases && strings.HasPrefix(keyOf(write.Put.Item), "alias#") {
				continue
			}
			put := *write.Put
			put.Item = f.without.forget(put.Item)
			if f.without == leases {
				put.Item = overdue(put.Item)
			}
			if f.without == conditions {
				put.ConditionExpression, put.ExpressionAttributeValues = nil, nil
			}
			write.Put = &put
		}
		changed.TransactItems = append(changed.TransactItems, write)
	}
	return f.Client.TransactWriteItems(ctx, &changed, options...)
}

// overdue is an item whose lease has run out.
func overdue(item attributeMap) attributeMap {
	intent, ok := item["Intent"].(*types.AttributeValueMemberM)
	if !ok {
		return item
	}
	item, leased := maps.Clone(item), maps.Clone(intent.Value)
	leased["Until"] = &types.AttributeValueMemberS{Value: time.Time{}.Format(time.RFC3339Nano)}
	item["Intent"] = &types.AttributeValueMemberM{Value: leased}
	return item
}

// needed are the protections, each with a small world that breaks without it.
var needed = []struct {
	without  protection
	scenario string
}{
	{conditions, "two puts"},
	{leases, "two puts"},
	{doubts, "two puts"},
	{outcomes, "a create and its delete"},
	{owners, "a create and a later put"},
	{takeovers, "a rename and its rollback"},
	{made, "a create and its undoing"},
	{deletes, "a create and its undoing"},
	{rollbacks, "a replacement and its rollback"},
}

func TestSmallWorldsNeedEachProtection(t *testing.T) {
	for _, n := range needed {
		t.Run(string(n.without), func(t *testing.T) {
			t.Parallel()
			for i := range smallScenarios {
				if s := &smallScenarios[i]; s.name == n.scenario {
					e := exploration{scenario: s, without: n.without, copies: 1, faults: 1}
					e.run(t)
					if e.broken == "" {
						t.Fatalf("no rule is broken in %v", &e)
					}
					t.Logf("%v: %s", &e, e.broken)
					return
				}
			}
			t.Fatal("no such scenario")
		})
	}
}
