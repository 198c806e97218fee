package document_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// twice is an object that has the member many times too often.
func twice(times int) string { return `{` + strings.Repeat(`"a":1,`, times) + `"a":1}` }

func TestAListOfFindingsSaysHowManyMoreThereAre(t *testing.T) {
	for times, more := range map[int]int{1: 0, finding.MaxFindings: 0, finding.MaxFindings + 1: 1, 200_000: 200_000 - finding.MaxFindings} {
		_, findings := document.Read([]byte(twice(times)))
		last, want := findings[len(findings)-1], min(times, finding.MaxFindings)
		if more > 0 {
			want++
		}
		if len(findings) != want || (last.Rule == finding.RuleMore) != (more > 0) || more > 0 && !strings.Contains(last.Message, fmt.Sprintf(" %d more ", more)) {
			t.Errorf("%d times: %d findings, the last is %s: %s", times, len(findings), last.Rule, last.Message)
		}
		if last.Path != "/a" || last.Line != 1 || last.Column < 7 {
			t.Errorf("%d times: the last stands at %s", times, place(last))
		}
	}
}

// Levels are counted apart, and the list is in document order whatever order it
// was gathered in: outer texts first.
func TestFindingsAreInDocumentOrder(t *testing.T) {
	doc, _ := document.Read([]byte(`[1, "[2]"]`))
	var nodes []document.Node
	for n := range doc.Root().Elements() {
		nodes = append(nodes, n)
	}
	inner, _ := nodes[1].Read("/1")
	var list finding.List
	list.Add(inner.Root().Fault("inner", ""))
	for range finding.MaxFindings + 1 {
		warning := nodes[1].Fault("second", "")
		warning.Level = finding.Warning
		list.Add(warning)
	}
	list.Append(nodes[0].Finding("first", ""))
	findings := list.Findings()
	var got []string
	for _, f := range findings {
		if len(got) == 0 || got[len(got)-1] != f.Rule {
			got = append(got, f.Rule)
		}
	}
	if strings.Join(got, " ") != "first second more-findings inner" || len(findings) != finding.MaxFindings+3 {
		t.Errorf("%d findings: %v", len(findings), got)
	}
}

// A finding repeats no more of a hostile text than can be used: where the way
// to a value is too long, its path is that of a value around it.
func TestFindingsStayShort(t *testing.T) {
	const name = 10_000
	for reason, text := range map[string]string{
		"a long name":                    `{"b":{"` + strings.Repeat("n", name) + `":{"a":1,"a":1}}}`,
		"a long name of escapes":         `{"b":{"` + strings.Repeat(`\u006e`, name) + `":{"a":1,"a":1}}}`,
		"a long name that is no JSON":    `{"b":{"` + strings.Repeat("n", name) + `":nul`,
		"many names, too long together":  `{"b":` + strings.Repeat(`{"`+strings.Repeat("n", 1000)+`":`, 10) + `{"a":1,"a":1}` + strings.Repeat("}", 11),
		"slashes, which are escaped":     `{"b":{"` + strings.Repeat("/", 3000) + `":{"a":1,"a":1}}}`,
		"a long name too deep in itself": `{"b":` + strings.Repeat(`{"`+strings.Repeat("n", 1000)+`":`, 70),
	} {
		_, findings := document.Read([]byte(text))
		f := findings[0]
		if len(findings) != 1 || len(f.Path) > 4096 || !strings.HasPrefix(f.Path, "/b") || !jsontext.Pointer(f.Path).IsValid() || f.Column < 1000 {
			t.Errorf("%s: %d findings, %.100s", reason, len(findings), place(f))
		}
	}
	doc, _ := document.Read([]byte(`[1]`))
	if f := doc.Root().Fault("r", "").Suggest(strings.Repeat("s", 2000)).Finding(); f.Suggestion != "" {
		t.Errorf("a suggestion of %d bytes", len(f.Suggestion))
	}
}

// allocated is how many bytes a call allocates: work that can be counted.
func allocated(call func()) float64 {
	least := math.Inf(1)
	for range 3 { // others may allocate meanwhile
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		call()
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.TotalAlloc-before.TotalAlloc))
	}
	return least
}

// However many findings a text has, and however long the way to each is, the
// work is in proportion to the text.
func TestWorkIsLinear(t *testing.T) {
	for reason, text := range map[string]func(half int) string{
		"a long name":       func(half int) string { return `{"` + strings.Repeat("n", half) + `":` + twice(half/6) + `}` },
		"a name of escapes": func(half int) string { return `{"` + strings.Repeat(`\u006e`, half/6) + `":` + twice(half/6) + `}` },
		"many values":       func(half int) string { return `[` + strings.Repeat("0,", half) + `0]` },
		"many objects":      func(half int) string { return `[` + strings.Repeat("{},", 2*half/3) + `0]` },
	} {
		small, large := text(1<<15), text(1<<19)
		one := allocated(func() { document.Read([]byte(small)) })
		many := allocated(func() { document.Read([]byte(large)) })
		if perByte := many / float64(len(large)); many > 2*16*one || perByte > 32 {
			t.Errorf("%s: %.0f bytes for %d, %.0f (%.0f a byte) for %d", reason, one, len(small), many, perByte, len(large))
		}
	}
}
