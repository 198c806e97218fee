package document

import "unicode/utf8"

// Outer is where, in the text around it, the byte at an offset of a string's
// decoded text was written. It is for texts that stand as strings inside
// others, whose findings count within themselves.
func (n Node) Outer(offset int) int {
	start, end := n.Span()
	if !n.IsString() {
		return start
	}
	at, decoded := start+1, 0
	for at < end-1 && decoded < offset {
		length, size := 1, 1
		if n.doc.text[at] == '\\' {
			length, size = escape(n.doc.text[at:])
		}
		at += length
		decoded += size
	}
	return at
}

// escape is the length of the escape sequence that text starts with, and how
// many bytes of UTF-8 it stands for. A pair of surrogates is one sequence.
func escape(text string) (length, size int) {
	if text[1] != 'u' {
		return 2, 1
	}
	r := hex(text[2:6])
	if r >= 0xd800 && r < 0xdc00 { // the decoder takes whole pairs only
		return 12, 4
	}
	return 6, utf8.RuneLen(r)
}

func hex(digits string) rune {
	var r rune
	for i := range len(digits) {
		switch c := digits[i]; {
		case c <= '9':
			r = r<<4 | rune(c-'0')
		default:
			r = r<<4 | rune(c|0x20-'a'+10)
		}
	}
	return r
}

// Offset is the byte at a line and a column, the opposite of [Document.Position].
func (d *Document) Offset(line, column int) int {
	if d.columns == nil {
		d.columns = newColumns(d.text)
	}
	if line < 1 || line > len(d.columns.lines) {
		return 0
	}
	at := int(d.columns.lines[line-1])
	for ; column > 1 && at < len(d.text); column-- {
		_, size := utf8.DecodeRuneInString(d.text[at:])
		at += size
	}
	return at
}
