package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// What is built, by package.
const (
	ours     = "./functions/apply-policy"
	nothing  = "./shared/bench/testdata/nothing"
	standard = "./shared/bench/testdata/standard"
)

// What the two others are called in tables.
const (
	nothingName  = "nothing (aws-lambda-go alone)"
	standardName = "nothing, with the SDK's standard configuration and its clients of SES and SQS"
)

// build compiles a function the way the Makefile does, for this machine where
// arch is empty, and returns the executable's path.
func build(ctx context.Context, folder, pkg, arch string) (string, error) {
	path := filepath.Join(folder, filepath.Base(pkg)+arch, "bootstrap")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if arch != "" {
		command.Env = append(command.Env, "GOOS=linux")
	}
	if text, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return path, nil
}

// sizes are the bytes of an executable, bare and in a deployment package.
func sizes(path string) (bare, zipped int64, err error) {
	executable, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer executable.Close() //nolint:errcheck // it was only read
	var counted counter
	archive := zip.NewWriter(&counted)
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, 0, err
	}
	if bare, err = io.Copy(entry, executable); err != nil {
		return 0, 0, err
	}
	if err := archive.Close(); err != nil {
		return 0, 0, err
	}
	return bare, int64(counted), nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
