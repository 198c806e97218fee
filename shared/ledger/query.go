package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Status finds requests by their message ids, of SQS or of SNS. Ids that the
// ledger does not know are not in the result. A request without an outcome is
// still under way.
func (l *Ledger) Status(ctx context.Context, ids ...string) (map[string]Entry, error) {
	v := &View{ledger: l, items: map[key]attributes{}}
	var keys []key
	for _, id := range ids {
		keys = append(keys, requestKey(id), notificationKey(id), aliasKey("redriven", id))
	}
	if err := v.load(ctx, unique(keys)); err != nil {
		return nil, err
	}
	roots := map[string]string{}
	keys = nil
	for _, id := range ids {
		roots[id] = id
		for _, k := range []key{aliasKey("redriven", id), notificationKey(id)} {
			if a, _ := get[alias](v, k); a.MessageID != "" && v.items[requestKey(id)] == nil {
				roots[id] = a.MessageID
				keys = append(keys, requestKey(a.MessageID))
			}
		}
	}
	if err := v.load(ctx, unique(keys)); err != nil {
		return nil, err
	}
	found := map[string]Entry{}
	for id, root := range roots {
		entry, ok := get[Entry](v, requestKey(root))
		if !ok {
			return nil, fmt.Errorf("reading request %q: the item stayed unread", id)
		}
		if entry.Version > 0 {
			found[id] = entry
		}
	}
	return found, nil
}

// unique drops repeated keys, which BatchGetItem refuses.
func unique(keys []key) []key {
	slices.SortFunc(keys, func(a, b key) int { return compareKeys(a, b) })
	return slices.Compact(keys)
}

func compareKeys(a, b key) int {
	switch {
	case a == b:
		return 0
	case a.PK < b.PK, a.PK == b.PK && a.SK < b.SK:
		return -1
	}
	return 1
}

// Policy is the current record of a policy; false if none was settled.
func (l *Ledger) Policy(ctx context.Context, name Name) (Policy, bool, error) {
	v := &View{ledger: l, items: map[key]attributes{}}
	p, err := v.policy(ctx, name)
	return p, p.known(), err
}

func (v *View) policy(ctx context.Context, name Name) (Policy, error) {
	if err := v.load(ctx, []key{policyKey(name)}); err != nil {
		return Policy{}, err
	}
	p, ok := get[Policy](v, policyKey(name))
	if !ok {
		return p, fmt.Errorf("reading the policy %s of %s: the item stayed unread", name.PolicyName, name.Identity)
	}
	return p, nil
}

// History is the records of a policy, the current one first, at most 51.
func (l *Ledger) History(ctx context.Context, name Name) ([]Record, error) {
	p, known, err := l.Policy(ctx, name)
	if err != nil || !known {
		return nil, err
	}
	history := []Record{p.Record}
	for version, err := range query[Version](ctx, l, versionsOf(name), false) {
		if err != nil {
			return nil, err
		}
		history = append(history, version.Record)
	}
	return history, nil
}

// All yields the current records of all policies, deletions too.
func (l *Ledger) All(ctx context.Context) iter.Seq2[Policy, error] {
	return func(yield func(Policy, error) bool) {
		for p, err := range query[Policy](ctx, l, policies, true) {
			if (err != nil || p.known()) && !yield(p, err) {
				return
			}
		}
	}
}

// query yields the items of a partition, page by page. An error is the last.
func query[T any](ctx context.Context, l *Ledger, partition string, forward bool) iter.Seq2[T, error] {
	input := dynamodb.QueryInput{
		TableName: &l.table, ConsistentRead: new(true), ScanIndexForward: &forward,
		KeyConditionExpression:    new("PK = :partition"),
		ExpressionAttributeValues: attributes{":partition": &types.AttributeValueMemberS{Value: partition}},
	}
	return func(yield func(T, error) bool) {
		pages := dynamodb.NewQueryPaginator(l.client, &input)
		for pages.HasMorePages() {
			var none T
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(none, fmt.Errorf("querying table %s: %w", l.table, err))
				return
			}
			for _, item := range page.Items {
				var value T
				if err := attributevalue.UnmarshalMap(item, &value); err != nil {
					yield(none, fmt.Errorf("reading an item of table %s: %w", l.table, err))
					return
				}
				if !yield(value, nil) {
					return
				}
			}
		}
	}
}

// Release gives up a stack's ownership of a policy and returns the owner it
// had; nil if it had none. ErrChanged: the function wrote at the same time.
func (l *Ledger) Release(ctx context.Context, name Name, now time.Time) (*Owner, error) {
	v := &View{ledger: l, items: map[key]attributes{}}
	p, err := v.policy(ctx, name)
	if err != nil || p.Owner == nil {
		return nil, err
	}
	owner := p.Owner
	t := v.begin(state{policies: map[Name]Policy{}}, Request{}, now)
	p.Owner, p.Previous = nil, nil
	t.set(p)
	return owner, v.commit(ctx, t)
}
