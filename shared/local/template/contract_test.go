package template

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	templateFile = "../../../template.yaml"
	functionCode = "../../../functions/apply-policy/"
)

// deployed is the project's own template under the given parameters.
func deployed(t *testing.T, parameters map[string]string) *Stack {
	t.Helper()
	tmpl, err := Load(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := tmpl.Resolve(Settings{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// variants are the defaults, and each parameter away from its default, alone and all together.
func variants() map[string]map[string]string {
	others := map[string]string{
		"QueueType": "fifo", "ContentBasedDeduplication": "true", "MaxReceiveCount": "7", "MinCallInterval": "1500ms",
		"KmsKeyArn":          "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"ReserveConcurrency": "false", "AllowedIdentities": "example.com,*@example.com", "AllowedPolicyNames": "team-*",
		"AllowedPrincipals": "111122223333", "AllowPublicPrincipal": "true", "RequireMatchingResource": "false",
		"RequestEventBusName": "default", "ProducerOrganizationId": "o-a1b2c3d4e5", "EventBusName": "outcomes",
		"EnableStepFunctionsReplies": "true", "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
		"LogLevel": "DEBUG", "LogRetentionInDays": "7", "ActiveTracing": "true",
	}
	all := map[string]map[string]string{"defaults": nil, "all": others}
	for name, value := range others {
		all[name] = map[string]string{name: value}
	}
	allButQueueType := maps.Clone(others)
	delete(allButQueueType, "QueueType")
	all["all but QueueType"] = allButQueueType
	return all
}

// Whatever is chosen, the numbers hold together.
func TestNumbersHoldTogether(t *testing.T) {
	for name, parameters := range variants() {
		t.Run(name, func(t *testing.T) {
			stack := deployed(t, parameters)
			function, _ := stack.Function("ApplyPolicyFunction")
			requests, _ := stack.Queue("RequestQueue")
			deadLetters, _ := stack.Queue("DeadLetterQueue")
			if len(function.EventSources) != 1 {
				t.Fatalf("got %d event sources, want 1", len(function.EventSources))
			}
			source := function.EventSources[0]
			interval, err := time.ParseDuration(function.Environment["MIN_CALL_INTERVAL"])
			if err != nil {
				t.Fatal(err)
			}
			var redrive struct {
				DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
				MaxReceiveCount     json.Number `json:"maxReceiveCount"`
			}
			if err := json.Unmarshal([]byte(requests.Attributes["RedrivePolicy"]), &redrive); err != nil {
				t.Fatal(err)
			}
			wantReceives := "20"
			if chosen, ok := parameters["MaxReceiveCount"]; ok {
				wantReceives = chosen
			}
			visibility := seconds(t, requests, "VisibilityTimeout")
			for what, holds := range map[string]bool{
				"visibility timeout at least 6 x function timeout and the window": visibility >= 6*function.Timeout+source.BatchingWindow,
				"visibility timeout at most 12 hours":                             visibility <= 12*time.Hour,
				"a batch's calls take at most half of the timeout":                time.Duration(source.BatchSize)*interval <= function.Timeout/2,
				"the mapping reads the request queue":                             source.QueueARN == requests.ARN,
				"the mapping is enabled":                                          source.Enabled,
				"failures are reported by message":                                source.ReportBatchItemFailures,
				"the least concurrency there is":                                  source.MaximumConcurrency == 2,
				"ten messages a batch":                                            source.BatchSize == 10,
				"FIFO queues know no window, standard ones need one above 10":     source.BatchingWindow == 0,
				"one instance, unless none can be reserved":                       function.ReservedConcurrency == 1 || parameters["ReserveConcurrency"] == "false",
				"what runs out of receives goes to the dead-letter queue":         redrive.DeadLetterTargetARN == deadLetters.ARN,
				"after so many receives as the parameter says":                    redrive.MaxReceiveCount.String() == wantReceives,
				"dead letters are kept 14 days":                                   seconds(t, deadLetters, "MessageRetentionPeriod") == 14*24*time.Hour,
				"dead letters outlive requests":                                   seconds(t, deadLetters, "MessageRetentionPeriod") > seconds(t, requests, "MessageRetentionPeriod"),
				"both queues are of one kind":                                     requests.FIFO == deadLetters.FIFO && requests.FIFO == (parameters["QueueType"] == "fifo"),
				"the function writes to the dead-letter queue":                    function.Environment["DEAD_LETTER_QUEUE_URL"] == deadLetters.URL,
				"the function is the binary that the Makefile builds":             function.Handler == "bootstrap" && function.Runtime == "provided.al2023" && function.Architecture == "arm64",
				"encrypted": encrypted(requests) && encrypted(deadLetters),
				"TLS only":  tlsOnly(requests.Attributes["Policy"], requests.ARN) && tlsOnly(deadLetters.Attributes["Policy"], deadLetters.ARN),
				"a standard queue has the topic that CloudFormation needs":         requests.FIFO == (len(stack.Topics) == 0),
				"the queue's ways out are outputs, for the command line's --stack": stack.Outputs["RequestQueueUrl"] == requests.URL && stack.Outputs["DeadLetterQueueUrl"] == deadLetters.URL && stack.Outputs["RequestQueueArn"] == requests.ARN && stack.Outputs["DeadLetterQueueArn"] == deadLetters.ARN,
			} {
				if !holds {
					t.Errorf("does not hold: %s", what)
				}
			}
		})
	}
}

func seconds(t *testing.T, q Queue, attribute string) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(q.Attributes[attribute])
	if err != nil {
		t.Fatalf("%s of %s: %v", attribute, q.LogicalID, err)
	}
	return time.Duration(n) * time.Second
}

// encrypted: by SQS's keys or by an own one, never both and never neither.
func encrypted(q Queue) bool {
	return (q.Attributes["SqsManagedSseEnabled"] == "true") != (q.Attributes["KmsMasterKeyId"] != "")
}

type statement struct {
	Effect    string
	Principal any
	Resource  any
	Condition map[string]map[string]any
}

func statements(policy string) []statement {
	var document struct{ Statement []statement }
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return nil
	}
	return document.Statement
}

func tlsOnly(policy, arn string) bool {
	return slices.ContainsFunc(statements(policy), func(s statement) bool {
		return s.Effect == "Deny" && s.Principal == "*" && s.Resource == arn && s.Condition["Bool"]["aws:SecureTransport"] == "false"
	})
}

// Whatever a policy allows somebody outside the account's own IAM, it allows under a condition.
func TestNobodyIsLetInWithoutACondition(t *testing.T) {
	for name, parameters := range variants() {
		stack := deployed(t, parameters)
		policies := map[string]string{}
		for _, q := range stack.Queues {
			policies[q.LogicalID] = q.Attributes["Policy"]
		}
		for _, topic := range stack.Topics {
			policies[topic.LogicalID] = topic.Attributes["Policy"]
		}
		for id, policy := range policies {
			if len(statements(policy)) == 0 {
				t.Errorf("%s: %s has no policy", name, id)
			}
			for _, s := range statements(policy) {
				owner := cmp.Equal(s.Principal, map[string]any{"AWS": "arn:aws:iam::123456789012:root"})
				if s.Effect == "Allow" && !owner && len(s.Condition) == 0 {
					t.Errorf("%s: %s lets %v in without a condition", name, id, s.Principal)
				}
			}
			organization := strings.Contains(policy, "aws:PrincipalOrgID")
			if wanted := parameters["ProducerOrganizationId"] != "" && id != "DeadLetterQueue"; organization != wanted {
				t.Errorf("%s: %s lets an organization in: %v, want %v", name, id, organization, wanted)
			}
		}
	}
}

// The function reads each variable that is set, and none that is not.
func TestEnvironmentIsWhatTheFunctionReads(t *testing.T) {
	read := constants(t, "environment.go", "env")
	function, _ := deployed(t, nil).Function("ApplyPolicyFunction")
	if diff := cmp.Diff(read, slices.Sorted(maps.Keys(function.Environment))); diff != "" {
		t.Errorf("environment.go has what template.yaml lacks (-), and the other way round (+):\n%s", diff)
	}
}

// A rule that asks the queue is there where a bus was named, and only then.
func TestRequestRule(t *testing.T) {
	if rules := deployed(t, nil).Rules; len(rules) != 0 {
		t.Errorf("got %v, want no rule by default", rules)
	}
	stack := deployed(t, map[string]string{"RequestEventBusName": "asks"})
	want := []Rule{{
		LogicalID: "RequestRule", Name: "RequestRule", ARN: "arn:aws:events:us-east-1:123456789012:rule/asks/RequestRule",
		EventBusName: "asks", EventPattern: `{"detail-type":["SES Identity Policy Request"]}`, Enabled: true,
		Targets: []Target{{ID: "RequestQueue", ARN: "arn:aws:sqs:us-east-1:123456789012:RequestQueue"}},
	}}
	if diff := cmp.Diff(want, stack.Rules); diff != "" {
		t.Error(diff)
	}
}

// constants gives the string constants of one of the function's files whose names start with prefix, sorted.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), functionCode+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(strings.ToLower(spec.Names[0].Name), prefix) || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constant that starts with %s", file, prefix)
	}
	slices.Sort(values)
	return values
}

// source is the text of one of the function's files.
func source(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(functionCode + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
