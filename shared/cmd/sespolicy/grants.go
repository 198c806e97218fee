package main

import (
	"strings"

	"sespolicy/shared/access"
)

// grantRow is one grant, for programs.
type grantRow struct {
	access.Grant
	Region string `json:"region"`
	Who    string `json:"who"` // the principal in words
	If     string `json:"if"`  // the conditions in words; empty for none
	ownership
}

// grants are what the policies of an identity say, one row per grant.
func (r *regionView) grants(p *access.Policies, owners map[string]ownership) []grantRow {
	rows := []grantRow{}
	for _, g := range p.Grants() {
		rows = append(rows, grantRow{Grant: g, Region: r.owner.Region, Who: g.Who(), If: conditionWords(g), ownership: owners[g.PolicyName]})
	}
	return rows
}

// conditionWords are all conditions of a grant, to follow "if".
func conditionWords(g access.Grant) string {
	var words []string
	for _, c := range g.Conditions {
		words = append(words, c.Words())
	}
	return strings.Join(words, ", and ")
}

// denies reports whether the row is a denial. An Effect that is neither counts
// as a grant, with a doubt.
func (g grantRow) denies() bool { return strings.EqualFold(g.Effect, "Deny") }

// may is what the principal may do, or must not.
func (g grantRow) may() string {
	if len(g.ExceptActions) > 0 {
		return "everything except " + strings.Join(g.ExceptActions, ", ")
	}
	return strings.Join(g.Actions, ", ")
}

// place is the statement in words.
func (g grantRow) place() string { return place(g.Statement) }

// conditions are the conditions and what is in doubt.
func (g grantRow) conditions() string {
	words := g.If
	for _, doubt := range g.Doubts {
		words += " (in doubt: " + doubt + ")"
	}
	return strings.TrimSpace(words)
}
