package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/rogpeppe/go-internal/testscript"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/local/queue"
)

// suite builds the function, which the scripts that run sespolicy do not need.
type suite struct{ m *testing.M }

func (s suite) Run() int { return build(s.m) }

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"sespolicy": func() { os.Exit(mainStatus()) }})
}

// TestScripts runs the scripts of testdata: sespolicy as people run it, against
// a cloud that a script may change.
//
//	letter CODE MESSAGE FILE [ANSWERED-TO]
//	                           puts a dead letter there, as the function does
//	moved FILE ATTRIBUTES      puts one there as SQS does, with attributes of its sender (JSON)
//	permit ACTION…|all         permits these actions and no others
//	queued N                   fails unless N requests are on the queue
//	bodies                     prints the bodies that are on the queue
//	published N                fails unless N requests were published
//	settle JSON FILE           has the ledger know the request of a file (see settled)
//	function OUTCOME           has the function settle what is on the queue, from the next look at the ledger on
//	fits N FILE                fails if a line is wider than N columns
//	plain FILE                 fails if there are characters that are not printable
func TestScripts(t *testing.T) {
	command := func(do func(c *cloud, ts *testscript.TestScript, arguments []string)) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, neg bool, arguments []string) {
			if neg {
				ts.Fatalf("! is not supported")
			}
			do(ts.Value(cloudKey{}).(*cloud), ts, arguments)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			c, server := newCloud()
			e.Values[cloudKey{}] = c
			e.Defer(server.Close)
			for name, value := range map[string]string{
				"ENDPOINT": server.URL, "QUEUE": c.requests.URL(), "QUEUE_ARN": c.requests.ARN(), "DEAD_LETTERS": c.deadLetters.URL(),
				"TOPIC": cloudTopic, "TMPDIR": e.WorkDir + "/.tmp", "HOME": e.WorkDir,
				"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
				"AWS_EC2_METADATA_DISABLED": "true",
			} {
				e.Setenv(name, value)
			}
			return os.MkdirAll(e.WorkDir+"/.tmp", 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"letter": command((*cloud).letter),
			"moved":  command((*cloud).moved),
			"permit": command(func(c *cloud, _ *testscript.TestScript, actions []string) { c.permit(actions) }),
			"queued": command(func(c *cloud, ts *testscript.TestScript, n []string) { want(ts, n, len(c.requests.Snapshot())) }),
			"bodies": command(func(c *cloud, ts *testscript.TestScript, _ []string) {
				for _, m := range c.requests.Snapshot() {
					_, _ = fmt.Fprintln(ts.Stdout(), m.Body)
				}
			}),
			"settle": command((*cloud).settle),
			"function": command(func(c *cloud, _ *testscript.TestScript, outcome []string) {
				c.locked(func() { c.function = outcome[0] })
			}),
			"published": command(func(c *cloud, ts *testscript.TestScript, n []string) { c.locked(func() { want(ts, n, c.published) }) }),
			"fits":      command(func(_ *cloud, ts *testscript.TestScript, a []string) { fits(ts, a) }),
			"plain":     command(func(_ *cloud, ts *testscript.TestScript, a []string) { plain(ts, a[0]) }),
		},
	})
}

func want(ts *testscript.TestScript, arguments []string, got int) {
	if n, err := strconv.Atoi(arguments[0]); err != nil || n != got {
		ts.Fatalf("got %d, want %s", got, arguments[0])
	}
}

func fits(ts *testscript.TestScript, arguments []string) {
	width, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	shown := ts.ReadFile(arguments[1])
	if strings.TrimSpace(shown) == "" {
		ts.Fatalf("nothing was shown")
	}
	for line := range strings.Lines(shown) {
		if n := text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\r\n")); n > width {
			ts.Fatalf("%d columns, want at most %d: %s", n, width, line)
		}
	}
}

func plain(ts *testscript.TestScript, file string) {
	shown := ts.ReadFile(file)
	if i := strings.IndexFunc(shown, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		ts.Fatalf("%q is not printable", shown[i:min(i+8, len(shown))])
	}
}

const cloudTopic = "arn:aws:sns:us-east-1:123456789012:RequestTopic"

// cloudKey is the key of a script's cloud.
type cloudKey struct{}

// cloud is AWS as far as the command goes: both queues, a topic, and the stack
// sespolicy, whose outputs and guardrails they are.
type cloud struct {
	serving               sync.Mutex // held while a request is served, or a script changes what follows
	queues                *queue.Server
	requests, deadLetters *queue.Queue
	published             int
	permitted             []string // nil: all
	table                 string   // the ledger's
	ledgerCloud
}

func newCloud() (*cloud, *httptest.Server) {
	c := &cloud{table: cloudTable}
	server := httptest.NewUnstartedServer(c)
	c.queues = queue.New(queue.Config{BaseURL: "http://" + server.Listener.Addr().String()})
	c.deadLetters = create(c.queues, "DeadLetterQueue", nil)
	c.requests = create(c.queues, "RequestQueue", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + c.deadLetters.ARN() + `","maxReceiveCount":1}`})
	c.startLedger()
	server.Start()
	return c, server
}

func create(queues *queue.Server, name string, attributes map[string]string) *queue.Queue {
	q, err := queues.Create(name, attributes)
	if err != nil {
		panic(err)
	}
	return q
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.serving.Lock()
	defer c.serving.Unlock()
	service, action := "sqs", ""
	target, action, queued := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if strings.HasPrefix(target, "DynamoDB") {
		service = "dynamodb"
	}
	if !queued {
		action, service = r.PostFormValue("Action"), "cloudformation"
		if action != "DescribeStacks" {
			service = "sns"
		}
	}
	name := strings.Replace(service+":"+strings.TrimSuffix(action, "Batch"), "TransactWriteItems", "PutItem", 1)
	switch {
	case c.permitted != nil && !slices.Contains(c.permitted, name):
		w.WriteHeader(http.StatusForbidden)
		if queued {
			_, _ = fmt.Fprint(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"`+name+`"}`)
			return
		}
		_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>`+name+`</Message></Error></ErrorResponse>`)
	case service == "dynamodb":
		c.serveLedger(w, r, action)
	case queued:
		// An empty queue answers at once, so that no test waits.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte(`"WaitTimeSeconds":1`), []byte(`"WaitTimeSeconds":0`), 1)))
		c.queues.ServeHTTP(w, r)
	case service == "sns":
		c.publish(w, r)
	default:
		c.describe(w, r.PostFormValue("StackName"))
	}
}

func (c *cloud) publish(w http.ResponseWriter, r *http.Request) {
	var members strings.Builder
	for n := 1; r.PostFormValue(fmt.Sprintf("PublishBatchRequestEntries.member.%d.Id", n)) != ""; n++ {
		c.published++
		fmt.Fprintf(&members, "<member><Id>%s</Id><MessageId>published-%d</MessageId></member>",
			r.PostFormValue(fmt.Sprintf("PublishBatchRequestEntries.member.%d.Id", n)), c.published)
	}
	_, _ = fmt.Fprintf(w, "<PublishBatchResponse><PublishBatchResult><Successful>%s</Successful><Failed/></PublishBatchResult></PublishBatchResponse>", &members)
}

func (c *cloud) describe(w http.ResponseWriter, stack string) {
	if stack != "sespolicy" && stack != "other" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>it does not exist</Message></Error></ErrorResponse>`)
		return
	}
	var outputs, parameters string
	if stack == "sespolicy" {
		for _, o := range [][2]string{
			{"RequestQueueUrl", c.requests.URL()}, {"RequestQueueArn", c.requests.ARN()}, {"DeadLetterQueueUrl", c.deadLetters.URL()}, {"RequestTopicArn", cloudTopic}, {"LedgerTableName", c.table},
		} {
			outputs += "<member><OutputKey>" + o[0] + "</OutputKey><OutputValue>" + o[1] + "</OutputValue></member>"
		}
		for _, p := range [][2]string{{"AllowedPrincipals", "111122223333"}, {"AllowPublicPrincipal", "false"}, {"LogLevel", "INFO"}} {
			parameters += "<member><ParameterKey>" + p[0] + "</ParameterKey><ParameterValue>" + p[1] + "</ParameterValue></member>"
		}
	}
	_, _ = fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"+
		"<Outputs>%s</Outputs><Parameters>%s</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>", stack, outputs, parameters)
}

func (c *cloud) letter(ts *testscript.TestScript, arguments []string) {
	attributes := map[string]queue.Attribute{}
	for name, value := range map[string]string{
		deadletter.ErrorCode: arguments[0], deadletter.ErrorMessage: arguments[1],
		deadletter.SourceMessageID: fmt.Sprintf("request-%d", len(c.deadLetters.Snapshot())), deadletter.SourceQueueARN: c.requests.ARN(),
	} {
		attributes[name] = queue.Attribute{DataType: "String", StringValue: value}
	}
	if len(arguments) > 3 {
		attributes[deadletter.AnsweredTo] = queue.Attribute{DataType: "String", StringValue: arguments[3]}
	}
	_, err := c.deadLetters.Send(context.Background(), queue.Input{Body: ts.ReadFile(arguments[2]), Attributes: attributes})
	ts.Check(err)
}

func (c *cloud) moved(ts *testscript.TestScript, arguments []string) {
	var texts map[string]string
	ts.Check(json.Unmarshal([]byte(arguments[1]), &texts))
	attributes := map[string]queue.Attribute{}
	for name, value := range texts {
		attributes[name] = queue.Attribute{DataType: "String", StringValue: value}
	}
	_, err := c.requests.Send(context.Background(), queue.Input{Body: ts.ReadFile(arguments[0]), Attributes: attributes})
	ts.Check(err)
	for range 2 { // its only receive, and the one that moves it
		_, err = c.requests.Receive(context.Background(), queue.ReceiveOptions{VisibilityTimeout: new(time.Duration)})
		ts.Check(err)
	}
}

func (c *cloud) permit(actions []string) {
	c.locked(func() {
		if c.permitted = slices.Clone(actions); actions[0] == "all" {
			c.permitted = nil
		}
	})
}

// locked calls do while no request is served.
func (c *cloud) locked(do func()) {
	c.serving.Lock()
	defer c.serving.Unlock()
	do()
}
