package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// errAlone is why another tool was left out.
var errAlone = errors.New("this run was to do without")

// node installs the Node contender into a temporary folder, bundles it as
// people do for Lambda, and returns the command that runs it.
func (b *bench) node(ctx context.Context) ([]string, error) {
	if b.alone {
		return nil, errAlone
	}
	folder, err := b.temporary()
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("there is no node on the PATH")
	}
	for _, name := range []string{"package.json", "index.mjs"} {
		text, err := os.ReadFile(filepath.Join("shared/bench/testdata/node", name))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return nil, err
		}
	}
	for _, command := range [][]string{
		{"npm", "install", "--no-audit", "--no-fund", "--loglevel=error"},
		{"npx", "esbuild", "index.mjs", "--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm", "--outfile=bundle.mjs",
			"--banner:js=import{createRequire}from'node:module';const require=createRequire(import.meta.url);"},
	} {
		c := exec.CommandContext(ctx, command[0], command[1:]...)
		c.Dir = folder
		if text, err := c.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s %s failed: %w: %s", command[0], command[1], err, text)
		}
	}
	return []string{node, filepath.Join(folder, "bundle.mjs")}, nil
}
