package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	// maxRounds bounds the reads of one batch: ids, what they stand for, what
	// that names, and the policies of that.
	maxRounds = 4
	// maxTries bounds how often a read asks for keys that DynamoDB left
	// unprocessed, and how often a write that met another is made again.
	maxTries = 4
	// firstPause is before the second try; it doubles.
	firstPause = 20 * time.Millisecond
	// batchGetLimit is BatchGetItem's.
	batchGetLimit = 100
)

// attributes is an item as DynamoDB has it; nil for one that does not exist.
type attributes = map[string]types.AttributeValue

// View is what one batch knows of the ledger: the items that were read, and
// those it has written since. An item that could not be read is not absent.
type View struct {
	ledger *Ledger
	items  map[key]attributes
}

// Read reads what the requests of a batch are decided by. An error means that
// nothing can be decided; a request with items that stayed unprocessed is
// decided as Unread.
func (l *Ledger) Read(ctx context.Context, requests []Request) (*View, error) {
	v := &View{ledger: l, items: map[key]attributes{}}
	bounded := make([]Request, len(requests))
	for i, r := range requests {
		bounded[i] = r.bounded()
	}
	return v, v.read(ctx, bounded...)
}

// read reads what the view lacks to decide on the requests.
func (v *View) read(ctx context.Context, requests ...Request) error {
	return v.readUnless(ctx, func(k key) bool { _, ok := v.items[k]; return ok }, requests...)
}

// readUnless reads what the requests are decided by, except keys that are known.
func (v *View) readUnless(ctx context.Context, known func(key) bool, requests ...Request) error {
	tried := map[key]bool{}
	for range maxRounds {
		missing := map[key]bool{}
		for _, r := range requests {
			for _, k := range v.needs(r) {
				if !tried[k] && !known(k) {
					missing[k], tried[k] = true, true
				}
			}
		}
		if len(missing) == 0 {
			return nil
		}
		var keys []key
		for k := range missing {
			delete(v.items, k)
			keys = append(keys, k)
		}
		if err := v.load(ctx, keys); err != nil {
			return err
		}
	}
	return nil
}

// refresh reads again what r is decided by, and what that names now: the view may
// have older items of the latter, read for another request of the batch.
func (v *View) refresh(ctx context.Context, r Request) error {
	return v.readUnless(ctx, func(key) bool { return false }, r)
}

// needs lists the keys that r is decided by, as far as the view knows them.
func (v *View) needs(r Request) []key {
	keys := slices.Concat(r.ids(), r.aliases(), r.notification())
	if r.policy() != (Name{}) {
		keys = append(keys, policyKey(r.policy()))
	}
	var names []Name
	if r.Stack != nil {
		keys = append(keys, resourceKey(*r.Stack))
		resource, _ := get[Resource](v, resourceKey(*r.Stack))
		for _, made := range resource.Made {
			names = append(names, made.Name)
		}
	}
	for _, id := range v.roots(r) {
		keys = append(keys, requestKey(id))
	}
	entry, _ := v.entry(r)
	for _, attempt := range entry.Attempts {
		names = append(names, attempt.Name)
	}
	for _, name := range names {
		keys = append(keys, policyKey(name))
	}
	return keys
}

// ids are the keys that a message's own ids lead to.
func (r Request) ids() []key {
	keys := []key{requestKey(r.MessageID)}
	if r.SourceMessageID != "" {
		keys = append(keys, requestKey(r.SourceMessageID), aliasKey("redriven", r.SourceMessageID))
	}
	return keys
}

// roots are the message ids under which the request's entry may be, the best
// first. Only the first that exists counts.
func (v *View) roots(r Request) []string {
	roots := []string{r.MessageID}
	if r.SourceMessageID != "" {
		roots = append(roots, r.SourceMessageID)
		if a, _ := get[alias](v, aliasKey("redriven", r.SourceMessageID)); a.MessageID != "" {
			roots = append(roots, a.MessageID)
		}
	}
	for _, k := range r.aliases() {
		if a, _ := get[alias](v, k); a.MessageID != "" {
			roots = append(roots, a.MessageID)
		}
	}
	return roots
}

// entry is the entry of the request that r delivers. One that is found by the
// id on a dead letter counts only if it was written for the same body: anybody
// can put an attribute of that name on a message.
func (v *View) entry(r Request) (Entry, bool) {
	redriven := map[string]bool{}
	if r.SourceMessageID != "" {
		redriven[r.SourceMessageID] = true
		if a, _ := get[alias](v, aliasKey("redriven", r.SourceMessageID)); a.MessageID != "" {
			redriven[a.MessageID] = true
		}
	}
	for _, id := range v.roots(r) {
		entry, ok := get[Entry](v, requestKey(id))
		if !ok {
			return Entry{}, false
		}
		if entry.Version > 0 && (!redriven[id] || entry.BodyDigest == r.BodyDigest) {
			return entry, true
		}
	}
	return Entry{}, true
}

// state is what one request is decided by. Items that do not exist are zero.
type state struct {
	entry    Entry
	policies map[Name]Policy
	resource Resource
}

// state gathers the request's; false if something of it is unread.
func (v *View) state(r Request) (state, bool) {
	for _, k := range v.needs(r) {
		if _, ok := v.items[k]; !ok {
			return state{}, false
		}
	}
	s := state{policies: map[Name]Policy{}}
	var ok bool
	if s.entry, ok = v.entry(r); !ok {
		return s, false
	}
	names := []Name{r.policy()}
	if r.Stack != nil {
		if s.resource, ok = get[Resource](v, resourceKey(*r.Stack)); !ok {
			return s, false
		}
		for _, made := range s.resource.Made {
			names = append(names, made.Name)
		}
	}
	for _, attempt := range s.entry.Attempts {
		names = append(names, attempt.Name)
	}
	for _, name := range names {
		if name == (Name{}) {
			continue
		}
		policy, ok := get[Policy](v, policyKey(name))
		if !ok {
			return s, false
		}
		policy.Name = name
		s.policies[name] = policy
	}
	return s, true
}

// get is an item of the view: zero if it does not exist, false if it is unread
// or unreadable.
func get[T any](v *View, k key) (T, bool) {
	var value T
	item, ok := v.items[k]
	if !ok || item == nil {
		return value, ok
	}
	err := attributevalue.UnmarshalMap(item, &value)

	return value, err == nil
}
