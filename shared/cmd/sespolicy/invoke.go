package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func newInvokeCommand() *cobra.Command {
	var flags stackFlags
	command := &cobra.Command{
		Use:   "invoke EVENT",
		Short: "Invoke the function here with one event, and print its response",
		Long: "Invoke hands the SQS event of a file to the function as Lambda would, on a stack of its own, and prints the\n" +
			"response. The function's outcomes go to standard error. It fails if the function does.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			event, err := os.ReadFile(arguments[0])
			if err != nil {
				return fmt.Errorf("reading the event: %w", err)
			}
			if err := checkEvent(event); err != nil {
				return fmt.Errorf("%s %w", arguments[0], err)
			}
			lines := &live{out: command.ErrOrStderr()}
			stack, end, err := flags.start(command.Context(), command.ErrOrStderr(), true, lines.observer())
			if err != nil {
				return err
			}
			defer end()
			result, err := stack.Function.Invoke(command.Context(), event)
			if err != nil {
				return fmt.Errorf("invoking the function: %w", err)
			}
			_, _ = fmt.Fprintf(command.OutOrStdout(), "%s\n", result.Payload)
			if result.FunctionError != "" {
				return errShown
			}
			return nil
		},
	}
	flags.register(command, "127.0.0.1:0")
	return command
}

// checkEvent refuses what the function would read as a batch of no messages.
func checkEvent(event []byte) error {
	var batch struct{ Records []json.RawMessage }
	if err := json.Unmarshal(event, &batch); err != nil {
		return fmt.Errorf("is no SQS event: %w", err)
	}
	if len(batch.Records) == 0 {
		return errors.New("is no SQS event, for it has no Records: the samples in events/ show one; send a bare request with sespolicy send")
	}
	return nil
}
