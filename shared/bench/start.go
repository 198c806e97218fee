package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// startPatience is the longest that one start may take.
const startPatience = 20 * time.Second

// start measures starts: the contenders take turns, so that what else the
// machine does meets them alike.
func start(ctx context.Context, b *bench) (section, error) {
	s := section{Name: "start", Title: "Start",
		About:   fmt.Sprintf("From the start of the process to its first poll of the Runtime API, and the memory it has in use then. Medians of %d starts each, the contenders taking turns in random order. The Go functions are built with the same flags.", b.starts),
		Columns: []string{"ms to the first poll", "of nothing's", "MB in use", "of nothing's"}}
	names := []string{nothingName, standardName, "this project"}
	var commands [][]string
	for _, pkg := range []string{nothing, standard, ours} {
		path, err := b.executable(ctx, pkg)
		if err != nil {
			return s, err
		}
		commands = append(commands, []string{path})
	}
	node, noNode := b.node(ctx)
	if noNode != nil {
		s.Notes = append(s.Notes, "Node was left out: "+noNode.Error()+".")
	} else {
		commands, names = append(commands, node), append(names, "Node, Powertools batch and @aws-sdk/client-ses, bundled")
	}
	times, memory := make([][]float64, len(commands)), make([][]float64, len(commands))
	for n := range b.starts + 1 {
		for _, i := range rand.Perm(len(commands)) { // whoever follows another finds what that left in the caches
			took, resident, err := startOnce(ctx, commands[i])
			if err != nil {
				return s, fmt.Errorf("starting %s: %w", names[i], err)
			}
			if n > 0 { // the first fills the page cache
				times[i], memory[i] = append(times[i], took.Seconds()*1e3), append(memory[i], resident)
			}
		}
	}
	for i, name := range names {
		s.Lines = append(s.Lines, line{name, []value{value(median(times[i])), value(median(times[i]) / median(times[0])),
			value(median(memory[i])), value(median(memory[i]) / median(memory[0]))}})
	}
	s.Goals = append(s.Goals,
		atMost("start, of a function that does nothing", median(times[2])/median(times[0]), 1.5).alarmed(2.25),
		atMost("start, of one that loads the SDK's configuration and two clients", median(times[2])/median(times[1]), 1.05).alarmed(1.2))
	if noNode == nil {
		s.Goals = append(s.Goals, atLeast("start, times faster than Node", median(times[3])/median(times[2]), 20).alarmed(10))
	}
	return s, nil
}

// startOnce starts a function, waits for its first poll, and ends it. Resident
// is its memory in MB, NaN where the system does not tell.
func startOnce(ctx context.Context, command []string) (took time.Duration, resident float64, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	defer listener.Close() //nolint:errcheck // nothing was written to it
	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(startPatience)); err != nil {
		return 0, 0, err
	}
	process := exec.CommandContext(ctx, command[0], command[1:]...)
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
		return 0, 0, fmt.Errorf("it asked %q, expected GET next", asked)
	}
	return took, residentMB(process.Process.Pid), nil
}

// environment is the least of what Lambda gives a function, and what ours needs.
func environment(runtimeAPI string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local",
		"DEAD_LETTER_QUEUE_URL=http://127.0.0.1:1/123456789012/DeadLetterQueue"}
}

// residentMB is a process's resident memory: Linux's alone.
func residentMB(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return float64(none)
	}
	_, rest, _ := strings.Cut(string(text), "\nVmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return float64(none)
	}
	kilobytes, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return float64(none)
	}
	return kilobytes / 1024
}
