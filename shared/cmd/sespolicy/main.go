// Command sespolicy runs and looks after the provisioning of SES sending
// authorization policies: all of it on this machine, or a queue on AWS.
//
// Each command stands in a file of its own. What they do is in the packages;
// here are flags and what people see.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errShown is a failure that the command has told of already.
var errShown = errors.New("failed")

// run is the program. It returns the exit status: 0, or 1 for any failure; 2 when
// a file could not be checked.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "sespolicy",
		Short:         "SES sending authorization policies from a queue: run it here, check policies, look after dead letters",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newRunCommand(),
		newLocalCommand(),
		newInvokeCommand(),
		newCheckCommand(),
		newDLQCommand(),
		newSendCommand(),
	)
	root.SetArgs(arguments)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errShown) {
		_, _ = fmt.Fprintln(stderr, "sespolicy:", err) // nobody is left to tell if it cannot be written
	}
	if errors.Is(err, errUnreadable) {
		return 2
	}
	return 1
}
