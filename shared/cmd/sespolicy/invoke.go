package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
	"sespolicy/shared/sample"
)

func newInvokeCommand() *cobra.Command {
	var flags stackFlags
	var asIs bool
	command := &cobra.Command{
		Use:   "invoke EVENT",
		Short: "Invoke the function here with one event, and print its response",
		RunE: func(command *cobra.Command, arguments []string) error {
			event, err := os.ReadFile(arguments[0])
			if err != nil {
				return fmt.Errorf("reading the event: %w", err)
			}
			if err := checkEvent(event); err != nil {
				return fmt.Errorf("%s: %w", arguments[0], err)
			}
			if !asIs {
				event = sample.Renew(event, time.Now())
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
			_, _ = fmt.Fprintf(command.OutOrStdout(), "%s\n", printout.EscapeJSON(result.Payload))
			if result.FunctionError != "" {
				return errShown
			}
			return nil
		},
	}
	flags.register(command, "127.0.0.1:0")
	command.Flags().BoolVar(&asIs, "as-is", false, "keep the message ids and times of the event")
	return command
}

// checkEvent refuses what the function would read as a batch of no messages.
func checkEvent(event []byte) error {
	var batch struct{ Records []json.RawMessage }
	if err := json.Unmarshal(event, &batch); err != nil {
		return fmt.Errorf("got something other than an SQS event: %w", err)
	}
	if len(batch.Records) == 0 {
		return withHint(errors.New("got something other than an SQS event: it has no Records"), "the samples in events/ show one; send a bare request with sespolicy send")
	}
	return nil
}
