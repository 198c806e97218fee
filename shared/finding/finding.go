// Package finding describes what is wrong with a text: a rule, a message and a
// place. It gathers findings into bounded lists, sorts them into document
// order, and suggests the name that a misspelt one was meant to be.
//
// It reads no text and judges nothing: package document knows the places, and
// the packages that check decide what is wrong.
package finding

import (
	"cmp"
	"slices"
)

// Level is the severity of a finding.
type Level int

const (
	// Violation stops the request: no reading of the contract allows what was found.
	Violation Level = iota
	// Warning stops nothing: it is reported in the log and the reply.
	Warning
)

// String is "violation" or "warning".
func (l Level) String() string {
	if l == Warning {
		return "warning"
	}
	return "violation"
}

// Finding is what is wrong, and where. Dead letters and replies carry its JSON.
type Finding struct {
	Path       string `json:"path"`                 // JSON Pointer (RFC 6901)
	Rule       string `json:"rule"`                 // stable kebab-case name, or a guardrail's environment variable
	Message    string `json:"message"`              // what was found, what was expected
	Hint       string `json:"hint,omitempty"`       // what to do about it; one sentence, on a line of its own
	Suggestion string `json:"suggestion,omitempty"` // what to write instead, only where that is certain
	Line       int    `json:"line,omitempty"`       // from 1, in the text as written; 0 if unknown
	Column     int    `json:"column,omitempty"`     // from 1, in Unicode code points
	Level      Level  `json:"-"`
	Code       string `json:"-"` // of the rejection that a violation leads to; the rejection sets it
	// Depth counts the texts around the one that Line and Column refer to. It is
	// more than 0 for a text that is a string inside another text.
	Depth int `json:"-"`
}

// Sort puts findings in document order. Findings in a text that is a string
// inside another text come after the findings in the outer one.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(a.Depth-b.Depth, a.Line-b.Line, a.Column-b.Column)
	})
}
