// Command bench measures what this project costs, and beside it, in the same
// run, what people would use in its place. Everything it says is a ratio or has
// one beside it, because times belong to a machine and ratios hold on others.
//
//	go run ./shared/bench                    everything, about four minutes; writes shared/bench/report
//	go run ./shared/bench -only start,size   these alone; prints, writes nothing
//	go run ./shared/bench -check …           exit status 1 where a goal is missed by more than noise explains
//	go run ./shared/bench -alone …           leaves out Node and cfn-lint
//
// Run it from the root of the repository, on a machine that does nothing else.
// It needs Go. Node with npm and cfn-lint join in where they are installed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
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
	{"drain", drain}, {"repeats", repeats}, {"start", start}, {"work", work}, {"memory", memory}, {"check", check}, {"size", size}, {"cost", cost},
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
	checked := flags.Bool("check", false, "fail where a goal is missed by more than noise explains")
	b := &bench{}
	flags.BoolVar(&b.alone, "alone", false, "leave out Node and cfn-lint")
	flags.IntVar(&b.starts, "starts", 101, "starts of each contender")
	flags.IntVar(&b.runs, "runs", 5, "runs of each other measurement")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	defer b.clean()
	found := newReport()
	for _, s := range all {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", s.name)
		measured, err := s.measure(ctx, b)
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
		if err := os.WriteFile(filepath.Join(folder, backlogFile), b.backlog, 0o644); err != nil {
			return fmt.Errorf("writing the plot: %w", err)
		}
	}
	if missed := found.missed(); *checked && len(missed) > 0 {
		return fmt.Errorf("%d goals are missed, the first: %s is %s, expected %s", len(missed), missed[0].What, number(missed[0].Value), missed[0].bound())
	}
	return nil
}
