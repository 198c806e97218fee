// Package printout writes what checks found: as text for people and problem
// matchers, as JSON, and as SARIF for code scanning. It also escapes what
// requesters wrote, for all output of the command.
//
// It finds nothing itself, and takes lines and columns as they are: those of
// the file, from 1, in Unicode code points.
package printout

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jedib0t/go-pretty/v6/text"

	"sespolicy/shared/finding"
)

// File is one file, or one policy of an account, and what was found in it in
// the order of its text.
type File struct {
	Name     string
	Findings []finding.Finding
	Lines    []string // for each finding, the line it is on

	Region, Identity, PolicyName string // of a policy of an account; empty for a file
}

// NewFile puts the findings in a text into the order of the text, with the lines
// they are on. A line beyond the text is the last one.
func NewFile(name, text string, findings []finding.Finding) File {
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	file := File{Name: name, Findings: findings}
	lines := strings.Split(text, "\n")
	for _, f := range findings {
		file.Lines = append(file.Lines, strings.TrimSuffix(lines[min(max(f.Line, 1), len(lines))-1], "\r"))
	}
	return file
}

// Formats are the names of the formats.
var Formats = []string{"text", "json", "sarif"}

// Write writes files in a format, one of [Formats].
func Write(out io.Writer, format string, files []File) error {
	switch format {
	case "text":
		return writeText(out, files)
	case "json":
		all := []Finding{}
		for _, file := range files {
			all = append(all, file.List()...)
		}
		return WriteJSON(out, all)
	case "sarif":
		return writeSARIF(out, files)
	default:
		return fmt.Errorf("got the format %q, one of %s was expected", format, strings.Join(Formats, ", "))
	}
}

// Count returns how many errors and warnings there are.
func Count(files []File) (errors, warnings int) {
	for _, file := range files {
		for _, f := range file.Findings {
			if f.Level == finding.Warning {
				warnings++
			} else {
				errors++
			}
		}
	}
	return errors, warnings
}

// version is set by the linker in a release.
var version string

// Version is the version of this program: the release's, that of its module, or of the commit
// it was built from; "devel" if none is known.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// Finding is a finding as programs read it.
type Finding struct {
	File       string `json:"file,omitempty"`
	Region     string `json:"region,omitempty"`
	Identity   string `json:"identity,omitempty"`
	PolicyName string `json:"policyName,omitempty"`
	Statement  *int   `json:"statement,omitempty"` // from 0, if it is about one
	Path       string `json:"path"`
	Line       int    `json:"line,omitempty"`
	Column     int    `json:"column,omitempty"`
	Rule       string `json:"rule"`
	Code       string `json:"code"`
	Level      string `json:"level"` // error or warning
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	Suggestion string `json:"suggestion,omitempty"` // what to write instead
}

// List returns the findings of a file as programs read them.
func (file File) List() []Finding {
	list := make([]Finding, len(file.Findings))
	for i, f := range file.Findings {
		list[i] = Finding{
			File: file.Name, Region: file.Region, Identity: file.Identity, PolicyName: file.PolicyName, Statement: statement(f.Path),
			Path: f.Path, Line: f.Line, Column: f.Column, Rule: f.Rule, Code: f.Code, Level: level(f.Level),
			Message: f.Message, Hint: hint(f), Suggestion: f.Suggestion,
		}
	}
	return list
}

// level is the severity as problem matchers and SARIF name it.
func level(l finding.Level) string {
	if l == finding.Warning {
		return "warning"
	}
	return "error"
}

// hint says what to do about a finding; empty if the finding says it all.
func hint(f finding.Finding) string {
	if f.Hint == "" && f.Suggestion != "" {
		return "write: " + f.Suggestion
	}
	return f.Hint
}

// statement is the index in the path of a statement.
func statement(path string) *int {
	before := ""
	for token := range jsontext.Pointer(path).Tokens() {
		if i, err := strconv.Atoi(token); err == nil && before == "Statement" {
			return &i
		}
		before = token
	}
	return nil
}

// writeText writes each finding as compilers do, its path, the line with a
// caret, and the hint on a line of its own.
func writeText(out io.Writer, files []File) error {
	var b strings.Builder
	for _, file := range files {
		for i, f := range file.Findings {
			fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", Escape(file.Name), f.Line, f.Column, level(f.Level), Escape(f.Message), Escape(f.Rule))
			if f.Path != "" {
				fmt.Fprintf(&b, "    at %s\n", Escape(f.Path))
			}
			if file.Identity == "" || file.PolicyName != "" { // an identity as a whole has no text
				line, caret := excerpt(file.Lines[i], f.Column)
				fmt.Fprintf(&b, "    | %s\n    | %s^\n", line, strings.Repeat(" ", caret))
			}
			if h := hint(f); h != "" {
				fmt.Fprintf(&b, "    hint: %s\n", Escape(h))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// width is how much of a line is shown, in characters: a policy is often one
// long line.
const width = 100

// excerpt is the escaped part of a line around a column, and the terminal
// column in it where that stands.
func excerpt(line string, column int) (part string, caret int) {
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	from := 0
	if at > width*3/4 {
		from = at - width/2
	}
	to := min(from+width, len(runes))
	before, after := Escape(string(runes[from:at])), Escape(string(runes[at:to]))
	if from > 0 {
		before = "…" + before
	}
	if to < len(runes) {
		after += "…"
	}
	return before + after, text.StringWidthWithoutEscSequences(before)
}

// message is a finding's text where there is no line of its own for the hint.
func message(f finding.Finding) string {
	if h := hint(f); h != "" {
		return f.Message + "\n" + h
	}
	return cmp.Or(f.Message, f.Rule)
}
