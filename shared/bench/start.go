package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// startTimeout limits one start.
const startTimeout = 20 * time.Second

// start measures starts. The contenders take turns in random order, so that
// other load on the machine affects them alike.
func start(ctx context.Context, b *bench) (section, error) {
	s := section{Name: "start", Title: "Start",
		About:   fmt.Sprintf("From the start of the process to its first poll of the Runtime API, and its resident memory at that point. Medians of %d starts each, the contenders taking turns in random order, built with the same flags.", b.starts),
		Columns: []string{"ms to the first poll", "ratio", "MB resident", "ratio"}}
	names := [2]string{standardName, "this project"}
	var paths [2]string
	for i, pkg := range []string{standard, ours} {
		var err error
		if paths[i], err = b.build(ctx, pkg); err != nil {
			return s, err
		}
	}
	var times, memory [2][]float64
	for n := range b.starts + 1 {
		for _, i := range rand.Perm(len(paths)) {
			took, resident, err := startOnce(ctx, paths[i])
			if err != nil {
				return s, fmt.Errorf("starting %s: %w", names[i], err)
			}
			if n > 0 { // the first start fills the page cache
				times[i], memory[i] = append(times[i], took.Seconds()*1e3), append(memory[i], resident)
			}
		}
	}
	for i, name := range names {
		s.Lines = append(s.Lines, lineOf(name, median(times[i]), median(times[i])/median(times[0]), median(memory[i]), median(memory[i])/median(memory[0])))
	}
	s.Goals = []goal{atMost("start, compared with "+standardName, median(times[1])/median(times[0]), 1.05).alarmed(1.2)}
	return s, nil
}

// startOnce starts a function, waits for its first poll, and kills it. Resident
// is its memory in MB, NaN where the system does not report it.
func startOnce(ctx context.Context, path string) (took time.Duration, resident float64, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	defer listener.Close() //nolint:errcheck // nothing was written to it
	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return 0, 0, err
	}
	process := exec.CommandContext(ctx, path)
	process.Env = environment(listener.Addr().String())
	begun := time.Now()
	if err := process.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = process.Process.Kill() // it may have ended by itself
		_ = process.Wait()         // it was killed, which is its error
	}()
	connection, err := listener.Accept()
	if err != nil {
		return 0, 0, err
	}
	defer connection.Close() //nolint:errcheck // nobody waits for an answer
	asked, err := bufio.NewReader(connection).ReadString('\n')
	took = time.Since(begun)
	if err != nil {
		return 0, 0, err
	}
	if !strings.HasPrefix(asked, "GET /2018-06-01/runtime/invocation/next ") {
		return 0, 0, fmt.Errorf("got %q, want GET next", asked)
	}
	return took, residentMB(process.Process.Pid), nil
}

// environment is what Lambda sets at least, and what this function requires.
func environment(runtimeAPI string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local",
		"DEAD_LETTER_QUEUE_URL=http://127.0.0.1:1/123456789012/DeadLetterQueue", "LEDGER_TABLE=Ledger", "MAX_RECEIVE_COUNT=20"}
}

// residentMB returns a process's resident memory. It is known on Linux only.
func residentMB(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // only Linux has it
	_, rest, _ := strings.Cut(string(text), "\nVmRSS:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return float64(none)
	}
	return kilobytes / 1024
}
