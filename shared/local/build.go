package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// functionFolder has the function's source, in a clone.
const functionFolder = "functions/apply-policy"

// Root is the folder to build the function in: the working folder if that is a
// clone, else the template's.
func Root(template string) string {
	if _, err := os.Stat(functionFolder); err == nil {
		return "."
	}
	return filepath.Dir(template)
}

// Build compiles the function for this machine, as the Makefile does for
// Lambda, and returns the executable's path.
func Build(ctx context.Context, root, folder string) (bootstrap string, err error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return "", errors.New("building the function needs the Go tool, and there is no go on the PATH: " +
			"install it (https://go.dev/dl), or build the function elsewhere for this machine " +
			"(make build-ApplyPolicyFunction GOARCH=amd64, or arm64) and pass it with --bootstrap PATH")
	}
	bootstrap, err = filepath.Abs(filepath.Join(folder, "bootstrap"))
	if err != nil {
		return "", fmt.Errorf("building the function: %w", err)
	}
	if _, err := os.Stat(filepath.Join(root, functionFolder)); err != nil {
		return "", fmt.Errorf("there is no %s in %s to build: run this in the clone, or give the function's executable with --bootstrap PATH", functionFolder, root)
	}
	build := exec.CommandContext(ctx, tool, "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w", "-o", bootstrap, "./"+functionFolder)
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=", "GOARCH=")
	text, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the function in %s: %w\n%s", root, err, text)
	}
	return bootstrap, nil
}
