package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	pretty "github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"sespolicy/shared/printout"
)

const (
	// noTerminal is the width of what is no terminal: nothing is cut or wrapped.
	noTerminal = 0
	// defaultWidth is that of a terminal that does not tell its own.
	defaultWidth = 80
	// minLast is the narrowest last column of a table. With less room, each row
	// becomes a block of lines.
	minLast = 24
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// columns is an output that is as wide as a terminal of so many columns.
type columns struct {
	io.Writer
	width int
}

// terminalWidth is how many columns a terminal has; COLUMNS goes first.
func terminalWidth(out io.Writer) int {
	if narrow, ok := out.(columns); ok {
		return narrow.width
	}
	if !isTerminal(out) {
		return noTerminal
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if n, _, err := term.GetSize(int(out.(*os.File).Fd())); err == nil && n > 0 {
		return n
	}
	return defaultWidth
}

// cut fits a text into one line.
func cut(text string, width int) string { return pretty.Snip(text, width, "…") }

// wrap fits a text into several lines.
func wrap(text string, width int) string {
	lines := strings.Split(pretty.WrapSoft(text, width), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ") // WrapSoft fills them
	}
	return strings.Join(lines, "\n")
}

// showLine shows a text in one line, which fits into the terminal.
func showLine(out io.Writer, text string) {
	text = printout.Escape(text)
	if width := terminalWidth(out); width != noTerminal {
		text = cut(text, width)
	}
	_, _ = fmt.Fprintln(out, text)
}

// tabulate prints rows under a title, or says that there are none. It escapes
// all cells. Where out is a terminal, the table fits into it: the last column is
// fitted into what the others leave, and if that is too little, each row becomes
// a block.
func tabulate(out io.Writer, title string, header []string, rows [][]string, fit func(text string, width int) string) {
	if len(rows) == 0 {
		_, _ = fmt.Fprintf(out, "\n%s: none\n", title)
		return
	}
	widest := make([]int, len(header))
	for i, name := range header {
		widest[i] = pretty.StringWidthWithoutEscSequences(name)
	}
	clean := make([][]string, len(rows))
	for i, cells := range rows {
		clean[i] = make([]string, len(cells))
		for j, cell := range cells {
			clean[i][j] = printout.Escape(oneLine(cell))
			widest[j] = max(widest[j], pretty.StringWidthWithoutEscSequences(clean[i][j]))
		}
	}
	width, last := terminalWidth(out), len(header)-1
	left := width - 1 - 3*len(header) // borders and spaces
	for _, w := range widest[:last] {
		left -= w
	}
	if width == noTerminal || left >= widest[last] {
		left = widest[last]
	} else if left < minLast {
		blocks(out, title, header, clean, width, fit)
		return
	}
	writer := table.NewWriter()
	writer.AppendHeader(row(header))
	for _, cells := range clean {
		writer.AppendRow(row(cells))
	}
	writer.SetColumnConfigs([]table.ColumnConfig{{Number: last + 1, WidthMax: left, WidthMaxEnforcer: fit}})
	writer.SetStyle(table.StyleLight)
	writer.Style().Format.Header = pretty.FormatDefault
	_, _ = fmt.Fprintf(out, "\n%s\n%s\n", title, writer.Render())
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, cell := range cells {
		r[i] = cell
	}
	return r
}

// blocks prints each row as lines of a name and a value. Empty cells are left out.
func blocks(out io.Writer, title string, header []string, rows [][]string, width int, fit func(string, int) string) {
	names := 0
	for _, name := range header {
		names = max(names, len(name))
	}
	room := max(width-names-4, minLast)
	_, _ = fmt.Fprintf(out, "\n%s\n", title)
	for _, cells := range rows {
		_, _ = fmt.Fprintln(out)
		for i, cell := range cells {
			if cell == "" {
				continue
			}
			for n, line := range strings.Split(fit(cell, room), "\n") {
				name := ""
				if n == 0 {
					name = header[i]
				}
				_, _ = fmt.Fprintf(out, "  %-*s  %s\n", names, name, line)
			}
		}
	}
}

// progress is a bar for people: on a terminal, and nowhere else.
func progress(out io.Writer, total int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetVisibility(terminalWidth(out) != noTerminal),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// count is a number of things.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if word, ok := strings.CutSuffix(what, "y"); ok {
		what = word + "ie"
	}
	return strconv.Itoa(n) + " " + what + "s"
}
