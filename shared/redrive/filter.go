package redrive

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/deadletter"
)

// RanOutOfReceives is the code of a letter that SQS moved itself.
const RanOutOfReceives = deadletter.RanOutOfReceives

// Filter selects letters. An empty field selects all; of a list, one value has to fit.
type Filter struct {
	// IDs are message ids: the letter's own, or the one that the request had on
	// the source queue. A prefix is enough if it fits one letter only.
	IDs         []string
	Codes       []string // in any case
	Identities  []string // canonical names: identity.Identity.Key
	PolicyNames []string
	OlderThan   time.Duration
	NewerThan   time.Duration // 0: any age
}

// All reports whether the filter selects every letter.
func (f Filter) All() bool {
	return len(f.IDs) == 0 && len(f.Codes) == 0 && len(f.Identities) == 0 && len(f.PolicyNames) == 0 && f.OlderThan == 0 && f.NewerThan == 0
}

// Wants reports whether the filter selects a letter.
func (f Filter) Wants(l *Letter, now time.Time) bool {
	age := now.Sub(l.Sent)
	return oneOf(f.IDs, l.hasID) &&
		oneOf(f.Codes, func(code string) bool { return strings.EqualFold(code, l.ReasonCode()) }) &&
		oneOf(f.Identities, func(name string) bool { return name == l.Request.Identity.Key() }) &&
		oneOf(f.PolicyNames, func(name string) bool { return name == l.Request.PolicyName }) &&
		age >= f.OlderThan && (f.NewerThan == 0 || age < f.NewerThan)
}

func oneOf(list []string, fits func(string) bool) bool {
	return len(list) == 0 || slices.ContainsFunc(list, fits)
}

// hasID reports whether id is one of the letter's two ids, or a prefix of one.
func (l *Letter) hasID(id string) bool {
	return id != "" && (strings.HasPrefix(l.ID, id) || strings.HasPrefix(l.Record.MessageId, id))
}

// ReasonCode is why the letter is here.
func (l *Letter) ReasonCode() string {
	if l.RanOut {
		return RanOutOfReceives
	}
	return l.Code
}

// found reports whether no other letter can be selected: each id is one of a
// letter's own ids in full. Whether a prefix or a request's id is unique is
// known only when all letters were seen.
func (f Filter) found(letters []*Letter) bool {
	return len(f.IDs) > 0 && !slices.ContainsFunc(f.IDs, func(id string) bool {
		return !slices.ContainsFunc(letters, func(l *Letter) bool { return l.ID == id })
	})
}

// Missing returns the ids of the filter that fit none of the letters.
func (f Filter) Missing(letters []*Letter) []string {
	var missing []string
	for _, id := range f.IDs {
		if !slices.ContainsFunc(letters, func(l *Letter) bool { return l.hasID(id) }) {
			missing = append(missing, id)
		}
	}
	return missing
}

// AmbiguousError is the error for an id that fits more than one letter.
type AmbiguousError struct {
	ID      string
	Letters []*Letter
}

// Error names the letters by their own ids.
func (e *AmbiguousError) Error() string {
	ids := make([]string, len(e.Letters))
	for i, l := range e.Letters {
		ids[i] = l.ID
	}
	return fmt.Sprintf("%q fits %d letters, one was expected: %s", e.ID, len(ids), strings.Join(ids, ", "))
}

// choose resolves the ids of the filter among the letters that fit them: an id
// in full goes before a prefix, a letter's own id before a request's.
func (f Filter) choose(letters []*Letter) ([]*Letter, error) {
	if len(f.IDs) == 0 {
		return letters, nil
	}
	wanted := map[*Letter]bool{}
	for _, id := range f.IDs {
		var fit []*Letter
		for _, fits := range []func(*Letter) bool{
			func(l *Letter) bool { return l.ID == id },
			func(l *Letter) bool { return l.Record.MessageId == id },
			func(l *Letter) bool { return l.hasID(id) },
		} {
			for _, l := range letters {
				if fits(l) {
					fit = append(fit, l)
				}
			}
			if len(fit) > 0 {
				break
			}
		}
		if len(fit) > 1 {
			return nil, &AmbiguousError{ID: id, Letters: fit}
		}
		for _, l := range fit {
			wanted[l] = true
		}
	}
	return slices.DeleteFunc(letters, func(l *Letter) bool { return !wanted[l] }), nil
}
