package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// markdown is the report as a person reads it.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMeasured on %s with `make bench`: %s. All rows of a table were measured in the same run.\n", r.Date, r.Machine)
	r.goals(&b)
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.Title, s.About)
		s.table(&b)
	}
	return b.String()
}

func (r report) goals(b *strings.Builder) {
	fmt.Fprint(b, "\n| what | measured | goal | |\n|---|---:|---:|---|\n")
	for _, s := range r.Sections {
		for _, g := range s.Goals {
			verdict := "met"
			if !g.met() {
				verdict = "**missed**"
			}
			fmt.Fprintf(b, "| %s | %s | at most %s | %s |\n", g.What, number(g.Value), number(g.AtMost), verdict)
		}
	}
}

func (s section) table(b *strings.Builder) {
	fmt.Fprintf(b, "| | %s |\n|---|%s\n", strings.Join(s.Columns, " | "), strings.Repeat("---:|", len(s.Columns)))
	for _, l := range s.Lines {
		fmt.Fprintf(b, "| %s |", l.Name)
		for _, v := range l.Values {
			fmt.Fprintf(b, " %s |", number(v))
		}
		fmt.Fprintln(b)
	}
}

// number is a figure with three digits that mean something, or all of a whole
// number; a dash for none.
func number(v value) string {
	f := float64(v)
	switch {
	case math.IsNaN(f):
		return "–"
	case f == math.Trunc(f), math.Abs(f) >= 1000:
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strings.TrimSuffix(fmt.Sprintf("%#.3g", f), ".")
}
