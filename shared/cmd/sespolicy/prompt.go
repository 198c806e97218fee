package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// ask asks a person a question; empty is what an empty line means. It ends with
// the context.
func ask(ctx context.Context, out io.Writer, answers *bufio.Reader, question string, empty bool) (bool, error) {
	_, _ = fmt.Fprint(out, question)
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() { // it ends with the program: a read of standard input cannot be interrupted
		line, err := answers.ReadString('\n')
		answered <- answer{line, err}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	if a.err != nil {
		_, _ = fmt.Fprintln(out)
		return false, fmt.Errorf("there was no answer: %w", a.err)
	}
	switch strings.ToLower(strings.TrimSpace(a.line)) {
	case "":
		return empty, nil
	case "y", "yes":
		return true, nil
	default:
		return false, nil
	}
}
