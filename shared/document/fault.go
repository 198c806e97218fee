package document

import (
	"strings"

	"sespolicy/shared/finding"
)

// Limits of what a finding repeats of a hostile text, in bytes.
const (
	// maxPath: no pointer into a policy that SES accepts is longer. A longer one
	// is cut to the innermost enclosing value whose pointer fits; line and column
	// stay exact.
	maxPath = 4096
	// maxSuggestion: nobody types a longer replacement.
	maxSuggestion = 1024
)

// Fault is a finding whose path, line and column are computed on demand.
type Fault struct {
	Rule, Message, Suggestion string
	Level                     finding.Level

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

// FindingLevel is the fault's level.
func (f Fault) FindingLevel() finding.Level { return f.Level }

// Finding is the fault with its place.
func (f Fault) Finding() finding.Finding {
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
func (n Node) Finding(rule, message string) finding.Finding { return n.Fault(rule, message).Finding() }

// NameFinding is a violation at the place of the member's name; at the value's
// where it has none.
func (n Node) NameFinding(rule, message string) finding.Finding {
	return n.NameFault(rule, message).Finding()
}

// finding is a violation at an offset; path is the whole one, the base included.
func (d *Document) finding(path string, offset int, rule, message string) finding.Finding {
	f := finding.Finding{Path: shorten(path), Rule: rule, Message: message, Depth: d.depth}
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
