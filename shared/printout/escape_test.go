package printout_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"sespolicy/shared/finding"
	"sespolicy/shared/printout"
)

func TestEscape(t *testing.T) {
	for reason, test := range map[string]struct{ text, want string }{
		"plain":                   {"example.com", "example.com"},
		"letters of all scripts":  {"é, 日本", "é, 日本"},
		"a line feed":             {"two\nlines", `two\u000alines`},
		"a tab":                   {"a\tb", "a b"},
		"an ANSI sequence":        {"\x1b[31mred\x1b[0m", `\u001b[31mred\u001b[0m`},
		"a C1 control sequence":   {"a\u009b31m", `a\u009b31m`},
		"DEL":                     {"a\x7f", `a\u007f`},
		"bidirectional overrides": {"\u202a\u202e\u2066\u2069\u200e\u200f\u061c", `\u202a\u202e\u2066\u2069\u200e\u200f\u061c`},
		"line separators":         {"a\u2028b\u2029", `a\u2028b\u2029`},
		"beyond the BMP":          {"\U000e0001", `\udb40\udc01`},
		"invalid UTF-8":           {"a\xff", "a\uFFFD"},
	} {
		if got := printout.Escape(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", reason, got, test.want)
		}
	}
}

func TestEscapeLinesKeepsLines(t *testing.T) {
	if got, want := printout.EscapeLines("a\x1b\nb\r\n"), "a\\u001b\nb\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// hostile has everything that must not reach a terminal, in each member that a
// requester can choose.
var hostile = func() []printout.File {
	evil := "\x1b]0;x\a\u009b1m\x7f\u202e\u2066\u200f\u061c\nsafe to redrive"
	return []printout.File{{
		Name: evil, Identity: evil, PolicyName: evil, Region: evil, Lines: []string{evil},
		Findings: []finding.Finding{{Path: "/" + evil, Rule: evil, Message: evil, Hint: evil, Suggestion: evil, Code: evil, Line: 1, Column: 3}},
	}}
}()

func TestNothingHostileIsWritten(t *testing.T) {
	for _, format := range printout.Formats {
		var out bytes.Buffer
		if err := printout.Write(&out, format, hostile); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s has %q", format, out.String()[i:i+5])
		}
		if format == "text" && strings.Contains(out.String(), "\nsafe") {
			t.Errorf("a line was forged:\n%s", out.String())
		}
	}
}

func TestEscapedJSONMeansTheSame(t *testing.T) {
	var out bytes.Buffer
	want := map[string]string{"a\u202e<&>": "\x1b\u009b\U000e0001 é"}
	if err := printout.WriteJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got) != 1 || got["a\u202e<&>"] != want["a\u202e<&>"] {
		t.Errorf("%v: %s", err, out.Bytes())
	}
}
