package policy_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/policy"
)

// A flood of warnings, and of violations, hides no violation and stays bounded.
func TestHostileFindingsStayBounded(t *testing.T) {
	// Principal, Action and Resource are missing, too.
	_, found := policy.Check(read1(`{"Statement":{`+strings.Repeat(`"Comment":1,`, 5_000)+`"Effect":"permit"}}`), example)
	if last := found[len(found)-1]; len(found) != finding.MaxFindings+5 || last.Rule != policy.RuleEffectValue {
		t.Errorf("%d findings, the last is %s", len(found), last.Rule)
	}
	_, found = policy.Check(read1(`{"Statement":[`+strings.Repeat("1,", 20_000)+"1]}"), example)
	if last := found[len(found)-1]; len(found) != finding.MaxFindings+1 || !strings.Contains(last.Message, " 19745 more ") {
		t.Errorf("%d findings, the last: %s", len(found), last.Message)
	}
}

func read1(text string) document.Node {
	doc, _ := document.Read([]byte(text))
	return doc.Root()
}

// A policy that SES could take by its size never loses a violation without a
// word, however long the way to each is.
func TestNoViolationIsLostWithoutAWord(t *testing.T) {
	text := statement(`"Condition":{"`+strings.Repeat("k", 1800)+`":{"k":[`+strings.Repeat("{},", 600)+`{}]}}`, `"effect":"x"`)
	if len(text) > policy.MaxSize {
		t.Fatalf("%d bytes", len(text))
	}
	found := violations(check(text, example))
	rules, size := map[string]int{}, 0
	for _, f := range found {
		rules[f.Rule]++
		size += len(f.Path) + len(f.Message)
	}
	if rules[policy.RuleWrongType] == 0 || rules[finding.RuleMore] != 1 || size > 70<<10 {
		t.Errorf("found %v, %d bytes", rules, size)
	}
}

// Of a policy that is far too long only the size is said, and that nothing else
// was looked at. White space does not count.
func TestAPolicyFarTooLongIsNotExamined(t *testing.T) {
	text := statement(`"Effect":"permit"`, `"Sid":"`+strings.Repeat("x", policy.MaxExamined)+`"`)
	p, findings := policy.Check(read1(text), example)
	if len(p.Statements) > 0 || len(findings) != 1 || findings[0].Rule != policy.RuleNotExamined || findings[0].Level != finding.Violation {
		t.Errorf("%d statements, found %q", len(p.Statements), found(findings))
	}
	text = statement(`"Effect":"permit"`) + strings.Repeat(" ", policy.MaxExamined)
	if _, findings = policy.Check(read1(text), example); len(findings) != 1 || findings[0].Rule != policy.RuleEffectValue {
		t.Errorf("found %q", found(findings))
	}
}

// However much is wrong, and however long the way to it is, the work is in
// proportion to the text: it is counted in bytes allocated.
func TestWorkIsLinear(t *testing.T) {
	const escape = `\u006b`
	values := func(half int) string { return strings.Repeat("{},", half/3) + "{}" }
	shapes := map[string]func(half int) string{
		"values under a long key": func(h int) string {
			return statement(`"Condition":{"StringEquals":{"` + strings.Repeat("k", h) + `":[` + values(h) + `]}}`)
		},
		"values under a key just told": func(h int) string {
			return statement(`"Condition":{"StringEquals":{"` + strings.Repeat("k", min(h, 4000)) + `":[` + values(h) + `]}}`)
		},
		"values under a key of escapes": func(h int) string {
			return statement(`"Condition":{"StringEquals":{"` + strings.Repeat(escape, h/6) + `":[` + values(h) + `]}}`)
		},
		"values under a long operator": func(h int) string {
			return statement(`"Condition":{"` + strings.Repeat("k", h) + `":{"a":[` + values(h) + `]}}`)
		},
		"a long kind of principal": func(h int) string {
			return statement(`"Principal":{"` + strings.Repeat("k", h) + `":[` + values(h) + `]}`)
		},
		"statements": func(h int) string { return `{"Statement":[` + values(2*h) + `]}` },
		"members":    func(h int) string { return statement(strings.Repeat(`"Comment":0,`, h/6) + `"a":0`) },
	}
	for reason, text := range shapes {
		small, large := read1(text(policy.MaxExamined/32)), read1(text(policy.MaxExamined*7/16))
		one, many := allocated(small), allocated(large)
		if perByte := many / float64(len(large.Raw())); many > 2*14*one || perByte > 300 {
			t.Errorf("%s: %.0f bytes for %d, %.0f (%.0f a byte) for %d", reason, one, len(small.Raw()), many, perByte, len(large.Raw()))
		}
	}
}

// allocated is how many bytes checking allocates: work that can be counted.
func allocated(at document.Node) float64 {
	least := math.Inf(1)
	for range 3 { // others may allocate meanwhile
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		policy.Check(at, example)
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.TotalAlloc-before.TotalAlloc))
	}
	return least
}
