package main

import (
	"fmt"
	"io"
	"strings"

	"sespolicy/shared/printout"
)

// write writes the answer for people.
func (a answerJSON) write(out io.Writer) {
	line := func(indent, text string) { paragraph(out, indent, text) }
	line("", a.Answer+": "+a.Reason)
	for _, s := range a.all {
		line("  ", fmt.Sprintf("%s by %s, line %d column %d of the policy of %s", s.Effect, place(s), s.Line, s.Column, s.Identity))
	}
	for _, key := range a.Unknown {
		line("  ", "depends on "+key+": give it with --set "+key+"=VALUE")
	}
	for _, doubt := range a.Doubts {
		line("  ", "in doubt: "+doubt)
	}
	for _, who := range []string{"owner", "delegate"} {
		title := map[string]string{"owner": "The owner of the identity has to", "delegate": "The sender has to (not checked here)"}[who]
		for _, n := range a.Needs {
			if n.Who != who {
				continue
			}
			if title != "" {
				_, _ = fmt.Fprintln(out, "\n"+title)
				title = ""
			}
			line("  ", n.What)
			_, _ = fmt.Fprintln(out, "    "+n.Link) // whole, so that it can be opened
		}
	}
}

// paragraph writes a text, wrapped where out is a terminal, with an indent.
func paragraph(out io.Writer, indent, text string) {
	text = printout.Escape(text)
	if width := terminalWidth(out); width != noTerminal {
		text = wrap(text, max(width-len(indent), minLast))
	}
	for line := range strings.SplitSeq(text, "\n") {
		_, _ = fmt.Fprintln(out, indent+strings.TrimRight(line, " ")) // wrap fills lines
	}
}
