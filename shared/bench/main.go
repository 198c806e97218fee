// Command bench measures this project and, in the same run, the alternatives:
// how fast a burst drains, what a request costs, how the function starts, and
// whether its memory grows. Every result is a ratio or comes with one, because
// times differ between machines.
//
//	go run ./shared/bench               everything, about three minutes; writes shared/bench/report
//	go run ./shared/bench -only start   one section; prints it, writes nothing
//	go run ./shared/bench -check …      exit status 1 if a goal is missed by more than noise explains
//
// Run it from the root of the repository, on an idle machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

// folder is where the report is kept.
const folder = "shared/bench/report"

// all are the sections, in the report's order.
var all = []struct {
	name    string
	measure func(context.Context, *bench) (section, error)
}{
	{"drain", drain}, {"start", start}, {"work", work}, {"memory", memory}, {"cost", cost},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "sections to measure, separated by commas (default all)")
	checked := flags.Bool("check", false, "fail if a goal is missed by more than noise explains")
	var b bench
	flags.IntVar(&b.starts, "starts", 101, "starts of each contender")
	flags.IntVar(&b.runs, "runs", 5, "runs of each other measurement")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	var err error
	if b.folder, err = os.MkdirTemp("", "sespolicy-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder) //nolint:errcheck // a temporary folder
	found := newReport()
	for _, s := range all {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", s.name)
		measured, err := s.measure(ctx, &b)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", s.name, err)
		}
		found.Sections = append(found.Sections, measured)
	}
	fmt.Print(found.markdown())
	if *only == "" {
		if err := found.write(folder); err != nil {
			return err
		}
	}
	if missed := found.missed(); *checked && len(missed) > 0 {
		return fmt.Errorf("%d goals are missed, the first: %s is %s, expected at most %s", len(missed), missed[0].What, number(missed[0].Value), number(missed[0].AtMost))
	}
	return nil
}
