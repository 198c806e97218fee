package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The packages that are built.
const (
	ours     = "./functions/apply-policy"
	standard = "./shared/bench/testdata/standard"
)

// standardName is the contender's name in tables.
const standardName = "a function with the SDK's standard configuration and the same clients, and no other code"

// build compiles a function for this machine with the Makefile's flags and
// returns the executable's path.
func build(ctx context.Context, folder, pkg string) (string, error) {
	path := filepath.Join(folder, filepath.Base(pkg), "bootstrap")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return path, nil
}
