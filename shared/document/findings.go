package document

import (
	"cmp"
	"fmt"
	"slices"
)

// RuleMore is the rule of the last finding of a list that is not complete: it
// says how many more there are.
const RuleMore = "more-findings"

const (
	// MaxFindings is how many findings of one level a list takes: more than
	// anybody corrects in one go, and few enough for a dead letter to carry them.
	MaxFindings = 256
	// maxFindingsBytes is how long their texts may be together, in bytes. A
	// letter has at most four lists, in the 1 MiB that SQS takes.
	maxFindingsBytes = 64 << 10
)

// Findings gathers findings, and no more than somebody can use: the list ends
// with how many more there are. Violations and warnings are counted apart: a
// flood of warnings hides no violation. The zero value is empty.
type Findings struct {
	list []Finding
	// By level: how many are in the list, the bytes of their texts, and how many
	// had no place in it.
	kept, bytes, left [2]int
}

// Full reports whether a finding of the level had no place already: what
// remains need not be looked at for them.
func (l *Findings) Full(level Level) bool { return l.left[level] > 0 }

// Add appends what f finds, or counts it where there is no place. Only what is
// appended costs its path and place.
func (l *Findings) Add(f Fault) {
	if l.take(f.Level) {
		l.append(f.Finding())
	}
}

// Append is Add for findings that were made before.
func (l *Findings) Append(findings ...Finding) {
	for _, f := range findings {
		if l.take(f.Level) {
			l.append(f)
		}
	}
}

// Leave counts findings that were not looked at, since there is no place for them.
func (l *Findings) Leave(level Level, count int) { l.left[level] += count }

func (l *Findings) take(level Level) bool {
	if l.kept[level] < MaxFindings && l.bytes[level] < maxFindingsBytes {
		return true
	}
	l.left[level]++
	return false
}

func (l *Findings) append(f Finding) {
	l.list = append(l.list, f)
	l.kept[f.Level]++
	l.bytes[f.Level] += len(f.Path) + len(f.Message) + len(f.Suggestion)
}

// List is what was gathered, in document order; nil when nothing was. Where
// something had no place, the last of its level says so.
func (l *Findings) List() []Finding {
	list := slices.Clip(l.list)
	for level, left := range l.left {
		if left > 0 {
			list = append(list, l.more(Level(level), left))
		}
	}
	Sort(list)
	return list
}

// more says that there are more findings than the list has, at the place of the
// last of them.
func (l *Findings) more(level Level, left int) Finding {
	f := Finding{Level: level}
	for _, kept := range l.list {
		if kept.Level == level && cmp.Or(kept.Depth-f.Depth, kept.Line-f.Line, kept.Column-f.Column) >= 0 {
			f.Path, f.Depth, f.Line, f.Column = kept.Path, kept.Depth, kept.Line, kept.Column
		}
	}
	f.Rule = RuleMore
	f.Message = fmt.Sprintf("at least %d more %ss than these %d were found: correct these and check again", left, level, l.kept[level])
	return f
}
