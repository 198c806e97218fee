// Command sespolicy runs and looks after the provisioning of SES sending
// authorization policies: all of it on this machine, or a deployment on AWS.
//
// Each subcommand is in a file of its own, with its flags and what people see;
// its help is in help/, and the work is in the packages. What all subcommands
// share: arguments in usage.go, the flags that name a deployment in target.go,
// those that name an account in account.go, output in answer.go and table.go,
// errors and exit statuses in errors.go.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"sespolicy/shared/printout"
)

func main() { os.Exit(mainStatus()) }

func mainStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// interrupts are the signals that end a command in order: SIGHUP, when the
// terminal is closed, like SIGTERM. One that is ignored, as nohup does with
// SIGHUP, stays ignored.
func interrupts() []os.Signal {
	var all []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// run is the program. It returns the exit status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "sespolicy",
		Short:         "Provision SES sending authorization policies through a queue",
		Version:       printout.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newRunCommand(),
		newLocalCommand(),
		newInvokeCommand(),
		newCheckCommand(),
		newSendCommand(),
		newStatusCommand(),
		newHistoryCommand(),
		newReleaseCommand(),
		newListPoliciesCommand(),
		newWhoCanCommand(),
		newCanSendCommand(),
		newAuditCommand(),
		newExportCommand(),
		newPlanCommand(),
		newDLQCommand(),
		newDeploymentCommand(),
		newSchemaCommand(),
	)
	finish(root)
	fitHelp(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badUse(flagError(err)) })
	root.SetArgs(arguments)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	return report(stderr, command, err)
}
