// Command conformance asks an endpoint whether what shared/local and the
// function assume about SES, SQS, SNS, Lambda's event source mapping, DynamoDB,
// EventBridge and Step Functions holds there.
//
//	make conformance                                        sespolicy local, started for it
//	make conformance ARGS="-only ^sqs/"                     a part; -list says which there are
//	AWS_ENDPOINT_URL=http://127.0.0.1:5000 make conformance another emulator, or a running sespolicy local
//	CONFORMANCE_IDENTITY=example.com make conformance       the real account of the credentials
//
// Each assumption is a statement with its source, and a check through the SDK's
// clients: a file for each service. The report says holds, differs or cannot be
// asked.
//
// On a real account it needs an identity whose policies it may change, for
// example a domain that sends nothing. It makes queues, topics, tables and
// policies whose names begin with sespolicy-conformance-, and removes them. It
// changes no IAM, and deploys no function: what only a function could show
// cannot be asked. CONFORMANCE_ADDRESS names an address identity too, and
// CONFORMANCE_PRINCIPAL a role that was made a moment ago.
//
// Exit status: 0 nothing differs, 1 something does, 2 it could not be asked, was
// interrupted, or left something behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() { os.Exit(mainStatus()) }

func mainStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interruption ends it at once
	return run(ctx, os.Args[1:], fromEnvironment(os.Getenv), os.Stdin, os.Stdout, os.Stderr)
}

// run is the program. It returns the exit status.
func run(ctx context.Context, arguments []string, t target, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "ask only the assumptions whose name matches this regular expression")
	list := flags.Bool("list", false, "list the assumptions and ask nothing")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	flags.BoolVar(&t.yes, "yes", false, "use a real account without asking")
	flags.StringVar(&t.bootstrap, "bootstrap", t.bootstrap, "the function's executable for sespolicy local (default: build it)")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	fail := func(err error) int {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	chosen, err := choose(*only)
	if err != nil {
		return fail(err)
	}
	if *list {
		printList(stdout, chosen)
		return 0
	}
	w, end, err := t.open(ctx, stdin, stderr)
	defer end()
	if err != nil {
		return fail(err)
	}
	var each func(Result)
	if !*asJSON {
		_, _ = fmt.Fprintf(stdout, "asking %s\n\n", w.where())
		each = func(r Result) { printResult(stdout, r) }
	}
	report := w.report(ctx, chosen, each)
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(stderr, "interrupted: removing what was made")
	}
	left := w.cleanup.run(ctx)
	if *asJSON {
		err = printJSON(stdout, report)
	} else {
		printSummary(stdout, report)
	}
	if err := errors.Join(err, left); err != nil {
		return fail(err)
	}
	return report.status()
}

// choose are the assumptions that a pattern names.
func choose(pattern string) ([]Assumption, error) {
	matches, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var chosen []Assumption
	for _, a := range all() {
		if matches.MatchString(a.Name) {
			chosen = append(chosen, a)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-only %q matches no assumption: -list shows them", pattern)
	}
	return chosen, nil
}
