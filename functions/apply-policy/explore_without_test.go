package main

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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
