package document

import (
	"strings"

	"sespolicy/shared/finding"
)

// Limits of what a finding repeats of a hostile text, in bytes.
const (
	// maxPath is the longest pointer of a finding: no pointer into a policy that
	// SES accepts is longer. A longer one is cut to the innermost enclosing value
	// whose pointer fits; line and column stay exact.
	maxPath = 4096
	// maxSuggestion is the longest suggestion. A longer one is left out.
	maxSuggestion = 1024
)

// Fault is a finding whose path, line and column are computed on demand.
type Fault struct {
	Rule, Message, Hint, Suggestion string
	Level                           finding.Level

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

// Help is the same fault with a hint: what to do about it.
func (f Fault) Help(hint string) Fault {
	f.Hint = hint
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
	found.Level, found.Hint = f.Level, f.Hint
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

// finding is a violation at an offset; path is the full pointer, base included.
func (d *Document) finding(path string, offset int, rule, message string) finding.Finding {
	f := finding.Finding{Path: shorten(path), Rule: rule, Message: message, Depth: d.depth}
	f.Line, f.Column = d.Position(offset)
	return f
}

// shorten returns path, or the longest pointer to an enclosing value that fits
// into a finding.
func shorten(path string) string {
	if len(path) <= maxPath {
		return path
	}
	return path[:max(0, strings.LastIndexByte(path[:maxPath+1], '/'))]
}
