package document_test

import (
	"testing"

	"sespolicy/shared/document"
)

func TestOuter(t *testing.T) {
	const text = `{"Policy": "{\n \"é\u00e9\ud83d\ude00\\\/\":X}"}`
	doc, _ := document.Read([]byte(text))
	at, _ := doc.Root().Member("Policy")
	inner := at.Text()
	for i, want := range map[int]string{
		0: `{\n`, 1: `\n \"`, 2: ` \"é`, 3: `\"é`, 4: `é\u00e9`, 6: `\u00e9\ud`, 8: `\ud83d\ude00\\`, 12: `\\\/`, 13: `\/\"`, 14: `\":X`, 16: `X}"`, 18: `"}`,
	} {
		if got := text[at.Outer(i):]; len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("byte %d of %q stands at %q, want %q", i, inner, got, want)
		}
	}
}

func TestOffsetIsTheOppositeOfPosition(t *testing.T) {
	doc, _ := document.Read([]byte("[\"é\",\n\n \"ü😀\", 1]"))
	for offset := range string(doc.Text()) {
		line, column := doc.Position(offset)
		if got := document.Offset(string(doc.Text()), line, column); got != offset {
			t.Errorf("%d is %d:%d, which is %d", offset, line, column, got)
		}
	}
	if document.Offset("ab", 0, 0) != 0 || document.Offset("ab", 99, 1) != 0 || document.Offset("ab", 1, 9999) != 2 {
		t.Error("a place outside the text is not clamped")
	}
}
