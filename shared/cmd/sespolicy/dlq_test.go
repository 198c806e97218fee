package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/local/queue"
)

// post is a cloud for tests of the queues.
type post struct {
	t   *testing.T
	url string
	*cloud
}

func newPost(t *testing.T) *post {
	t.Helper()
	c, server := newCloud()
	t.Cleanup(server.Close)
	return &post{t, server.URL, c}
}

// command runs the program on these queues.
func (p *post) command(arguments ...string) (status int, out, errs string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(p.t.Context(), append(arguments, "--local", "--endpoint", p.url), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// reject puts a letter on the dead-letter queue, and gives its id.
func (p *post) reject(letter deadletter.Letter) string {
	p.t.Helper()
	letter.Record.MessageId, letter.Record.EventSourceARN = rand.Text(), p.requests.ARN()
	before := map[string]bool{}
	for _, m := range p.deadLetters.Snapshot() {
		before[m.ID] = true
	}
	config, err := (&target{local: true, endpoint: p.url}).config(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	client := sqs.NewFromConfig(config)
	if err := deadletter.New(client, p.deadLetters.URL()).Send(p.t.Context(), letter); err != nil {
		p.t.Fatal(err)
	}
	for _, m := range p.deadLetters.Snapshot() {
		if !before[m.ID] {
			return m.ID
		}
	}
	p.t.Fatal("the letter did not arrive")
	return ""
}

func body(text string) events.SQSMessage { return events.SQSMessage{Body: text} }

func (p *post) list(arguments ...string) []letterJSON {
	p.t.Helper()
	status, out, errs := p.command(append([]string{"dlq", "list", "--format", "json"}, arguments...)...)
	var letters []letterJSON
	if err := json.Unmarshal([]byte(out), &letters); err != nil || status != 0 {
		p.t.Fatalf("status %d, %v: %s", status, err, errs)
	}
	return letters
}

func TestListAndFilter(t *testing.T) {
	p := newPost(t)
	p.reject(deadletter.Letter{Record: body(request(goodPolicy)), Code: "InvalidPolicy", Message: "no"})
	p.reject(deadletter.Letter{Record: body("{"), Code: "MalformedRequest", Message: "not JSON\x1b"})
	p.reject(deadletter.Letter{Record: body(strings.ReplaceAll(request(goodPolicy), "MyPolicy", "Other")), Code: "Expired", Message: "late", AnsweredTo: "CloudFormation"})
	if _, err := p.deadLetters.Send(t.Context(), queue.Input{Body: request(goodPolicy)}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments []string
		want      []string
	}{
		{nil, []string{"Expired", "InvalidPolicy", "MalformedRequest", "RanOutOfReceives"}},
		{[]string{"--code", "expired,InvalidPolicy"}, []string{"Expired", "InvalidPolicy"}},
		{[]string{"--code", "RanOutOfReceives"}, []string{"RanOutOfReceives"}},
		{[]string{"--identity", "arn:aws:ses:us-east-1:123456789012:identity/EXAMPLE.com"}, []string{"Expired", "InvalidPolicy", "RanOutOfReceives"}},
		{[]string{"--policy-name", "Other"}, []string{"Expired"}},
		{[]string{"--older-than", "1h"}, nil},
		{[]string{"--newer-than", "1h", "--policy-name", "MyPolicy"}, []string{"InvalidPolicy", "RanOutOfReceives"}},
	} {
		var codes []string
		for _, l := range p.list(test.arguments...) {
			codes = append(codes, l.Code)
		}
		if slices.Sort(codes); !slices.Equal(codes, test.want) {
			t.Errorf("%q: got %q, want %q", test.arguments, codes, test.want)
		}
	}
	status, out, _ := p.command("dlq", "list")
	if status != 0 || !strings.Contains(out, "ran out of receives") || strings.Contains(out, "\x1b") {
		t.Errorf("status %d: %s", status, out)
	}
	if c := p.deadLetters.Counts(); c.Visible != 4 {
		t.Errorf("left hidden: %+v", c)
	}
}

func TestShowMarksThePolicysOwnText(t *testing.T) {
	p := newPost(t)
	policy := "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": \"none\"\n}"
	in := func(body string, f ...finding.Finding) string {
		return p.reject(deadletter.Letter{Record: events.SQSMessage{Body: body}, Code: "InvalidPolicy", Message: "no", Violations: f})
	}
	fault := finding.Finding{Path: "/Policy/Statement", Rule: "wrong-type", Message: "m", Line: 3, Column: 16}
	notification := `{"Type":"Notification","MessageId":"i","TopicArn":"t","Message":` + quoted(request(quoted(policy))) + `}`
	nested := fault
	nested.Line, nested.Column = 3, 45
	object := `{"Identity":"example.com",` + "\n" + `"PolicyName":"P",` + "\n" + `"Policy":{"Version":"2012-10-17","Statement":"none"}}`
	for name, test := range map[string]struct{ id, want string }{
		"a string":          {in(request(quoted(policy)), fault), "    |   \"Statement\": \"none\"\n    |                ^\n"},
		"in SNS":            {in(notification, fault), "    |   \"Statement\": \"none\"\n    |                ^\n"},
		"an object":         {in(object, nested), "    | \"Policy\":{\"Version\":\"2012-10-17\",\"Statement\":\"none\"}}\n    | " + strings.Repeat(" ", 44) + "^\n"},
		"without its place": {in("{", finding.Finding{Rule: "json-syntax"}), "    | {\n    | ^\n"},
	} {
		status, out, errs := p.command("dlq", "show", test.id)
		if status != 0 || !strings.Contains(out, test.want) {
			t.Errorf("%s: status %d %s\n%s", name, status, errs, out)
		}
	}
	if status, _, _ := p.command("dlq", "show", "no-such-id"); status != 1 {
		t.Errorf("no such letter: status %d", status)
	}
}

func TestRedriveCommand(t *testing.T) {
	p := newPost(t)
	var ids []string
	for i := range 12 {
		code := []string{"InvalidPolicy", "Expired"}[i%2]
		ids = append(ids, p.reject(deadletter.Letter{Record: body(fmt.Sprintf(`{"Identity":"d%d.com"}`, i)), Code: code, Message: "no"}))
	}
	if status, _, _ := p.command("dlq", "redrive", "--rate", "500"); status != 2 {
		t.Error("redrove without being told what")
	}
	status, out, errs := p.command("dlq", "redrive", "--code", "InvalidPolicy", "--dry-run")
	if status != 0 || p.requests.Counts().Visible != 0 || !strings.Contains(out, ids[0]) {
		t.Fatalf("dry run: status %d %s", status, errs)
	}
	const want = 6
	status, out, errs = p.command("dlq", "redrive", "--code", "InvalidPolicy", "--rate", "500")
	if status != 0 || p.requests.Counts().Visible != want || strings.Count(out, " was sent again as message ") != want {
		t.Fatalf("status %d %s\n%s", status, errs, out)
	}
	if status, _, _ := p.command("dlq", "redrive", ids[1], "no-such-id", "--rate", "500"); status != 1 || p.requests.Counts().Visible != 7 {
		t.Errorf("by id: status %d, %+v", status, p.requests.Counts())
	}
	if status, _, errs := p.command("dlq", "redrive", "--all", "--rate", "500"); status != 0 || p.requests.Counts().Visible != 12 {
		t.Errorf("all: status %d %s", status, errs)
	}
}

// editor makes a script the editor. It gets the file as $1.
func editor(t *testing.T, script string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "my editor")
	if err := os.WriteFile(name, []byte("#!/bin/sh\nset -e\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VISUAL", `"`+name+`"`)
	t.Setenv("TMPDIR", t.TempDir())
}

func TestEdit(t *testing.T) {
	wrong := strings.Replace(request(goodPolicy), "Allow", "Permit", 1)
	stack := `{"RequestType":"Create","ResponseURL":"https://u","StackId":"s","RequestId":"r","LogicalResourceId":"L","ResourceProperties":{"ServiceToken":"t","ServiceTimeout":"60","Identity":"example.com","PolicyName":"P","Policy":` +
		strings.Replace(goodPolicy, "Allow", "Permit", 1) + `}}`
	const correct = `sed -i s/\"Permit\"/\"Allow\"/ "$1"` + "\n"
	const nothing = "true\n"
	for name, test := range map[string]struct {
		body, answeredTo, script string
		arguments                []string
		status                   int
		want                     string // of the body sent, without white space
	}{
		"corrected":                      {wrong, "", correct, nil, 0, request(goodPolicy)},
		"still wrong, no answer":         {wrong, "", nothing, nil, 1, ""},
		"unchanged, no answer":           {request(goodPolicy), "", nothing, nil, 1, ""},
		"the editor fails":               {wrong, "", correct + "exit 1\n", nil, 1, ""},
		"its requester was told":         {stack, "CloudFormation", correct, nil, 1, ""},
		"its requester was told, as new": {stack, "CloudFormation", correct, []string{"--as-new"}, 0, `{"Action":"PutIdentityPolicy","Identity":"example.com","PolicyName":"P","Policy":` + goodPolicy + `}`},
		"as new, back in an envelope":    {stack, "CloudFormation", `echo '` + strings.Replace(stack, "Permit", "Allow", 1) + `' > "$1"` + "\n", []string{"--as-new"}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			editor(t, test.script)
			id := p.reject(deadletter.Letter{Record: events.SQSMessage{Body: test.body}, Code: "InvalidPolicy", Message: "no", AnsweredTo: test.answeredTo})
			status, _, errs := p.command(append([]string{"dlq", "edit", id}, test.arguments...)...)
			sent, left := p.requests.Snapshot(), p.deadLetters.Counts()
			if status != test.status || len(sent) != 1-test.status || left.Visible != test.status || left.InFlight != 0 {
				t.Fatalf("status %d, %d sent, left %+v: %s", status, len(sent), left, errs)
			}
			if test.want == "" {
				return
			}
			if got := strings.Join(strings.Fields(sent[0].Body), ""); got != test.want || len(sent[0].Attributes) != 0 {
				t.Errorf("sent %s\nwith %+v", got, sent[0].Attributes)
			}
		})
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m1s", 26*time.Hour + 59*time.Minute: "1d2h", 3 * time.Hour: "3h0m",
	} {
		if got := age(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
