package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
)

// answer is what a command has found out.
type answer struct {
	value any                 // for programs: what --format json prints
	text  func(out io.Writer) // for people
}

// answering makes a command of a function that finds something out, and adds
// --format with these formats, of which json is one. An answer beside an error is
// written too: it is what was found out in spite of it.
func answering(command *cobra.Command, find func(command *cobra.Command, arguments []string) (*answer, error), formats ...string) *cobra.Command {
	format := ""
	formatFlag(command, &format, formats...)
	command.RunE = func(command *cobra.Command, arguments []string) error {
		found, err := find(command, arguments)
		switch {
		case found == nil:
		case format != "json":
			found.text(command.OutOrStdout())
		default:
			if failed := printout.WriteJSON(command.OutOrStdout(), found.value); failed != nil {
				return errors.Join(failed, err)
			}
		}
		return err
	}
	return command
}

// paragraph writes a text, wrapped where out is a terminal, with an indent.
func paragraph(out io.Writer, indent, text string) {
	text = printout.Escape(text)
	if width := terminalWidth(out); width != noTerminal {
		text = wrap(text, max(width-len(indent), minLast))
	}
	for line := range strings.SplitSeq(text, "\n") {
		_, _ = fmt.Fprintln(out, indent+line)
	}
}
