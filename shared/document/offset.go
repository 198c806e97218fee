package document

import (
	"strings"
	"unicode/utf8"
)

// OuterPosition is where, in the text around it, the line and column of a
// string's decoded text were written. It is for texts that are strings inside
// others: findings count their lines within their own text.
func (n Node) OuterPosition(line, column int) (outerLine, outerColumn int) {
	return n.doc.Position(n.Outer(Offset(n.Text(), line, column)))
}

// Outer is [Node.OuterPosition] for byte offsets.
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
// many bytes of UTF-8 it stands for. A surrogate pair counts as one sequence.
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

// Offset is the byte of text at a line and a column, the opposite of
// [Document.Position]; 0 if there is no such line, the end of the text if it
// ends before the column.
func Offset(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			return 0
		}
		at += end + 1
	}
	for ; column > 1 && at < len(text); column-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}
