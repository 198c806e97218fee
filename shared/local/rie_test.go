//go:build rie

package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local"
)

// TestRuntimeInterfaceEmulator runs the function that ships under AWS's own
// emulator of the Lambda runtime, named by the variable RIE, and invokes it with
// each sample: one invocation at a time, all the emulator can do.
//
//	RIE=…/aws-lambda-rie go test -tags rie -run TestRuntimeInterfaceEmulator ./shared/local
func TestRuntimeInterfaceEmulator(t *testing.T) {
	emulator := os.Getenv("RIE")
	if emulator == "" {
		t.Fatal("RIE is empty, want the path of aws-lambda-rie")
	}
	shipped, err := local.Build(t.Context(), "../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stack, err := local.Start(t.Context(), local.Config{
		Template: "../../template.yaml", Bootstrap: shipped, Listen: "127.0.0.1:0", CallInterval: -1, Paused: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stack.Close)
	endpoint := runEmulator(t, emulator, shipped, stack)
	paths, err := filepath.Glob("../../events/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no samples", err)
	}
	for _, path := range paths {
		event, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wantBatchResponse(t, filepath.Base(path), event, invoke(t, endpoint, event))
	}
	if len(stack.Email.Policies()) == 0 || len(stack.DeadLetters().Snapshot()) == 0 {
		t.Errorf("policies %v, %d dead letters: want some of both", stack.Email.Policies(), len(stack.DeadLetters().Snapshot()))
	}
}

// runEmulator starts the emulator with the environment that the template gives
// the function, and returns the endpoint of its invocations.
func runEmulator(t *testing.T, emulator, shipped string, stack *local.Stack) string {
	t.Helper()
	address, api := freeAddress(t), freeAddress(t)
	command := exec.Command(emulator, "--runtime-interface-emulator-address", address, "--runtime-api-address", api, shipped, "bootstrap")
	described, _ := stack.Resources.Function("ApplyPolicyFunction") // Start made sure that it is there
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "AWS_LAMBDA_FUNCTION_TIMEOUT=60", "AWS_LAMBDA_FUNCTION_NAME=" + described.Name}
	for name, value := range described.Environment {
		command.Env = append(command.Env, name+"="+value)
	}
	for name, value := range stack.Environment() {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env, "MIN_CALL_INTERVAL=1ms")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt) // it ends the function, too
		timer := time.AfterFunc(5*time.Second, func() { _ = command.Process.Kill() })
		_ = command.Wait() // by our signal
		timer.Stop()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
			return "http://" + address + "/2015-03-31/functions/function/invocations"
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the emulator does not listen: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // nothing was accepted
	return listener.Addr().String()
}

// invoke posts an event, at most for two minutes.
func invoke(t *testing.T, endpoint string, event []byte) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s %v", answer.Status, body, err)
	}
	return body
}

// wantBatchResponse checks a response as the mapping reads it: one member, a
// list, never null, of the ids of records that must come again. A sample with an
// outcome in its name has none; an answer that its host does not take is retried.
func wantBatchResponse(t *testing.T, name string, event, response []byte) {
	t.Helper()
	var sent events.SQSEvent
	if err := json.Unmarshal(event, &sent); err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	var failures []events.SQSBatchItemFailure
	if json.Unmarshal(response, &members) != nil || len(members) != 1 || json.Unmarshal(members["batchItemFailures"], &failures) != nil || failures == nil {
		t.Errorf("%s: got %s, want one member batchItemFailures, a list", name, response)
		return
	}
	answered := strings.Contains(name, "cloudformation") || strings.Contains(name, "step-functions")
	for _, failure := range failures {
		known := false
		for _, record := range sent.Records {
			known = known || record.MessageId == failure.ItemIdentifier
		}
		if !known || !answered {
			t.Errorf("%s: %s is to come again (known: %v)", name, failure.ItemIdentifier, known)
		}
	}
}
