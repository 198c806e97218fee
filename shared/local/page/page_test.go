package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local"
	"sespolicy/shared/local/page"
)

const statement = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}`

// hostile is what a requester may write.
const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>` + "\u202e\u0007"

// bootstrap is the function, built once.
var bootstrap string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "page")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if bootstrap, err = local.Build(context.Background(), "../../..", folder); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// start runs a stack with its page.
func start(t *testing.T) *local.Stack {
	t.Helper()
	s, err := local.Start(t.Context(), local.Config{
		Template: "../../../template.yaml", Bootstrap: bootstrap, Listen: "127.0.0.1:0", CallInterval: time.Millisecond, Page: page.New,
		Parameters:  map[string]string{"EventBusName": "default", "AnswerStepFunctions": "true"},
		Environment: map[string]string{"MIN_CALL_INTERVAL": "1ms"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// send puts a body on the queue and waits for its outcome.
func send(t *testing.T, s *local.Stack, body string) string {
	t.Helper()
	id, err := s.Send(t.Context(), events.SQSMessage{Body: body})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if open := s.Await(ctx, id); len(open) > 0 {
		t.Fatalf("no outcome of %s", body)
	}
	return id
}

// call asks the stack as a browser does, and returns the answer.
func call(t *testing.T, method, address string, form url.Values, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestWhoGetsThePage(t *testing.T) {
	s := start(t)
	for name, test := range map[string]struct {
		method, path string
		form         url.Values
		header       http.Header
		want         int
		isPage       bool
	}{
		"a browser":            {"GET", "/", nil, http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}, 200, true},
		"a client":             {"GET", "/", nil, http.Header{"Accept": {"*/*"}}, 200, false},
		"a call of SQS":        {"POST", "/", url.Values{"Action": {"SendMessage"}}, http.Header{"Accept": {"text/html"}}, 400, false},
		"a call of SES":        {"POST", "/", url.Values{"Action": {"ListIdentityPolicies"}, "Version": {"2010-12-01"}, "Identity": {"example.com"}}, http.Header{}, 200, false},
		"what is below it":     {"GET", "/page/live", nil, http.Header{}, 200, true},
		"what is not":          {"GET", "/page/other", nil, http.Header{}, 404, true},
		"a send by GET":        {"GET", "/page/send?text=x", nil, http.Header{}, 405, true},
		"a foreign page":       {"POST", "/page/send", url.Values{"text": {"{}"}}, http.Header{"Origin": {"https://evil.example"}}, 403, false},
		"its own page":         {"POST", "/page/check", url.Values{"text": {"{}"}}, http.Header{"Origin": {s.URL}}, 200, true},
		"more than a form may": {"POST", "/page/check", url.Values{"text": {strings.Repeat("x", 5<<20)}}, http.Header{}, 200, true},
	} {
		answer, _ := call(t, test.method, s.URL+test.path, test.form, test.header)
		policy := answer.Header.Get("Content-Security-Policy")
		if answer.StatusCode != test.want || (policy != "") != test.isPage {
			t.Errorf("%s: got status %d, page %v; want %d, %v", name, answer.StatusCode, policy != "", test.want, test.isPage)
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: inline script is allowed: %s", name, policy)
		}
	}
	if left := len(s.Requests()); left != 0 {
		t.Errorf("%d requests were sent", left)
	}
}

func TestWhatRequestersWroteStaysText(t *testing.T) {
	s := start(t)
	send(t, s, `{"Identity":`+quote(hostile)+`,"PolicyName":`+quote(hostile)+`,"Policy":{"Statement":`+statement+`},`+quote(hostile)+`:0}`)
	send(t, s, `{"Identity":"example.com","PolicyName":"P","Policy":{"Statement":`+strings.Replace(statement, `"Effect"`, `"Sid":`+quote(hostile)+`,"Effect"`, 1)+`}}`)
	send(t, s, strings.TrimRight(hostile, "\a"))
	send(t, s, `{"Identity":"example.com","PolicyName":"P","Policy":`+quote(`{"Statement":`+strings.Replace(statement, "Allow", hostile[:8], 1)+`}`)+`}`)
	_, text := call(t, "GET", s.URL+"/", nil, http.Header{"Accept": {"text/html"}})
	for _, bad := range []string{"<img", "<script>", "\u202e", "\u0007"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"alert(2)", `\u202e`, "unknown-member", "The policy in it"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

func TestWay(t *testing.T) {
	s := start(t)
	send(t, s, `{"Identity":"example.com","PolicyName":"P","Policy":{"Statement":`+statement+`}}`)
	refused := send(t, s, `{"Identity":"example.com","PolicyName":"Q","TaskToken":"`+strings.Repeat("t", 40)+`","Policy":{"Statement":[]}}`)
	_, text := call(t, "GET", s.URL+"/page/live", nil, http.Header{})
	for _, want := range []string{"account 111122223333", "took it in", "EventBridge Applied", "InvalidPolicy", "Step Functions SendTaskFailure", "StepFunctions was told"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	letter := s.DeadLetters().Snapshot()[0]
	_, text = call(t, "POST", s.URL+"/page/redrive", url.Values{"id": {letter.ID}}, http.Header{})
	if !strings.Contains(text, "It stays") || len(s.DeadLetters().Snapshot()) != 1 {
		t.Errorf("the letter of %s was put back: %s", refused, text)
	}
}

func TestCheck(t *testing.T) {
	s := start(t)
	policy := `{"Statement":` + statement + `}`
	for name, test := range map[string]struct {
		text, identity, policyName string
		want                       []string
	}{
		"nothing":                     {"", "", "", []string{`data-kind="" data-errors="0"></div>`}},
		"a good request":              {`{"Identity":"example.com","PolicyName":"P","Policy":` + policy + `}`, "", "", []string{`data-kind="request" data-errors="0"`, "Nothing is wrong"}},
		"a misspelt member":           {`{"Identity":"example.com","PolicyNam":"P","Policy":` + policy + `}`, "", "", []string{`<mark class="error">&#34;PolicyNam&#34;</mark>`, `data-start="26" data-end="37"`, "unknown-member"}},
		"the guardrails of the stack": {`{"Identity":"example.com","PolicyName":"P","Policy":` + strings.Replace(policy, `{"AWS":"111122223333"}`, `"*"`, 1) + `}`, "", "", []string{"ALLOW_PUBLIC_PRINCIPAL"}},
		"broken off":                  {`{"Identity":"example.com",`, "", "", []string{`data-kind="" data-errors="1"`, "json-syntax"}},
		"a policy":                    {policy, "example.com", "P", []string{`data-kind="policy" data-errors="0"`}},
		"a policy without a name":     {policy, "", "", []string{`data-errors="2"`, `<span class="place">/Identity</span>`, `<span class="place">/PolicyName</span>`}},
		"a fault in a policy":         {strings.Replace(policy, "Allow", "allow it", 1), "example.com", "P", []string{`<mark class="error">&#34;allow it&#34;</mark>`, `data-start="23" data-end="33">1:24<`}},
		"beyond the first plane":      {`{"Identity":"example.com","PolicyName":"😀","X":"😀"}`, "", "", []string{`data-start="39" data-end="43">1:40<`, `data-start="44" data-end="47">1:44<`}},
		"a stack's request for AWS": {`{"RequestType":"Delete","ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x","StackId":"s","RequestId":"r","LogicalResourceId":"L","PhysicalResourceId":"example.com/P"}`,
			"", "", []string{`data-errors="0"`}},
	} {
		_, text := call(t, "POST", s.URL+"/page/check", url.Values{"text": {test.text}, "identity": {test.identity}, "name": {test.policyName}}, http.Header{})
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
}

// quote is a text as JSON.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}
