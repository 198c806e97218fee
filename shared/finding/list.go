package finding

import (
	"cmp"
	"fmt"
	"slices"
)

// RuleMore is the rule of the last finding of an incomplete list. Its message
// says how many findings were left out.
const RuleMore = "more-findings"

const (
	// MaxFindings is the maximum number of findings of one level in a list: more
	// than anybody corrects in one go, and few enough to fit into a dead letter.
	MaxFindings = 256
	// maxFindingsBytes limits the total size of their texts. A dead letter has at
	// most four lists, in a message of at most 1 MiB.
	maxFindingsBytes = 64 << 10
)

// Located is a finding whose place is computed on demand, because that costs
// more than everything else about it.
type Located interface {
	FindingLevel() Level
	Finding() Finding
}

// List gathers findings up to a limit; its last finding says how many more
// there are. Violations and warnings are counted separately, so that a flood of
// warnings hides no violation. The zero value is empty.
type List struct {
	list []Finding
	// By level: the findings in the list, the bytes of their texts, and the
	// findings left out.
	kept, bytes, left [2]int
}

// Full reports whether findings of the level were already left out, so that
// searching for more of them is pointless.
func (l *List) Full(level Level) bool { return l.left[level] > 0 }

// Add appends f, or counts it if the list is full. The place of f is computed
// only if f is appended.
func (l *List) Add(f Located) {
	if l.take(f.FindingLevel()) {
		l.append(f.Finding())
	}
}

// Append is Add for findings whose place is known.
func (l *List) Append(findings ...Finding) {
	for _, f := range findings {
		if l.take(f.Level) {
			l.append(f)
		}
	}
}

// Leave counts findings that were not examined because the list is full.
func (l *List) Leave(level Level, count int) { l.left[level] += count }

func (l *List) take(level Level) bool {
	if l.kept[level] < MaxFindings && l.bytes[level] < maxFindingsBytes {
		return true
	}
	l.left[level]++
	return false
}

func (l *List) append(f Finding) {
	l.list = append(l.list, f)
	l.kept[f.Level]++
	l.bytes[f.Level] += len(f.Path) + len(f.Message) + len(f.Hint) + len(f.Suggestion)
}

// Findings returns the list in document order, nil if it is empty. If findings
// were left out, the last one of their level says so.
func (l *List) Findings() []Finding {
	list := slices.Clip(l.list)
	for level, left := range l.left {
		if left > 0 {
			list = append(list, l.more(Level(level), left))
		}
	}
	Sort(list)
	return list
}

// more is the finding that says how many were left out, at the place of the last
// one in the list.
func (l *List) more(level Level, left int) Finding {
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
