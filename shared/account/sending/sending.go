// Package sending answers who may send as an identity of an account, and what is
// missing: from the policies of the identities that decide.
//
// It reads nothing (package account does), and it evaluates no policy (package
// access does).
//
// https://docs.aws.amazon.com/ses/latest/dg/sending-authorization.html
package sending

import (
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
)

// Level is one identity that may decide, with its grants.
type Level struct {
	Name     string
	Policies int
	Grants   []account.Grant
}

// Levels are those that decide who sends as name: an address, then its domain.
func Levels(r *account.Region, name string) ([]Level, []*access.Policies, error) {
	var levels []Level
	var read []*access.Policies
	for _, id := range r.Contents.Deciding(name) {
		policies, err := access.Read(r.Identity(id.Name), id.Texts())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: the policies of %s: %w", r.Owner.Region, id.Name, err)
		}
		owners := map[string]account.Ownership{}
		for _, p := range id.Policies {
			owners[p.Name] = r.Ownership(id.Name, p)
		}
		levels = append(levels, Level{id.Name, len(id.Policies), r.Grants(policies, owners)})
		read = append(read, policies)
	}
	return levels, read, nil
}

// Deciding is the index of the level whose policies count: the first that has
// any; -1 if none has.
func Deciding(levels []Level) int {
	return slices.IndexFunc(levels, func(l Level) bool { return l.Policies > 0 })
}

// WhichCounts says in words whose policies count.
func WhichCounts(r *account.Region, name string, levels []Level) string {
	deciding, in := Deciding(levels), " in "+r.Owner.Region
	switch {
	case deciding < 0:
		return fmt.Sprintf("%s%s has no policies: only the account %s itself may send as it", levels[0].Name, in, r.Owner.Account)
	case levels[deciding].Name != name && !strings.EqualFold(levels[deciding].Name, name):
		return fmt.Sprintf("%s%s has no policies of its own: those of %s count", name, in, levels[deciding].Name)
	case deciding+1 < len(levels) && levels[deciding+1].Policies > 0:
		return fmt.Sprintf("%s%s has policies of its own: those of %s do not count for it", name, in, levels[deciding+1].Name)
	default:
		return fmt.Sprintf("%s%s: its own policies count", name, in)
	}
}

// Place is where a statement stands, in words.
func Place(s access.Statement) string {
	text := fmt.Sprintf("%s /Statement/%d", s.PolicyName, s.Index)
	if s.Sid != "" {
		text += " (" + s.Sid + ")"
	}
	return text
}
