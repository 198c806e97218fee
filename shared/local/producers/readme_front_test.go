package producers_test

import (
	"path/filepath"
	"strings"
	"testing"
)

var frontPage = []example{
	{"Two commands", "", continuousIntegrationRuns},
	{"Two commands", "", quickStart},
	{"The request", "json", requestsOfThePage},
	{"Deploy", "", deploys},
	{"Who can send as us?", "", whoCanSend},
}

// continuousIntegrationRuns: running them here would run this test in itself.
func continuousIntegrationRuns(t *testing.T, _ *reader, text string) {
	steps := readFile(t, filepath.Join(root, ".ci/run"))
	for _, line := range lines(text) {
		if !strings.Contains(steps, "\n"+line+"\n") {
			t.Errorf(".ci/run does not run %q", line)
		}
	}
}

// quickStart is a shell beside make local, which the reader has already.
func quickStart(t *testing.T, r *reader, text string) {
	needs(t, "aws")
	_, script, _ := strings.Cut(text, "make local\n")
	send, look, found := strings.Cut(script, "\naws ses ")
	if !found {
		t.Fatal("it does not look at the policy")
	}
	r.applied(t, "MyPolicy", func() { r.shell(t, send) })
	if shown := r.shell(t, "aws ses "+look); !strings.Contains(shown, `"MyPolicy":`) {
		t.Errorf("got %s", shown)
	}
}

func requestsOfThePage(t *testing.T, r *reader, text string) {
	want := []string{"Applied", "Deleted"}
	for i, request := range lines(text) {
		if got := r.sendAndAwait(request); got.Outcome != want[i] {
			t.Errorf("got %+v, want %s", got, want[i])
		}
	}
}

// deploys runs make deploy with a sam that writes down its arguments.
func deploys(t *testing.T, r *reader, text string) {
	needs(t, "make")
	r.stub(t, "sam", `echo "sam $*"`)
	got := ""
	for _, line := range lines(text) {
		makefile, err := filepath.Abs(root)
		if err != nil {
			t.Fatal(err)
		}
		got += r.shell(t, strings.Replace(line, "make", "make --no-print-directory -C "+makefile, 1))
	}
	if want := "sam build\nsam deploy --guided --stack-name sespolicy --capabilities CAPABILITY_IAM\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// whoCanSend runs each command as the page says, with --local.
func whoCanSend(t *testing.T, r *reader, text string) {
	r.sendAndAwait(bare("Mailer", strings.Replace(policy("Mailer"), "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/mailer", 1)))
	for _, line := range lines(text) {
		if shown := r.shell(t, line+" --local --endpoint "+r.URL); !strings.Contains(shown, "us-east-1") {
			t.Errorf("%s: got %s", line, shown)
		}
	}
}
