package finding_test

import (
	"strings"
	"testing"

	"sespolicy/shared/finding"
)

func TestNearest(t *testing.T) {
	known := []string{"Resource", "Statement", "Version", "Id", "Sid", "Action", "NotAction", "Principal"}
	for name, want := range map[string]string{
		"statement":                    "Statement",
		"Statements":                   "Statement",
		"Statment":                     "Statement",
		"Satement":                     "Statement",
		"Sattement":                    "Statement", // two neighbours swapped
		"Principle":                    "Principal",
		"Actions":                      "Action",
		"ID":                           "Id",
		"Sld":                          "", // three letters are too few to be sure
		"Comment":                      "",
		"Source":                       "", // another word: two letters of six
		"":                             "",
		"Xd":                           "",
		"StatementStatement":           "",
		strings.Repeat("A", 1_000_000): "",
	} {
		got, ok := finding.Nearest(name, known)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%.20q: got %q, want %q", name, got, want)
		}
	}
	if got, ok := finding.Nearest("ab", []string{"ax", "ay"}); ok {
		t.Errorf("of two equally near names %q was sure", got)
	}
}
