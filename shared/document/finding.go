package document

import (
	"slices"
	"strconv"
	"unicode/utf8"
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
}

// Warn is the same finding as a warning.
func (f Finding) Warn() Finding {
	f.Level = Warning
	return f
}

// Suggest is the same finding with what to write instead.
func (f Finding) Suggest(text string) Finding {
	f.Suggestion = text
	return f
}

// Finding is a violation at the value's place.
func (n Node) Finding(rule, message string) Finding {
	return n.finding(int(n.at().start), rule, message)
}

// NameFinding is a violation at the place of the member's name; at the value's
// where it has none.
func (n Node) NameFinding(rule, message string) Finding {
	v := n.at()
	if v.nameEnd == 0 {
		return n.Finding(rule, message)
	}
	return n.finding(int(v.nameStart), rule, message)
}

func (n Node) finding(offset int, rule, message string) Finding {
	f := Finding{Path: n.Pointer(), Rule: rule, Message: message}
	f.Line, f.Column = n.doc.Position(offset)
	return f
}

func (d *Document) finding(pointer string, offset int, rule, message string) Finding {
	f := Finding{Path: d.base + pointer, Rule: rule, Message: message}
	f.Line, f.Column = d.Position(offset)
	return f
}

// Findings gathers findings, so many that no policy SES could take has more, and
// not so many that a hostile text could make the list grow without bound.
// Violations and warnings are counted apart: a flood of warnings hides no
// violation. The zero value is empty.
type Findings struct {
	list   []Finding
	counts [2]int // by level
	bytes  [2]int // of paths and messages, by level
}

// MaxFindings is how many findings of one level a list takes. A policy of the
// 4096 bytes that SES takes cannot have as many.
const MaxFindings = 4096

// maxFindingsBytes is how many bytes their paths and messages may have.
const maxFindingsBytes = 1 << 20

// Full reports whether the list takes no more findings of the level: what
// remains need not be looked at for them.
func (l *Findings) Full(level Level) bool {
	return l.counts[level] >= MaxFindings || l.bytes[level] >= maxFindingsBytes
}

// Add appends f, unless the list is full.
func (l *Findings) Add(f Finding) {
	if l.Full(f.Level) {
		return
	}
	l.list = append(l.list, f)
	l.counts[f.Level]++
	l.bytes[f.Level] += len(f.Path) + len(f.Message)
}

// List is what was gathered, in document order; nil when nothing was.
func (l *Findings) List() []Finding {
	slices.SortStableFunc(l.list, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return l.list
}

// maxQuoted is how many code points of the requester's text a message repeats.
const maxQuoted = 80

// Quote is text in quotes, shortened where it is long, for a message.
func Quote(text string) string {
	count := 0
	for i := range text {
		if count == maxQuoted {
			return strconv.Quote(text[:i]) + "…"
		}
		count++
	}
	if !utf8.ValidString(text) {
		return strconv.QuoteToASCII(text)
	}
	return strconv.Quote(text)
}
