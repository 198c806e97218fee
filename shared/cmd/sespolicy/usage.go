package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// finish completes a command, and those below it, by what it declares: Use
// names its arguments, as in "IDENTITY NAME", "FILE|FOLDER..." or "[ID...]".
func finish(command *cobra.Command) {
	for _, sub := range command.Commands() {
		finish(sub)
	}
	describe(command)
	want := argumentsOf(command.Use)
	command.Args = func(command *cobra.Command, got []string) error {
		return badUse(checkArguments(command, want, got))
	}
	command.ValidArgsFunction = completionOf(want)
	if !command.Runnable() {
		command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	}
}

// pathOf is how a command is called, without the name of the program, whose own
// path is its name.
func pathOf(command *cobra.Command) string {
	return strings.TrimPrefix(command.CommandPath(), "sespolicy ")
}

// argumentsOf are the arguments that Use names: no flags, nor their values.
func argumentsOf(use string) []string {
	words := strings.Fields(use)[1:]
	for i := 0; i < len(words); i++ {
		if strings.HasPrefix(words[i], "--") {
			words = slices.Delete(words, i, min(i+2, len(words)))
			i--
		}
	}
	return words
}

// checkArguments compares the number of arguments with what Use names.
func checkArguments(command *cobra.Command, want, got []string) error {
	if command.HasSubCommands() && len(got) > 0 {
		err := fmt.Errorf("there is no command %q", strings.TrimPrefix(command.CommandPath()+" ", "sespolicy ")+got[0])
		command.SuggestionsMinimumDistance = 1 + len(got[0])/5
		if like := command.SuggestionsFor(got[0]); len(like) > 0 {
			return withHint(err, "did you mean %s %s?", command.CommandPath(), like[0])
		}
		return err
	}
	if len(want) > 0 && strings.HasPrefix(want[0], "[") {
		return nil
	}
	several := len(want) > 0 && strings.HasSuffix(want[0], "...")
	switch {
	case len(got) == len(want), several && len(got) > 0:
		return nil
	case len(want) == 0:
		return fmt.Errorf("got %q, no argument was expected", got[0])
	case len(got) == 0:
		return fmt.Errorf("%s is missing", strings.Join(want, " "))
	default:
		return fmt.Errorf("got %s, %s was expected", count(len(got), "argument"), strings.Join(want, " "))
	}
}

// flagError is an error of the flag parser in the words of this program.
func flagError(err error) error {
	if value, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		kind := map[string]string{"int": "a number", "int64": "a number", "bool": "true or false", "duration": "a time such as 90s, 5m or 2h"}
		if want := kind[value.GetFlag().Value.Type()]; want != "" {
			return fmt.Errorf("--%s is %q, %s was expected", value.GetFlag().Name, value.GetValue(), want)
		}
		return fmt.Errorf("--%s is %q: %w", value.GetFlag().Name, value.GetValue(), errors.Unwrap(err))
	}
	return err
}

// requestFiles are the endings of files with requests.
var requestFiles = []string{"json", "ndjson", "jsonl", "yaml", "yml"}

// completionOf offers what fits the first argument to the shell: files, folders,
// or nothing.
func completionOf(want []string) cobra.CompletionFunc {
	offers, directive := []string(nil), cobra.ShellCompDirectiveNoFileComp
	switch strings.Join(want, " ") {
	case "FILE|FOLDER...":
		offers, directive = requestFiles, cobra.ShellCompDirectiveFilterFileExt
	case "EVENT":
		offers, directive = []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	case "FOLDER":
		directive = cobra.ShellCompDirectiveFilterDirs
	}
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return offers, directive }
}

// choice is a flag that takes one of some values, the first by default.
type choice struct {
	value *string
	all   []string
}

func (c choice) String() string { return *c.value }
func (c choice) Type() string   { return "string" }

func (c choice) Set(text string) error {
	if !slices.Contains(c.all, text) {
		return fmt.Errorf("one of %s was expected", strings.Join(c.all, ", "))
	}
	*c.value = text
	return nil
}

// formatFlag adds --format with the formats that a command has, the first by default.
func formatFlag(command *cobra.Command, format *string, formats ...string) {
	*format = formats[0]
	command.Flags().Var(choice{format, formats}, "format", strings.Join(formats, ", "))
	complete(command, "format", formats...)
}

// complete offers values for a flag to the shell.
func complete(command *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that is not there.
	if err := command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
