package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/local"
)

// stackFlags are the flags of every command that runs the stack here.
type stackFlags struct {
	template, bootstrap, listen string
	parameters, environment     map[string]string
	interval                    time.Duration
	page                        func(*local.Stack) http.Handler // nil for none
}

func (f *stackFlags) register(command *cobra.Command, listen string) {
	flags := command.Flags()
	flags.StringVar(&f.template, "template", local.DefaultTemplate, "the SAM template to take every number from")
	flags.StringVar(&f.bootstrap, "bootstrap", "", "the function's executable for this machine (built with the Go tool if not given)")
	flags.StringVar(&f.listen, "listen", listen, "loopback address and port to serve on; port 0 takes a free one")
	flags.StringToStringVar(&f.parameters, "parameter", nil, "a parameter of the template, NAME=VALUE; may be repeated")
	flags.StringToStringVar(&f.environment, "env", nil, "a variable over the function's environment, NAME=VALUE; may be repeated")
	flags.DurationVar(&f.interval, "ses-interval", time.Second, "the least time between two calls that SES allows here")
	_ = command.MarkFlagFilename("template", "yaml", "yml") // the flags are there
	_ = command.MarkFlagFilename("bootstrap")
}

// localParameters turn on every way in and every answer. The template demands a
// guardrail for the bus: AllowedIdentities=* is all identities, as without it.
var localParameters = map[string]string{
	"RequestEventBusName": "default", "AllowedIdentities": "*", "EventBusName": "default", "AnswerStepFunctions": "true",
}

// start builds the function if it was not given, and starts the stack. The
// function that it returns ends the stack and removes what was built.
func (f *stackFlags) start(ctx context.Context, progress io.Writer, paused bool, observer local.Observer) (*local.Stack, func(), error) {
	if _, err := os.Stat(f.template); err != nil {
		return nil, nil, withHint(fmt.Errorf("reading the template: %w", err),
			"run this in a clone of sespolicy, or name its template with --template PATH/template.yaml")
	}
	folder := ""
	clean := func() {
		if folder != "" {
			_ = os.RemoveAll(folder) // in the temporary folder: the system cleans up
		}
	}
	build := func(ctx context.Context) (bootstrap string, err error) {
		if folder, err = os.MkdirTemp("", "sespolicy"); err != nil {
			return "", fmt.Errorf("making a folder for the function: %w", err)
		}
		_, _ = fmt.Fprintln(progress, "building the function ...")
		return local.Build(ctx, local.Root(f.template), folder)
	}
	parameters := map[string]string{}
	for _, each := range []map[string]string{localParameters, f.parameters} {
		for name, value := range each {
			parameters[name] = value
		}
	}
	stack, err := local.Start(ctx, local.Config{
		Template:     f.template,
		Bootstrap:    f.bootstrap,
		Build:        build,
		Listen:       f.listen,
		Parameters:   parameters,
		Environment:  f.environment,
		CallInterval: f.interval,
		Paused:       paused,
		Observer:     observer,
		Page:         f.page,
	})
	if err != nil {
		clean()
		if ctx.Err() != nil {
			return nil, nil, errors.New("interrupted before anything was started")
		}
		return nil, nil, err
	}
	return stack, func() { stack.Close(); clean() }, nil
}
