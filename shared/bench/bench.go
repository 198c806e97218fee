package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// The packages that are built.
const (
	ours     = "./functions/apply-policy"
	standard = "./shared/bench/testdata/standard"
)

// standardName is the contender's name in tables.
const standardName = "a function with the SDK's standard configuration and the same clients, and no other code"

// bench is one run: the state that its sections share.
type bench struct {
	starts, runs int
	folder       string      // temporary: the executables
	bursts       []contender // shared by drain and cost
}

// build compiles a function for this machine with the Makefile's flags and
// returns the executable's path.
func (b *bench) build(ctx context.Context, pkg string) (string, error) {
	path := filepath.Join(b.folder, filepath.Base(pkg), "bootstrap")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return path, nil
}

// median is the middle of the figures, the mean of the two of an even number.
func median(figures []float64) float64 {
	if len(figures) == 0 {
		return float64(none)
	}
	sorted := slices.Sorted(slices.Values(figures))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
