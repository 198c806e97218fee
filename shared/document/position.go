package document

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// block is how many bytes one entry of columns.runes covers.
const block = 256

// columns finds line and column of any offset without counting from the start
// each time, so that thousands of findings in one line stay linear. It is built
// with the first finding, since most texts have none.
type columns struct {
	lines []int32 // offset of each line's first byte
	runes []int32 // code points before each block
}

func newColumns(text string) *columns {
	c := &columns{lines: []int32{0}}
	count := 0
	for start := 0; start < len(text); start += block {
		part := text[start:min(start+block, len(text))]
		c.runes = append(c.runes, int32(count))
		count += runeStarts(part)
		for i := 0; ; {
			j := strings.IndexByte(part[i:], '\n')
			if j < 0 {
				break
			}
			i += j + 1
			c.lines = append(c.lines, int32(start+i))
		}
	}
	return c
}

// Position is the line and the column of a byte offset, both from 1. Columns
// count Unicode code points, lines end with LF.
func (d *Document) Position(offset int) (line, column int) {
	if d.columns == nil {
		d.columns = newColumns(d.text)
	}
	c := d.columns
	line = sort.Search(len(c.lines), func(i int) bool { return int(c.lines[i]) > offset })
	return line, d.runesBefore(offset) - d.runesBefore(int(c.lines[line-1])) + 1
}

func (d *Document) runesBefore(offset int) int {
	b := offset / block
	if b >= len(d.columns.runes) { // the end of the text, at the edge of a block
		if b == 0 {
			return 0
		}
		b--
	}
	return int(d.columns.runes[b]) + runeStarts(d.text[b*block:min(offset, len(d.text))])
}

// runeStarts counts the bytes that start a code point.
func runeStarts(text string) int {
	count := 0
	for i := range len(text) {
		if utf8.RuneStart(text[i]) {
			count++
		}
	}
	return count
}
