package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is one item to write.
type item interface{ head() *header }

func (h *header) head() *header { return h }

// Intend records that SES is about to be called for d, an Apply, and takes the
// policy's lease until then. ErrChanged: decide again. Any other error: the
// message must come again, and SES is not called.
func (v *View) Intend(ctx context.Context, r Request, d Decision, until, now time.Time) error {
	r = r.bounded()
	if len(d.Change.Text) > maxText {
		return fmt.Errorf("a policy of %d bytes is not recorded, expected at most %d", len(d.Change.Text), maxText)
	}
	s, ok := v.state(r)
	if !ok {
		return errors.New("the ledger's items are unread")
	}
	t := v.begin(s, r, now)
	t.intend(d, until)
	return v.commit(ctx, t)
}

// Settle records that SES has taken the change of d, which was intended.
// ErrLost: another instance has taken the lease.
func (v *View) Settle(ctx context.Context, r Request, d Decision, now time.Time) error {
	return v.insist(ctx, r, now, func(t *transition) error {
		if !t.holds(d.Change.Name) {
			return ErrLost
		}
		t.settle(d)
		return nil
	})
}

// Withdraw ends the lease of a request that must come again, if it has one, and
// records why: an outcome without a Kind. inDoubt says that the call had no
// answer, so it may still take effect.
func (v *View) Withdraw(ctx context.Context, r Request, cause Outcome, inDoubt bool, now time.Time) error {
	return v.insist(ctx, r, now, func(t *transition) error {
		t.yield(inDoubt)
		if t.entry.Outcome.Kind != "" {
			t.entryDue = len(t.touched) > 0
			return nil
		}
		t.open()
		t.end(Outcome{Code: cause.Code, Message: cause.Message})
		return nil
	})
}

// Finish records the outcome of d, a Finish. ErrChanged: decide again.
func (v *View) Finish(ctx context.Context, r Request, d Decision, now time.Time) error {
	r = r.bounded()
	s, ok := v.state(r)
	if !ok {
		return errors.New("the ledger's items are unread")
	}
	t := v.begin(s, r, now)
	if d.Outcome.Code == AlreadyAnswered {
		t.aliasTo = t.entry.MessageID
		return v.commit(ctx, t)
	}
	t.open()
	t.entry.Attempts = nil
	t.end(d.Outcome)
	t.note()
	t.release()
	return v.commit(ctx, t)
}

// Record records an outcome that was not decided here: a refusal by SES,
// RetriesExhausted, AnswerUndelivered. inDoubt says that a call may still take
// effect; its intent stays recorded. It is idempotent.
func (v *View) Record(ctx context.Context, r Request, o Outcome, inDoubt bool, now time.Time) error {
	return v.insist(ctx, r, now, func(t *transition) error {
		t.open()
		t.yield(inDoubt)
		t.end(o)
		t.note()
		return nil
	})
}

// NoteLetter records that the dead letter was sent.
func (v *View) NoteLetter(ctx context.Context, r Request, now time.Time) error {
	return v.insist(ctx, r, now, func(t *transition) error {
		t.touch()
		t.entry.Letter = true
		return nil
	})
}

// NoteAnswer records that the requester was told, or can never be. An effect whose
// answer was undelivered is a plain effect once the requester was told.
func (v *View) NoteAnswer(ctx context.Context, r Request, a Answer, now time.Time) error {
	return v.insist(ctx, r, now, func(t *transition) error {
		t.touch()
		t.entry.Answer = a
		if a == Told && t.entry.Outcome.Code == AnswerUndelivered {
			t.entry.Outcome.Code, t.entry.Outcome.Message = "", ""
		}
		return nil
	})
}

// insist makes a change that does not depend on a decision: when the ledger has
// changed, it is computed again.
func (v *View) insist(ctx context.Context, r Request, now time.Time, change func(*transition) error) error {
	r = r.bounded()
	err := ErrChanged
	for try := 0; try < maxTries && errors.Is(err, ErrChanged); try++ {
		if pauseErr := pause(ctx, try); pauseErr != nil {
			return pauseErr
		}
		s, ok := v.state(r)
		if !ok {
			if readErr := v.refresh(ctx, r); readErr != nil {
				return readErr
			}
			if s, ok = v.state(r); !ok {
				return errors.New("the ledger's items are unread")
			}
		}
		t := v.begin(s, r, now)
		if changeErr := change(t); changeErr != nil {
			return changeErr
		}
		err = v.commit(ctx, t)
	}
	return err
}

// commit writes the transition's items in one transaction, each on condition
// that it is what was read. ErrChanged: it is not, and the view has been read
// again. After any other error the items count as unread.
func (v *View) commit(ctx context.Context, t *transition) error {
	id := rand.Text()
	var writes []types.TransactWriteItem
	written := map[key]attributes{}
	items := t.items()
	if t.aliasTo != "" {
		for _, k := range v.missingAliases(t) {
			items = append(items, &alias{header: header{PK: k.PK, SK: k.SK, ExpiresAt: t.now.Add(keepRequests).Unix()}, MessageID: t.aliasTo})
		}
	}
	for _, i := range items {
		put, k, err := v.ledger.put(i, id)
		if err != nil {
			return err
		}
		writes = append(writes, types.TransactWriteItem{Put: put})
		written[k] = put.Item
	}
	if len(writes) == 0 {
		return nil
	}
	for _, k := range t.trimmed {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &v.ledger.table, Key: k.attributes()}})
	}
	if err := v.transact(ctx, writes, id); err != nil {
		for k := range written {
			delete(v.items, k)
		}
		if !errors.Is(err, ErrChanged) {
			return fmt.Errorf("writing %d items to table %s: %w", len(writes), v.ledger.table, err)
		}
		if readErr := v.refresh(ctx, t.Request); readErr != nil {
			return readErr
		}
		return err
	}
	for k, item := range written {
		v.items[k] = item
	}
	return nil
}

// missingAliases are the aliases of the request that are not there.
func (v *View) missingAliases(t *transition) []key {
	var missing []key
	for _, k := range append(t.aliases(), t.notification()...) {
		if a, _ := get[alias](v, k); a.MessageID == "" {
			missing = append(missing, k)
		}
	}
	return missing
}

// put is the write of an item, on condition that it has the version that was
// read.
func (l *Ledger) put(i item, id string) (*types.Put, key, error) {
	h := i.head()
	read := h.Version
	h.Version, h.Write = read+1, id
	k := key{h.PK, h.SK}
	attributes, err := attributevalue.MarshalMap(i)
	if err != nil {
		return nil, k, fmt.Errorf("marshaling an item: %w", err)
	}
	put := &types.Put{TableName: &l.table, Item: attributes}
	if _, ok := i.(*Version); ok {
		return put, k, nil // the policy's own condition decides who writes it
	}
	put.ConditionExpression = new("attribute_not_exists(PK)")
	if read > 0 {
		put.ConditionExpression = new("Version = :version")
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":version": &types.AttributeValueMemberN{Value: strconv.FormatInt(read, 10)}}
	}
	return put, k, nil
}

// transact writes, and asks what is there when the answer does not say: a write
// whose answer was lost has happened if the first item carries its id.
func (v *View) transact(ctx context.Context, writes []types.TransactWriteItem, id string) error {
	var err error
	for try := range maxTries {
		if pauseErr := pause(ctx, try); pauseErr != nil {
			return errors.Join(pauseErr, err)
		}
		_, err = v.ledger.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes, ClientRequestToken: &id})
		if err == nil || ctx.Err() != nil {
			return err
		}
		first, _ := keyOf(writes[0].Put.Item)
		if readErr := v.loadSome(ctx, []key{first}); readErr != nil {
			return errors.Join(err, readErr)
		}
		if h, ok := get[header](v, first); ok && h.Write == id {
			return nil
		}
		canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
		switch {
		case !ok:
			return err
		case failedCondition(canceled):
			return ErrChanged
		}
	}
	return err
}

// failedCondition tells a condition that failed from transactions that met.
func failedCondition(canceled *types.TransactionCanceledException) bool {
	for _, reason := range canceled.CancellationReasons {
		if reason.Code != nil && *reason.Code == "ConditionalCheckFailed" {
			return true
		}
	}
	return false
}
