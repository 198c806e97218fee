package function

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// process plays a process that talks to the Runtime API by hand, to do what
// aws-lambda-go never does.
func process(t *testing.T) (*environment, *httptest.Server) {
	t.Helper()
	out, err := newOutput(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.close)
	e := newEnvironment(&Function{config: Config{Name: "F", Timeout: time.Minute}})
	e.output = out
	server := httptest.NewServer(e.api())
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(e.gone) }) // first: lets a waiting next go
	return e, server
}

func TestRuntimeAPIRefusals(t *testing.T) {
	e, server := process(t)
	results := make(chan Result, 1)
	in := &invocation{id: "1", payload: []byte(`{}`), over: make(chan struct{})}
	go func() { results <- e.run(in) }()
	const root = "/2018-06-01/runtime/"
	for i, step := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", root + "invocation/1/response", `early`, 400},
		{"GET", root + "invocation/next", "", 200},
		{"GET", root + "invocation/next", "", 403}, // it has not answered yet
		{"POST", root + "invocation/2/response", `another's`, 400},
		{"POST", root + "invocation/1/response", `"first"`, 202},
		{"POST", root + "invocation/1/error", `{"errorType":"Second"}`, 403},
		{"POST", root + "invocation/1/response", `"third"`, 403},
	} {
		request, err := http.NewRequest(step.method, server.URL+step.path, strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != step.status {
			t.Errorf("step %d, %s %s: %s %s", i, step.method, step.path, response.Status, text)
		}
	}
	select {
	case <-results:
		t.Error("over before the next GET next")
	default:
	}
	go http.Get(server.URL + root + "invocation/next") //nolint:errcheck // it waits until the test ends
	if result := <-results; string(result.Payload) != `"first"` || result.FunctionError != "" {
		t.Errorf("%+v", result)
	}
}

func TestMarkInTheMiddleOfALine(t *testing.T) {
	var lines []string
	o, err := newOutput(func(line string) { lines = append(lines, line) })
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one\ntw", "o\n\nlast"} {
		if _, err := o.writer.WriteString(text); err != nil {
			t.Fatal(err)
		}
		o.settle()
	}
	o.close()
	if got := strings.Join(lines, "|"); got != "one|tw|o||last" {
		t.Errorf("got %q", got)
	}
}
