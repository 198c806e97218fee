package redrive

import (
	"slices"
	"strings"
	"time"
)

// RanOutOfReceives is the code, for people and filters, of a letter that SQS
// moved itself.
const RanOutOfReceives = "RanOutOfReceives"

// Filter says which letters are wanted. What is empty asks for nothing; of a
// list one must fit, and everything that is asked for must.
type Filter struct {
	IDs         []string // message ids of the letters
	Codes       []string
	Identities  []string // canonical names: identity.Identity.Key
	PolicyNames []string
	OlderThan   time.Duration
	NewerThan   time.Duration // 0: any age

	// not are the ids, here or on the source queue, of letters not wanted.
	not map[string]bool
}

// All reports whether the filter wants every letter.
func (f Filter) All() bool {
	return len(f.IDs) == 0 && len(f.Codes) == 0 && len(f.Identities) == 0 && len(f.PolicyNames) == 0 && f.OlderThan == 0 && f.NewerThan == 0
}

// Wants reports whether a letter is wanted.
func (f Filter) Wants(l *Letter, now time.Time) bool {
	age := now.Sub(l.Sent)
	code := func(one string) bool { return strings.EqualFold(one, l.ReasonCode()) }
	return oneOf(f.IDs, l.ID) && (len(f.Codes) == 0 || slices.ContainsFunc(f.Codes, code)) &&
		oneOf(f.Identities, l.Request.Identity.Key()) && oneOf(f.PolicyNames, l.Request.PolicyName) &&
		age >= f.OlderThan && (f.NewerThan == 0 || age < f.NewerThan) &&
		!f.not[l.ID] && !f.not[l.Record.MessageId]
}

// ReasonCode is why the letter is here.
func (l *Letter) ReasonCode() string {
	if l.RanOut {
		return RanOutOfReceives
	}
	return l.Code
}

func oneOf(list []string, text string) bool {
	return len(list) == 0 || slices.Contains(list, text)
}

// found reports whether nothing more can be wanted: all ids were seen.
func (f Filter) found(letters []*Letter) bool {
	return len(f.IDs) > 0 && len(f.Missing(letters)) == 0
}

// Missing are the ids asked for that no letter has.
func (f Filter) Missing(letters []*Letter) []string {
	var missing []string
	for _, id := range f.IDs {
		if !slices.ContainsFunc(letters, func(l *Letter) bool { return l.ID == id }) {
			missing = append(missing, id)
		}
	}
	return missing
}
