package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/table"
)

// second is SES's second in these tests.
const second = 200 * time.Millisecond

// bootstrap is the function, built once.
var bootstrap string

func TestMain(m *testing.M) { os.Exit(testStatus(m)) }

func testStatus(m *testing.M) int {
	folder, err := os.MkdirTemp("", "conformance")
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

func start(t *testing.T, interval time.Duration) *local.Stack {
	t.Helper()
	stack, err := local.Start(t.Context(), local.Config{Template: "../../template.yaml", Bootstrap: bootstrap, Listen: "127.0.0.1:0", CallInterval: interval})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stack.Close)
	return stack
}

// asked runs the command against an endpoint and returns its verdicts by name.
func asked(ctx context.Context, t *testing.T, endpoint string, second time.Duration, arguments ...string) (verdicts map[string]Result, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(ctx, append([]string{"-json"}, arguments...), target{endpoint: endpoint, second: second}, nil, &out, &errs)
	if errs.Len() > 0 {
		t.Log(errs.String())
	}
	var report Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out.Bytes(), errs.Bytes())
	}
	verdicts = map[string]Result{}
	for _, r := range report.Assumptions {
		verdicts[r.Name] = r
	}
	return verdicts, status
}

// Everything that sespolicy local can be asked holds there, and nothing is left.
func TestSespolicyLocal(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	status := run(t.Context(), nil, target{second: second, bootstrap: bootstrap, template: "../../template.yaml"}, nil, &out, &errs)
	if status != 0 || errs.Len() > 0 {
		t.Fatalf("exit status %d\n%s%s", status, errs.String(), out.String())
	}
	summary := regexp.MustCompile(`: (\d+) hold, 0 differ, (\d+) cannot be asked\n`).FindStringSubmatch(out.String())
	if summary == nil {
		t.Fatal(out.String())
	}
	slow := strings.Count(out.String(), "the endpoint is too slow")
	if got := fmt.Sprint(21 + slow); summary[2] != got {
		t.Errorf("%s cannot be asked, want %s\n%s", summary[2], got, out.String())
	}
	t.Logf("%s hold, %s cannot be asked", summary[1], summary[2])
}

// One thing wrong in sespolicy local, and the assumption about it differs.
func TestAFaultIsFound(t *testing.T) {
	for _, test := range []struct {
		reason, differs string
		interval        time.Duration
		inject          func(*local.Stack)
	}{
		{"a superseded handle is refused", "sqs/superseded-handle-changes-visibility", second, refuseQueue("ChangeMessageVisibility", "MessageNotInflight")},
		{"a second purge is refused with HTTP 400", "sqs/purge-in-progress", second, refuseQueue("PurgeQueue", "PurgeQueueInProgress")},
		{"messages are delivered twice", "sqs/deleted-stays-deleted", second, func(s *local.Stack) {
			s.Queues.SetFaults(queue.Faults{Duplicate: func(queue.Message) (time.Duration, bool) { return 0, true }})
		}},
		{"a topic is down", "sns/notification", second, func(s *local.Stack) {
			s.Topics.SetFault(func(r *http.Request) (f email.Fault) {
				if r.Form.Get("Action") == "Publish" {
					f.Code = "InvalidParameter"
				}
				return f
			})
		}},
		{"no limit on calls", "ses/one-call-a-second", -1, func(*local.Stack) {}},
		{"each action has a second of its own", "ses/second-shared-with-reads", -1, func(*local.Stack) {}},
		{"capitals are refused", "ses/effect-in-capitals", second, func(s *local.Stack) {
			s.Email.SetFault(func(c email.Call) (f email.Fault) {
				if c.Action == "PutIdentityPolicy" {
					f.Code = "InvalidPolicy"
				}
				return f
			})
		}},
		{"deletions are refused", "ses/delete-of-nothing", second, func(s *local.Stack) {
			s.Email.SetFault(func(c email.Call) (f email.Fault) {
				if c.Action == "DeleteIdentityPolicy" {
					f.Code = "ServiceDown"
				}
				return f
			})
		}},
		{"no condition holds", "dynamodb/transaction-with-a-version", second, func(s *local.Stack) {
			s.Tables.SetFault(func(c table.Call) (f table.Fault) {
				if c.Action == "TransactWriteItems" {
					f.Code = "TransactionCanceledException"
				}
				return f
			})
		}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			stack := start(t, test.interval)
			only := "^" + regexp.QuoteMeta(test.differs) + "$"
			if test.interval == second {
				if r, status := asked(t.Context(), t, stack.URL, second, "-only", only); r[test.differs].Verdict != holds || status != 0 {
					t.Fatalf("without the fault: %+v", r)
				}
			}
			test.inject(stack)
			if r, status := asked(t.Context(), t, stack.URL, second, "-only", only); r[test.differs].Verdict != differing || status == 0 {
				t.Errorf("exit status %d, %+v", status, r)
			}
		})
	}
}

func refuseQueue(action, code string) func(*local.Stack) {
	calls := 0
	return func(s *local.Stack) {
		s.Queues.SetFaults(queue.Faults{Call: func(c queue.Call) (f queue.Fault) {
			if c.Action == action {
				if calls++; calls > 1 { // the first one leads up to what is asked
					f.Code = code
				}
			}
			return f
		}})
	}
}

// Interrupted at any service, it removes what it made, and says 2.
func TestInterruptedItRemovesWhatItMade(t *testing.T) {
	stack := start(t, second)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	puts := 0
	stack.Email.SetFault(func(c email.Call) (f email.Fault) {
		if c.Action == "PutIdentityPolicy" {
			if puts++; puts == 3 {
				cancel()
				f.Act, f.Break = true, true // the answer is lost as well
			}
		}
		return f
	})
	_, status := asked(ctx, t, stack.URL, second)
	if ctx.Err() == nil || status != 2 {
		t.Errorf("exit status %d, interrupted: %v", status, ctx.Err())
	}
	wantNothingLeft(t, stack)
	if puts < 3 {
		t.Errorf("%d policies were put before the interruption", puts)
	}
}

// wantNothingLeft asks the services themselves, not the list of what was made.
func wantNothingLeft(t *testing.T, stack *local.Stack) {
	t.Helper()
	w := newWorld(configFor(stack.URL), onLocal, target{second: second})
	if all, err := w.queues.ListQueues(t.Context(), nil); err != nil || len(all.QueueUrls) != 2 {
		t.Errorf("queues: %v %v", all, err)
	}
	if all, err := w.topics.ListTopics(t.Context(), nil); err != nil || len(all.Topics) != 1 {
		t.Errorf("topics: %v %v", all, err)
	}
	if all, err := w.tables.ListTables(t.Context(), nil); err != nil || len(all.TableNames) != 1 {
		t.Errorf("tables: %v %v", all, err)
	}
	if left := stack.Email.Policies(); len(left) > 0 {
		t.Errorf("policies: %v", left)
	}
}

// A real account is not touched without a yes.
func TestAnAccountIsAskedFirst(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	stack := start(t, second)
	piped, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // nobody is there
	for _, test := range []struct {
		reason string
		in     interface{ Read([]byte) (int, error) }
		want   string
	}{
		{"no terminal", piped, "--yes"},
		{"no", strings.NewReader("n\n"), "nothing was done"},
		{"an empty line", strings.NewReader("\n"), "nothing was done"},
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), nil, target{identity: "example.com", second: second}, test.in, &out, &errs); status != 2 || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%s: exit status %d, %s%s", test.reason, status, errs.String(), out.String())
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_SQS", stack.URL)
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"-yes"}, target{identity: "example.com", second: second}, nil, &out, &errs); status != 2 || !strings.Contains(errs.String(), "AWS_ENDPOINT_URL_SQS") {
		t.Errorf("another endpoint for one service: exit status %d, %s", status, errs.String())
	}
	errs.Reset()
	if status := run(t.Context(), nil, target{endpoint: "https://email.us-east-1.amazonaws.com", second: second}, nil, &out, &errs); status != 2 {
		t.Errorf("a real endpoint by AWS_ENDPOINT_URL: exit status %d, %s", status, errs.String())
	}
}

func TestList(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"-list", "-only", "^ses/.*-capitals$"}, target{}, nil, &out, &errs); status != 0 || strings.Count(out.String(), "source: ") != 4 {
		t.Errorf("exit status %d\n%s", status, out.String())
	}
	if status := run(t.Context(), []string{"-only", "nowhere"}, target{}, nil, &out, &errs); status != 2 {
		t.Errorf("a pattern that matches nothing: exit status %d", status)
	}
	var names []string
	for _, a := range all() {
		names = append(names, a.Name)
		if a.Statement == "" || a.Source == "" || a.Sure == "" || a.Ask == nil {
			t.Errorf("%s is not complete", a.Name)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(all()) {
		t.Error("a name is used twice")
	}
}
