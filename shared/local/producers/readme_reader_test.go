package producers_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sespolicy/shared/local"
)

// reader is somebody who follows a page: make local runs, the shell is in a folder
// with the files of the project, and sespolicy is in PATH.
type reader struct {
	*world
	folder string
	bin    string // first in PATH
}

// command is sespolicy, built once.
var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(bootstrap), "sespolicy")
	out, err := exec.Command("go", "build", "-o", path, root+"/shared/cmd/sespolicy").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building sespolicy: %w\n%s", err, out)
	}
	return path, nil
})

func newReader(t *testing.T) *reader {
	t.Helper()
	sespolicy, err := command()
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{world: start(t, local.Config{}), folder: t.TempDir(), bin: t.TempDir()}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{filepath.Join(r.bin, "sespolicy"): sespolicy}
	for _, name := range []string{"events", "template.yaml"} {
		links[filepath.Join(r.folder, name)] = filepath.Join(absolute, name)
	}
	for at, to := range links {
		if err := os.Symlink(to, at); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// stub puts a script in PATH in place of a program that needs AWS or is big.
func (r *reader) stub(t *testing.T, name, script string) {
	t.Helper()
	writeFile(t, filepath.Join(r.bin, name), "#!/bin/sh\n"+script, 0o700)
	t.Cleanup(func() { _ = os.Remove(filepath.Join(r.bin, name)) }) // the folder goes too
}

// shell runs a script, which must end with one of the statuses (0 if none is
// given), and returns what it printed.
func (r *reader) shell(t *testing.T, script string, statuses ...int) string {
	t.Helper()
	stack := httptest.NewServer(http.HandlerFunc(r.describeStacks))
	defer stack.Close()
	run := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(script, "http://"+local.DefaultListen, r.URL))
	run.Dir = r.folder
	run.Env = append(os.Environ(), "PATH="+r.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+r.folder,
		"AWS_ENDPOINT_URL="+r.URL, "AWS_ENDPOINT_URL_CLOUDFORMATION="+stack.URL, "AWS_ENDPOINT_URL_STS="+stack.URL, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	run.Stdin = strings.NewReader("y\n") // what asks is answered
	var out, errOut bytes.Buffer
	run.Stdout, run.Stderr = &out, &errOut
	_ = run.Run() // its status is looked at
	status := run.ProcessState.ExitCode()
	allowed := len(statuses) == 0 && status == 0
	for _, s := range statuses {
		allowed = allowed || status == s
	}
	if !allowed {
		t.Fatalf("exit status %d of\n%s\n%s%s", status, script, &out, &errOut)
	}
	return out.String()
}

// needs skips an example for which a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
}

// describeStacks answers for the two services that make local does not have:
// CloudFormation, for the stack sespolicy, and STS.
func (r *reader) describeStacks(w http.ResponseWriter, request *http.Request) {
	if request.PostFormValue("Action") == "GetCallerIdentity" {
		_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, local.Account)
		return
	}
	_, _ = fmt.Fprint(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>sespolicy</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>`)
	for name, value := range map[string]string{
		"RequestQueueUrl": r.Source().URL(), "RequestQueueArn": r.Source().ARN(), "DeadLetterQueueUrl": r.DeadLetters().URL(),
		"RequestTopicArn": r.topicARN(), "LedgerTableName": "Ledger",
	} {
		_, _ = fmt.Fprintf(w, `<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>`, name, value)
	}
	_, _ = fmt.Fprint(w, `</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`)
}

// outcome is what the function logs of the next request that it settles after the
// reader did something.
func (r *reader) outcome(t *testing.T, do func()) local.Request {
	t.Helper()
	before := len(r.Requests())
	do()
	var last local.Request
	r.untilChanged("a request is settled", func() bool {
		for _, request := range r.Requests()[before:] {
			if last = request; last.Outcome != "Retry" {
				return true
			}
		}
		return false
	})
	return last
}

// applied fails unless the next request is applied, and without a warning.
func (r *reader) applied(t *testing.T, policyName string, do func()) {
	t.Helper()
	if got := r.outcome(t, do); got.Outcome != "Applied" || got.PolicyName != policyName {
		t.Errorf("got %+v, want %s applied", got, policyName)
	}
	if strings.Contains(r.told(), `"warnings"`) {
		t.Error("the example earns a warning")
	}
}

// lines are the commands of a block, without comments.
func lines(text string) (found []string) {
	for line := range strings.Lines(text) {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}
