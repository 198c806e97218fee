package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sespolicy/shared/account"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/ledger"
)

// readLedger reads the current records of the deployment's ledger.
func readLedger(ctx context.Context, f *found) (map[ledger.Name]ledger.Policy, error) {
	l, err := f.openLedger(ctx)
	if err != nil {
		return nil, err
	}
	records := map[ledger.Name]ledger.Policy{}
	for record, err := range l.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		records[record.Name] = record
	}
	return records, nil
}

// ownership is what the ledger says of a policy. The zero value says nothing.
type ownership struct {
	Owner   string `json:"owner"` // a stack, a requester, or unmanaged; empty if no ledger is known
	Since   string `json:"since"` // RFC 3339; empty if it is not known
	Managed *bool  `json:"managed,omitempty"`
	Changed *bool  `json:"changed,omitempty"` // it is not what was last requested
}

const unmanaged = "unmanaged"

// ownership looks a policy up.
func (r *regionView) ownership(name string, p account.Policy) ownership {
	if r.records == nil {
		return ownership{}
	}
	record, known := r.records[ledger.Name{Identity: r.identity(name).Name, PolicyName: p.Name}]
	if !known || !record.Present {
		return ownership{Owner: unmanaged, Managed: new(false)}
	}
	return ownership{
		Owner: ownerWords(record), Since: record.At.UTC().Format(time.RFC3339), Managed: new(true),
		Changed: new(!meaning.Equal(record.Text, p.Text, r.owner.Partition)),
	}
}

// ownerWords is who a policy belongs to, or who requested it.
func ownerWords(p ledger.Policy) string {
	switch {
	case p.Owner != nil:
		return fmt.Sprintf("stack %s (%s)", p.Owner.StackName(), p.Owner.LogicalID)
	case p.By.Topic != "":
		return "topic " + p.By.Topic
	default:
		return "requester " + p.By.SenderID
	}
}

// state is what people should know of it: managed, changed, unmanaged.
func (o ownership) state() string {
	switch {
	case o.Managed == nil:
		return ""
	case !*o.Managed:
		return unmanaged
	case *o.Changed:
		return "changed"
	default:
		return "managed"
	}
}

// cells are the columns that stand in a table where a ledger is known.
func (o ownership) cells() []string {
	owner, since := o.Owner, o.Since
	if day, _, ok := strings.Cut(since, "T"); ok {
		since = day
	}
	if o.state() == "changed" {
		owner += ", changed"
	}
	return []string{owner, since}
}
