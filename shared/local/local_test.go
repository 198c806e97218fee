package local_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/response"
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}]}`

// bootstrap is the function, built once.
var bootstrap string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "local")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if bootstrap, err = local.Build(context.Background(), "../..", folder); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// start runs a stack of the project's template on a free port.
func start(t *testing.T, config local.Config) *local.Stack {
	t.Helper()
	config.Template, config.Bootstrap, config.Listen = "../../template.yaml", bootstrap, "127.0.0.1:0"
	if config.CallInterval == 0 {
		config.CallInterval = -1 // no limit
	}
	s, err := local.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if pids := s.Function.PIDs(); len(pids) > 0 {
			t.Errorf("still alive after Close: %v", pids)
		}
	})
	return s
}

// await waits for the messages' outcomes, at most a minute.
func await(t *testing.T, s *local.Stack, ids ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if open := s.Await(ctx, ids...); len(open) > 0 {
		t.Fatalf("no outcome of %v", open)
	}
}

func request(name string) string {
	return fmt.Sprintf(`{"Identity":"example.com","PolicyName":%q,"Policy":%q}`, name, policy)
}

// The real clients, all on the one port: a message becomes a policy.
func TestOnePortForEveryClient(t *testing.T) {
	s := start(t, local.Config{})
	keys := credentials.NewStaticCredentialsProvider("local", "local", "")
	queues := sqs.New(sqs.Options{BaseEndpoint: &s.URL, Region: local.Region, Credentials: keys})
	mail := ses.New(ses.Options{BaseEndpoint: &s.URL, Region: local.Region, Credentials: keys})

	url, err := queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("RequestQueue")})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String(request("MyPolicy"))})
	if err != nil {
		t.Fatal(err)
	}
	await(t, s, *sent.MessageId)
	got, err := mail.GetIdentityPolicies(t.Context(), &ses.GetIdentityPoliciesInput{Identity: aws.String("example.com"), PolicyNames: []string{"MyPolicy"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"MyPolicy": policy}, got.Policies); diff != "" {
		t.Error(diff)
	}
	if left := len(s.Source().Snapshot()); left != 0 {
		t.Errorf("%d messages left on the queue", left)
	}

	bridge := eventbridge.New(eventbridge.Options{BaseEndpoint: &s.URL, Region: local.Region, Credentials: keys})
	if _, err := bridge.PutEvents(t.Context(), &eventbridge.PutEventsInput{}); err == nil || !strings.Contains(err.Error(), "EventBridge") {
		t.Errorf("EventBridge: %v", err)
	}
	items, err := dynamodb.New(dynamodb.Options{BaseEndpoint: &s.URL, Region: local.Region, Credentials: keys}).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("Ledger")})
	if err != nil || items.Count != 2 { // the policy and its request
		t.Errorf("DynamoDB: %v, %v", items, err)
	}
	steps := sfn.New(sfn.Options{BaseEndpoint: &s.URL, Region: local.Region, Credentials: keys})
	s.States.Issue(strings.Repeat("t", 64))
	if _, err := steps.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: aws.String(strings.Repeat("t", 64)), Output: aws.String(`{}`)}); err != nil || len(s.States.Answers()) != 1 {
		t.Errorf("Step Functions: %v, %v", err, s.States.Answers())
	}
}

func TestObserver(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, what)
	}
	s := start(t, local.Config{Paused: true, Observer: local.Observer{
		Request: func(r local.Request) { note("request " + r.Outcome) },
		Line:    func(line string) { note(line) },
		Call:    func(c email.Call) { note("call " + c.Code) },
	}})
	good, err := s.Send(t.Context(), events.SQSMessage{Body: request("MyPolicy")})
	if err != nil {
		t.Fatal(err)
	}
	bad, err := s.Send(t.Context(), events.SQSMessage{Body: request("my.policy")})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Requests()) != 0 {
		t.Error("polled before Resume")
	}
	s.Resume()
	await(t, s, good, bad)
	s.Close()
	// The function's lines come by a pipe, its calls by the port: each in its own
	// order, but no order between the two.
	slices.SortStableFunc(seen, func(a, b string) int {
		return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0])
	})
	want := []string{"call ", "request Applied", "request Rejected"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	if letters := s.DeadLetters().Snapshot(); len(letters) != 1 || letters[0].Body != request("my.policy") {
		t.Errorf("dead letters: %v", letters)
	}
	if stats := s.Stats(); stats.Received != 2 || stats.Deleted != 2 {
		t.Errorf("%+v", stats)
	}
	if got := s.Requests(); len(got) != 2 || got[1].MessageID != bad || got[1].Level != "WARN" || got[1].ReceiveCount != 1 || got[1].Time.IsZero() {
		t.Errorf("%+v", got)
	}
}

// Samples of other services come by way of those.
func TestSendAsItsService(t *testing.T) {
	s := start(t, local.Config{Paused: true, Parameters: map[string]string{"RequestEventBusName": "default", "AllowedIdentities": "*"}})
	stack := `{\"RequestType\":\"Create\",\"StackId\":\"arn:aws:cloudformation:us-east-1:123456789012:stack/a/b\",\"RequestId\":\"r\",\"LogicalResourceId\":\"l\",\"ResponseURL\":\"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x\"}`
	for _, test := range []struct{ reason, body, want string }{
		{"a custom resource by the queue is answered here too", strings.ReplaceAll(stack, `\"`, `"`), `"ResponseURL":"` + s.URL + `/cloudformation-custom-resource-response-useast1/`},
		{"an answer elsewhere stays elsewhere", `{"RequestType":"Create","ResponseURL":"https://evil.example/x"}`, `"https://evil.example/x"`},
		{"bare, byte for byte", " {} ", " {} "},
		{"no JSON", "nonsense", "nonsense"},
		{"a notification is published", `{"Type":"Notification","TopicArn":"` + s.Resources.Topics[0].ARN + `","Message":"hello","Timestamp":"2020-01-01T00:00:00.000Z"}`, `"Message": "hello"`},
		{"a custom resource is answered here", `{"Type":"Notification","TopicArn":"` + s.Resources.Topics[0].ARN + `","Message":"` + stack + `"}`, `\"ResponseURL\":\"` + s.URL + `/cloudformation-custom-resource-response-useast1/`},
		{"an event is put on the bus", `{"source":"mine","detail-type":"SES Identity Policy Request","detail":{"Identity":"example.com"}}`, `"detail":{"Identity":"example.com"}`},
	} {
		id, err := s.Send(t.Context(), events.SQSMessage{Body: test.body, MessageAttributes: map[string]events.SQSMessageAttribute{"A": {DataType: "String", StringValue: aws.String("b")}}})
		if err != nil {
			t.Errorf("%s: %v", test.reason, err)
			continue
		}
		messages := s.Source().Snapshot()
		last := messages[len(messages)-1]
		if last.ID != id || !strings.Contains(last.Body, test.want) || strings.Contains(last.Body, "2020-01-01") {
			t.Errorf("%s: %s", test.reason, last.Body)
		}
		if test.want == test.body && last.Attributes["A"].StringValue != "b" {
			t.Errorf("%s: attributes %v", test.reason, last.Attributes)
		}
	}
	if _, err := s.Send(t.Context(), events.SQSMessage{Body: `{"source":"mine","detail-type":"Of no interest","detail":{}}`}); err == nil {
		t.Error("an event that no rule matches is lost without a word")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nothing was written
	broken := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(broken, []byte("Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Ref Nobody}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		change func(*local.Config)
		want   string
	}{
		{"port taken", func(c *local.Config) { c.Listen = taken.Addr().String() }, taken.Addr().String()},
		{"no loopback address", func(c *local.Config) { c.Listen = "0.0.0.0:0" }, "loopback"},
		{"no address", func(c *local.Config) { c.Listen = "4566" }, "HOST:PORT"},
		{"no template", func(c *local.Config) { c.Template = "nowhere.yaml" }, "nowhere.yaml"},
		{"an unknown parameter", func(c *local.Config) { c.Parameters = map[string]string{"Colour": "red"} }, "Colour"},
		{"a variable that nobody reads", func(c *local.Config) { c.Environment = map[string]string{"ALLOWED_IDENTITES": "x"} }, "ALLOWED_IDENTITIES?"},
		{"no executable", func(c *local.Config) { c.Bootstrap = "nowhere" }, "nowhere"},
		{"a function that exits at once", func(c *local.Config) { c.Environment = map[string]string{"MIN_CALL_INTERVAL": "broken"} }, `MIN_CALL_INTERVAL is "broken"`},
	} {
		config := local.Config{Template: "../../template.yaml", Bootstrap: bootstrap, Listen: "127.0.0.1:0"}
		test.change(&config)
		s, err := local.Start(t.Context(), config)
		if err == nil {
			s.Close()
			t.Errorf("%s: it started", test.reason)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.reason, err)
		}
	}
	_, err = local.Start(t.Context(), local.Config{Template: broken, Bootstrap: bootstrap, Listen: "127.0.0.1:0"})
	if err == nil || !strings.HasPrefix(err.Error(), broken+":4: ") {
		t.Errorf("a broken template: %v", err)
	}
}

// What is not served is refused in the form that clients of its protocol read.
func TestRefusesWhatIsNotServed(t *testing.T) {
	s := start(t, local.Config{})
	for name, test := range map[string]struct{ method, path, target, body, want string }{
		"Query":                   {"POST", "/", "", "Action=DescribeVpcs&Version=2016-11-15", "<Code>InvalidAction</Code>"},
		"CloudFormation":          {"POST", "/", "", "Action=ListStacks&Version=2010-05-15", "<Code>InvalidAction</Code>"},
		"another stack's name":    {"POST", "/", "", "Action=DescribeStacks&StackName=other&Version=2010-05-15", "<Code>ValidationError</Code>"},
		"AWS JSON":                {"POST", "/", "Kinesis_20131202.ListStreams", "{}", `"__type":"UnknownOperationException"`},
		"REST":                    {"GET", "/2015-03-31/functions/", "", "", "UnknownOperationException"},
		"a bucket of nobody":      {"PUT", "/my-bucket/key", "", "", response.PathPrefix},
		"another function's name": {"POST", "/2015-03-31/functions/Other/invocations", "", "{}", "ResourceNotFoundException"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, s.URL+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if test.target != "" {
			request.Header.Set("X-Amz-Target", test.target)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if all := string(text) + answer.Header.Get("X-Amzn-Errortype"); err != nil || answer.StatusCode < 400 || !strings.Contains(all, test.want) {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
	}
}

func TestBuildWithoutTheGoTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := local.Build(t.Context(), "../..", t.TempDir()); err == nil || !strings.Contains(err.Error(), "--bootstrap") {
		t.Error(err)
	}
}

func TestEnvironmentForClients(t *testing.T) {
	s := start(t, local.Config{Paused: true})
	want := []string{"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"}
	var got []string
	for name := range s.Environment() {
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
