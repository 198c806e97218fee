// Package printout writes what checks found in files: for people, as JSON, and as
// SARIF for tools that show findings in code.
//
// It finds nothing itself, and takes lines and columns as they are: those of
// the file, from 1, in Unicode code points.
package printout

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"sespolicy/shared/finding"
)

// File is one file and what was found in it, in the order of its text.
type File struct {
	Name     string
	Findings []finding.Finding
	Lines    []string // for each finding, the line it is on
}

// Formats are the names of the formats.
var Formats = []string{"text", "json", "sarif"}

// Write writes files in a format, one of [Formats].
func Write(out io.Writer, format string, files []File) error {
	switch format {
	case "text":
		return writeText(out, files)
	case "json":
		return writeJSON(out, files)
	case "sarif":
		return writeSARIF(out, files)
	default:
		return fmt.Errorf("there is no format %q, one of %s was expected", format, strings.Join(Formats, ", "))
	}
}

// Count is how many violations and warnings there are.
func Count(files []File) (violations, warnings int) {
	for _, file := range files {
		for _, f := range file.Findings {
			if f.Level == finding.Warning {
				warnings++
			} else {
				violations++
			}
		}
	}
	return violations, warnings
}

// writeText writes, for each finding, where it is, what it is, and the line with a caret.
func writeText(out io.Writer, files []File) error {
	var b strings.Builder
	for _, file := range files {
		for i, f := range file.Findings {
			fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", printable(file.Name), f.Line, f.Column, f.Level, printable(f.Message), f.Rule)
			if f.Path != "" {
				fmt.Fprintf(&b, "    at %s\n", printable(f.Path))
			}
			line, caret := excerpt(file.Lines[i], f.Column)
			fmt.Fprintf(&b, "    | %s\n    | %s^\n", line, strings.Repeat(" ", caret))
			if f.Hint != "" {
				fmt.Fprintf(&b, "    hint: %s\n", printable(f.Hint))
			}
			if f.Suggestion != "" {
				fmt.Fprintf(&b, "    write: %s\n", printable(f.Suggestion))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// width is how much of a line people are shown, in characters: a policy is
// often one long line.
const width = 100

// excerpt is the part of a line around a column, and where the column is in it.
func excerpt(line string, column int) (part string, caret int) {
	runes := []rune(line)
	caret = min(max(column-1, 0), len(runes))
	from := 0
	if caret > width*3/4 {
		from = caret - width/2
	}
	to := min(from+width, len(runes))
	part = printable(string(runes[from:to]))
	caret -= from
	if from > 0 {
		part = "…" + part
		caret++
	}
	if to < len(runes) {
		part += "…"
	}
	return part, caret
}

// printable is text that moves no cursor and colours nothing: what a file says
// must not command the terminal it is shown on. Each character stays one.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, text)
}

// writeJSON writes one list of all findings.
func writeJSON(out io.Writer, files []File) error {
	type inFile struct {
		File  string `json:"file"`
		Level string `json:"level"`
		finding.Finding
	}
	all := []inFile{}
	for _, file := range files {
		for _, f := range file.Findings {
			all = append(all, inFile{file.Name, f.Level.String(), f})
		}
	}
	return encode(out, all)
}

func encode(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
