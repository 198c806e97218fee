package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"sespolicy/shared/local/queue"
)

func TestRegionOf(t *testing.T) {
	for name, want := range map[string]string{
		"arn:aws:sqs:eu-west-1:123456789012:Q":                   "eu-west-1",
		"https://sqs.eu-central-1.amazonaws.com/123456789012/Q":  "eu-central-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/Q": "cn-north-1",
		"http://127.0.0.1:4566/123456789012/RequestQueue":        "",
		"": "",
	} {
		if got := regionOf(name); got != want {
			t.Errorf("%s is in %q, want %q", name, got, want)
		}
	}
}

// playAWS answers DescribeStacks, and anything else as queues.
func playAWS(t *testing.T, stacks map[string]map[string]string, queues *queue.Server) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" {
			queues.ServeHTTP(w, r)
			return
		}
		name := r.PostFormValue("StackName")
		outputs, found := stacks[name]
		switch {
		case name == "Denied":
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
		case !found:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id %s does not exist</Message></Error></ErrorResponse>`, name)
		default:
			members := ""
			for key, value := range outputs {
				members += "<member><OutputKey>" + key + "</OutputKey><OutputValue>" + value + "</OutputValue></member>"
			}
			_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, name, members)
		}
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
}

func TestQueuesOfAStack(t *testing.T) {
	queues := queue.New(queue.Config{Account: "123456789012", Region: "us-east-1", BaseURL: "http://127.0.0.1"})
	dlq, err := queues.Create("D", nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := queues.Create("Q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dlq.ARN() + `","maxReceiveCount":1}`})
	if err != nil {
		t.Fatal(err)
	}
	playAWS(t, map[string]map[string]string{
		"Good":  {"RequestQueueUrl": source.URL(), "DeadLetterQueueUrl": dlq.URL()},
		"Other": {"Bucket": "b"},
		"Gone":  {"RequestQueueUrl": source.URL() + "x", "DeadLetterQueueUrl": dlq.URL() + "x"},
	}, queues)
	denied := func(action string) {
		queues.SetFaults(queue.Faults{Call: func(c queue.Call) queue.Fault {
			if c.Action == action {
				return queue.Fault{Code: "AccessDeniedException", Message: "no", Status: 403}
			}
			return queue.Fault{}
		}})
	}
	name := file(t, named("A"))
	for _, test := range []struct {
		reason    string
		arguments []string
		denied    string
		status    int
		says      string
	}{
		{"a stack", []string{"send", "--stack", "Good", name}, "", 0, ""},
		{"ARNs", []string{"dlq", "redrive", "--code", "x", "--dead-letter-queue", dlq.ARN(), "--request-queue", source.ARN()}, "", 0, ""},
		{"the queue it belongs to", []string{"dlq", "redrive", "--code", "x", "--dead-letter-queue", dlq.URL()}, "", 0, source.URL()},
		{"no queue", []string{"send", name}, "", 1, "--stack"},
		{"two places", []string{"send", "--stack", "Good", "--local", name}, "", 1, "one of them was expected"},
		{"no such stack", []string{"send", "--stack", "None", name}, "", 1, "no such stack"},
		{"not for us", []string{"send", "--stack", "Denied", name}, "", 1, "cloudformation:DescribeStacks"},
		{"another stack", []string{"send", "--stack", "Other", name}, "", 1, "has no output"},
		{"no such queue", []string{"send", "--stack", "Gone", name}, "", 1, "no such queue"},
		{"may not send", []string{"send", "--stack", "Good", name}, "SendMessageBatch", 1, "sqs:SendMessage\n"},
		{"may not look", []string{"dlq", "list", "--stack", "Good"}, "ReceiveMessage", 1, "sqs:ReceiveMessage\n"},
	} {
		denied(test.denied)
		var out, errs bytes.Buffer
		status := run(t.Context(), test.arguments, &out, &errs)
		if status != test.status || !strings.Contains(errs.String(), test.says) {
			t.Errorf("%s: status %d: %s", test.reason, status, errs.String())
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"dlq", "list", "--stack", "Good"}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "credentials") {
		t.Errorf("no credentials: status %d: %s", status, errs.String())
	}
	if status := run(t.Context(), []string{"dlq", "list", "--local", "--endpoint", "http://127.0.0.1:1"}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "sespolicy local") {
		t.Errorf("nothing there: status %d: %s", status, errs.String())
	}
}
