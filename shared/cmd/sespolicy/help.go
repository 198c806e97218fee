package main

import (
	"cmp"
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// helpTexts has the help of each command, in paragraphs, and its examples.
//
//go:embed help
var helpTexts embed.FS

// describe gives a command its help.
func describe(command *cobra.Command) {
	text, err := helpTexts.ReadFile("help/" + strings.ReplaceAll(pathOf(command), " ", "_") + ".txt")
	if err != nil {
		panic(err) // a command without help
	}
	long, examples, _ := strings.Cut(string(text), "Examples:\n")
	command.Long, command.Example = strings.TrimSpace(long), strings.TrimRight(examples, "\n")
}

// helpWidth is the width of help where there is no terminal, and the most there is.
const helpWidth = 120

// fitHelp wraps the help of all commands to the terminal: the paragraphs of the
// long text, and the flags.
func fitHelp(root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(command *cobra.Command, arguments []string) {
		width := min(cmp.Or(terminalWidth(command.OutOrStdout()), helpWidth), helpWidth)
		paragraphs := strings.Split(command.Long, "\n\n")
		for i, p := range paragraphs {
			paragraphs[i] = wrap(strings.ReplaceAll(p, "\n", " "), width)
		}
		command.Long = strings.Join(paragraphs, "\n\n")
		command.SetUsageTemplate(strings.ReplaceAll(command.UsageTemplate(), "Flags.FlagUsages ", fmt.Sprintf("Flags.FlagUsagesWrapped %d ", width)))
		help(command, arguments)
	})
}
