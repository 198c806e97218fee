package account

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"sespolicy/shared/account/meaning"
	"sespolicy/shared/ledger"
)

// Ownership is what the ledger says of a policy. The zero value says nothing.
type Ownership struct {
	Owner   string `json:"owner"` // a stack, a requester, or unmanaged; empty if no ledger is known
	Since   string `json:"since"` // RFC 3339; empty if it is not known
	Managed *bool  `json:"managed,omitempty"`
	Changed *bool  `json:"changed,omitempty"` // it is not what was last requested
}

const unmanaged = "unmanaged"

// Ownership looks up whose a policy of an identity is.
func (r *Region) Ownership(name string, p Policy) Ownership {
	if r.Records == nil {
		return Ownership{}
	}
	record, known := r.Record(name, p.Name)
	if !known || !record.Present {
		return Ownership{Owner: unmanaged, Managed: new(false)}
	}
	return Ownership{
		Owner: OwnerWords(record), Since: record.At.UTC().Format(time.RFC3339), Managed: new(true),
		Changed: new(!meaning.Equal(record.Text, p.Text, r.Owner.Partition)),
	}
}

// StackWords is the resource of a stack that a policy belongs to. The UUID of its
// stack is shown to nobody.
func StackWords(o ledger.Owner) string {
	return fmt.Sprintf("stack %s (%s)", cmp.Or(o.StackName(), "without a name"), o.LogicalID)
}

// OwnerWords is who a policy belongs to, or who requested it.
func OwnerWords(p ledger.Policy) string {
	switch {
	case p.Owner != nil:
		return StackWords(*p.Owner)
	case p.By.Topic != "":
		return "topic " + p.By.Topic
	default:
		return "requester " + p.By.SenderID
	}
}

// Cells are the ownership in a table: the owner, and the day since when.
func (o Ownership) Cells() []string {
	owner := o.Owner
	if o.Changed != nil && *o.Changed {
		owner += ", changed"
	}
	day, _, _ := strings.Cut(o.Since, "T")
	return []string{owner, day}
}
