package main

import (
	"context"
	"os"
	"slices"
)

// bench is one run: the state that its sections share.
type bench struct {
	starts, runs int

	folder string            // temporary
	built  map[string]string // executables for this machine, by package
	bursts *bursts           // shared by Drain and Cost
}

// temporary is the run's temporary folder.
func (b *bench) temporary() (string, error) {
	if b.folder != "" {
		return b.folder, nil
	}
	var err error
	b.folder, err = os.MkdirTemp("", "sespolicy-bench")
	return b.folder, err
}

// clean removes the temporary folder.
func (b *bench) clean() {
	if b.folder != "" {
		_ = os.RemoveAll(b.folder) // the system clears its temporary folder too
	}
}

// executable is a package's executable for this machine, built once.
func (b *bench) executable(ctx context.Context, pkg string) (string, error) {
	if path, ok := b.built[pkg]; ok {
		return path, nil
	}
	folder, err := b.temporary()
	if err != nil {
		return "", err
	}
	path, err := build(ctx, folder, pkg)
	if err != nil {
		return "", err
	}
	if b.built == nil {
		b.built = map[string]string{}
	}
	b.built[pkg] = path
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
