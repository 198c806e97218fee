package requestfile

import (
	"sort"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// source is a JSON text and where it stands in the file. place is nil if the text
// is the file's own; a YAML document was written as JSON.
type source struct {
	doc   *document.Document
	place func(offset int) (line, column int)
}

// position is the line and the column in the file of an offset in the text.
func (s source) position(offset int) (line, column int) {
	if s.place == nil {
		return s.doc.Position(offset)
	}
	return s.place(offset)
}

// placement takes places in an entry's opened text to places in the file.
type placement struct {
	source source
	// offset is the place in the source's text for a place in the opened text. If
	// it is nil, the text stands in the file as it is, shifted by some lines and,
	// in its first line, by some columns.
	offset func(int) int
	shift  [2]int
	// pointer is the pointer in the source for one in the opened text; false if
	// nobody wrote what is there. If it is nil, base is added.
	pointer func(string) (string, bool)
	base    string
}

// place returns the finding, whose line and column are in the opened text, at its
// place in the file; false if nobody wrote what is there.
func (p placement) place(f finding.Finding, opened string) (finding.Finding, bool) {
	if p.offset == nil {
		if f.Line <= 1 {
			f.Column += p.shift[1]
		}
		f.Line += p.shift[0]
	} else {
		f.Line, f.Column = p.source.position(p.offset(document.Offset(opened, f.Line, f.Column)))
	}
	if p.pointer == nil {
		f.Path = p.base + f.Path
		return f, true
	}
	path, ok := p.pointer(f.Path)
	f.Path = path
	return f, ok
}

// inString is the placement of a text that is a string of the source.
func inString(s source, n document.Node) placement {
	return placement{source: s, base: n.Pointer(), offset: n.Outer}
}

// segment is a stretch of a composed text: where it starts there, and in the
// source. A stretch that was copied runs along with the source.
type segment struct {
	at, from int
	copied   bool
}

type segments []segment

// offset is the place in the source for a place in the composed text.
func (s segments) offset(at int) int {
	i := sort.Search(len(s), func(i int) bool { return s[i].at > at }) - 1
	if i < 0 {
		return 0
	}
	if s[i].copied {
		return s[i].from + at - s[i].at
	}
	return s[i].from
}

// pointers are pointers of the source by pointers of a composed text.
type pointers map[string]string

// pointer goes on inside texts: what follows the longest known pointer is kept.
func (p pointers) pointer(path string) (string, bool) {
	rest := ""
	for {
		if known, ok := p[path]; ok {
			return known + rest, known != nowhere
		}
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			return "", false
		}
		path, rest = path[:slash], path[slash:]+rest
	}
}

// nowhere is the pointer of what a composed text has and nobody wrote.
const nowhere = "-"

// positionAfter is the line and the column after a text.
func positionAfter(text string) (line, column int) {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	return strings.Count(text, "\n") + 1, len([]rune(last)) + 1
}
