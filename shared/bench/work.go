package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// work measures what a request costs beside waiting, by the benchmarks of the
// function: its package is a command, and can only be called from within.
func work(ctx context.Context, b *bench) (section, error) {
	found, err := b.benchmarks(ctx, "BenchmarkWhole|BenchmarkWork|BenchmarkCall|BenchmarkUnmarshal", b.runs, "1s")
	if err != nil {
		return section{}, err
	}
	const time, allocations, bytes = "cpu-us/request", "allocs/request", "KB/request"
	of := func(benchmark, unit string) float64 { return median(found[benchmark][unit]) }
	own := func(unit string) float64 { return of("BenchmarkWork", unit) - of("BenchmarkCall", unit) }
	least := of("BenchmarkUnmarshal", time)
	row := func(name string, figure func(unit string) float64) line {
		return lineOf(name, figure(time), figure(time)/least, figure(allocations), figure(bytes))
	}
	return section{Name: "work", Title: "Work per request",
		About: fmt.Sprintf("Processor time of the whole process, the garbage collector's included, from the record as the Lambda library hands it over to its outcome, its log line and its share of the batch's metrics, in batches of ten. "+
			"In the whole, the clients of SES and DynamoDB are real down to their HTTP client, which answers at once and is neither: its own time is next to nothing. "+
			"The SDK's calls are what building, signing and sending the requests and reading the answers costs: the call of SES is measured by a client of the SDK as it comes, those of DynamoDB by the difference to a table that takes everything without the SDK. "+
			"The rest is this project's, with the conversion of the ledger's items, for which it calls the SDK's attributevalue. Medians of %d runs.", b.runs),
		Columns: []string{"µs of processor time", "of json.Unmarshal", "allocations", "KB allocated"},
		Lines: []line{
			row("json.Unmarshal of the record into any", func(unit string) float64 { return of("BenchmarkUnmarshal", unit) }),
			row("this project, the SDK's calls left out", own),
			row("the SDK's call of SES", func(unit string) float64 { return of("BenchmarkCall", unit) }),
			row("the SDK's calls of DynamoDB", func(unit string) float64 { return of("BenchmarkWhole", unit) - of("BenchmarkWork", unit) }),
			row("the whole", func(unit string) float64 { return of("BenchmarkWhole", unit) }),
		},
		Goals: []goal{atMost("work per request, of the SDK's calls that it makes", own(time)/(of("BenchmarkWhole", time)-own(time)), 1)},
	}, nil
}

// memory measures whether an instance that lives long grows.
func memory(ctx context.Context, b *bench) (section, error) {
	found, err := b.benchmarks(ctx, "BenchmarkUptime", 1, "1x")
	if err != nil {
		return section{}, err
	}
	before, after := median(found["BenchmarkUptime"]["heap-KB-before"]), median(found["BenchmarkUptime"]["heap-KB-after"])
	return section{Name: "memory", Title: "Memory over time",
		About:   "The heap after a collection, after 1,000 batches and 10,000 batches later, each about a policy not seen before.",
		Columns: []string{"KB before", "KB after", "of before"},
		Lines:   []line{lineOf("this project", before, after, after/before)},
		Goals:   []goal{atMost("memory after 10,000 batches, of before", after/before, 1.05)},
	}, nil
}

// benchmarks runs benchmarks of the function: by name and unit, the figures of
// each run.
func (b *bench) benchmarks(ctx context.Context, names string, count int, each string) (map[string]map[string][]float64, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^("+names+")$", "-benchtime", each, "-count", strconv.Itoa(count), ours)
	text, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the benchmarks of the function: %w\n%s", err, text)
	}
	found := readBenchmarks(text)
	for name := range strings.SplitSeq(names, "|") {
		if len(found[name]) == 0 {
			return nil, fmt.Errorf("the benchmarks of the function: %s is missing from\n%s", name, text)
		}
	}
	return found, nil
}

// readBenchmarks reads Go's benchmark format:
// BenchmarkWork-2  384  2955015 ns/op  101802 cpu-ns/request.
func readBenchmarks(text []byte) map[string]map[string][]float64 {
	found := map[string]map[string][]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(fields[0], "-")
		if found[name] == nil {
			found[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if figure, err := strconv.ParseFloat(fields[i], 64); err == nil {
				found[name][fields[i+1]] = append(found[name][fields[i+1]], figure)
			}
		}
	}
	return found
}
