package document

import (
	"cmp"
	"slices"
	"strings"
)

// Level is how much a finding weighs.
type Level int

const (
	// Violation stops the request: no reading of the contract allows what was found.
	Violation Level = iota
	// Warning stops nothing: it travels in the log and the reply.
	Warning
)

// String is the level's name, as people and tools read it.
func (l Level) String() string {
	if l == Warning {
		return "warning"
	}
	return "violation"
}

// Finding is what is wrong, and where. Its JSON is what dead letters and replies carry.
type Finding struct {
	Path       string `json:"path"`                 // JSON Pointer (RFC 6901)
	Rule       string `json:"rule"`                 // stable kebab-case name, or a guardrail's environment variable
	Message    string `json:"message"`              // what was found, what was expected
	Suggestion string `json:"suggestion,omitempty"` // what to write instead, only where that is certain
	Line       int    `json:"line,omitempty"`       // from 1, in the text as written; 0: not known
	Column     int    `json:"column,omitempty"`     // from 1, in Unicode code points
	Level      Level  `json:"-"`
	// Depth is how many texts are around the one that Line and Column count in:
	// more than 0 for a text that stood as a string inside another.
	Depth int `json:"-"`
}

// Sort puts findings in document order: what is found in a text that stood as a
// string inside another comes after what is found in that other.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(a.Depth-b.Depth, a.Line-b.Line, a.Column-b.Column)
	})
}

// What a finding repeats of a hostile text is bounded, in bytes.
const (
	// maxPath: no pointer into a policy that SES takes is longer. Where one is,
	// the path is that of the innermost value around it that can be told; line
	// and column stay exact.
	maxPath = 4096
	// maxSuggestion: nobody replaces by hand what is longer.
	maxSuggestion = 1024
)

// Fault is a finding in the making: it becomes one when its path, line and
// column are asked for, which cost more than all the rest.
type Fault struct {
	Rule, Message, Suggestion string
	Level                     Level

	at     Node
	inName bool
}

// Fault is a violation at the value's place.
func (n Node) Fault(rule, message string) Fault {
	return Fault{Rule: rule, Message: message, at: n}
}

// NameFault is a violation at the place of the member's name; at the value's
// where it has none.
func (n Node) NameFault(rule, message string) Fault {
	return Fault{Rule: rule, Message: message, at: n, inName: n.at().nameEnd != 0}
}

// Suggest is the same fault with what to write instead.
func (f Fault) Suggest(text string) Fault {
	f.Suggestion = text
	return f
}

// Finding is the fault with its place worked out.
func (f Fault) Finding() Finding {
	offset := f.at.at().start
	if f.inName {
		offset = f.at.at().nameStart
	}
	path, _ := f.at.appendPointer([]byte(f.at.doc.base), maxPath)
	found := f.at.doc.finding(string(path), int(offset), f.Rule, f.Message)
	found.Level = f.Level
	if len(f.Suggestion) <= maxSuggestion {
		found.Suggestion = f.Suggestion
	}
	return found
}

// Finding is a violation at the value's place.
func (n Node) Finding(rule, message string) Finding { return n.Fault(rule, message).Finding() }

// NameFinding is a violation at the place of the member's name; at the value's
// where it has none.
func (n Node) NameFinding(rule, message string) Finding { return n.NameFault(rule, message).Finding() }

// finding is a violation at an offset; path is the whole one, the base included.
func (d *Document) finding(path string, offset int, rule, message string) Finding {
	f := Finding{Path: shorten(path), Rule: rule, Message: message, Depth: d.depth}
	f.Line, f.Column = d.Position(offset)
	return f
}

// shorten is the longest pointer to a value around the one at path that is not
// too long for a finding.
func shorten(path string) string {
	if len(path) <= maxPath {
		return path
	}
	return path[:max(0, strings.LastIndexByte(path[:maxPath+1], '/'))]
}
