package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// deployed is the project's own template under the given parameters.
func deployed(t *testing.T, parameters map[string]string) *Stack {
	t.Helper()
	stack, err := load(t).Resolve(Settings{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// others is a value away from its default for each parameter.
var others = map[string]string{
	"MaxReceiveCount": "7", "MinCallInterval": "1500ms", "LedgerTableName": "restored",
	"KmsKeyArn":          "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	"ReserveConcurrency": "false", "AllowedIdentities": "example.com,*@example.com", "AllowedPolicyNames": "${topic}-*",
	"AllowedPrincipals": "111122223333, ${topic}", "AllowedActions": "ses:*", "AllowPublicPrincipal": "true", "AllowBroadDeny": "true",
	"RequireMatchingResource": "false", "ProtectStackPolicies": "false",
	"RequestTopicNames": "????????????", "RequestRuleNames": "mail-*", "RequestEventBusName": "default",
	"ProducerOrganizationId": "o-a1b2c3d4e5", "EventBusName": "outcomes",
	"AnswerStepFunctions": "true", "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
	"LogLevel": "DEBUG", "LogRetentionInDays": "7", "ActiveTracing": "true",
}

// variants are the defaults, and each parameter away from its default, alone (with what a rule demands) and all together.
func variants() map[string]map[string]string {
	all := map[string]map[string]string{"defaults": nil, "all": others}
	for name, value := range others {
		all[name] = map[string]string{name: value}
	}
	all["RequestEventBusName"]["AllowedIdentities"] = "*"
	all["ProducerOrganizationId"]["AllowedPolicyNames"] = "*"
	all["ProducerOrganizationId"]["AllowedPrincipals"] = "*"
	return all
}

// or is a parameter's value, or its default.
func or(parameters map[string]string, name, otherwise string) string {
	if value, ok := parameters[name]; ok {
		return value
	}
	return otherwise
}

func TestNumbersHoldTogether(t *testing.T) {
	for name, parameters := range variants() {
		t.Run(name, func(t *testing.T) {
			stack := deployed(t, parameters)
			function, _ := stack.Function("ApplyPolicyFunction")
			requests, _ := stack.Queue("RequestQueue")
			deadLetters, _ := stack.Queue("DeadLetterQueue")
			if len(function.EventSources) != 1 || len(stack.Topics) != 1 {
				t.Fatalf("got %d event sources and %d topics, want 1 of each", len(function.EventSources), len(stack.Topics))
			}
			source, topic := function.EventSources[0], stack.Topics[0]
			resources := evaluated(t, load(t), parameters)
			policies, properties := policies(t, resources), resources["ApplyPolicyFunction"].properties
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
			receives := or(parameters, "MaxReceiveCount", "20")
			visibility := seconds(t, requests, "VisibilityTimeout")
			for what, holds := range map[string]bool{
				"visibility timeout at least 6 x function timeout":              visibility >= 6*function.Timeout,
				"visibility timeout at most 12 hours":                           visibility <= 12*time.Hour,
				"a batch's calls take at most half of the timeout":              time.Duration(source.BatchSize)*interval <= function.Timeout/2,
				"the mapping reads the request queue":                           source.QueueARN == requests.ARN,
				"failures are reported by message":                              source.ReportBatchItemFailures,
				"the mapping counts its events":                                 cmp.Equal(plain(t, properties, "Events", "Requests", "Properties", "MetricsConfig", "Metrics"), []any{"EventCount"}),
				"the minimum of concurrent batches":                             source.MaximumConcurrency == 2,
				"ten messages a batch":                                          source.BatchSize == 10,
				"one instance, unless none can be reserved":                     function.ReservedConcurrency == 1 || parameters["ReserveConcurrency"] == "false",
				"requests that run out of receives go to the dead-letter queue": redrive.DeadLetterTargetARN == deadLetters.ARN,
				"queue and function know the same receive count":                redrive.MaxReceiveCount.String() == receives && function.Environment["MAX_RECEIVE_COUNT"] == receives,
				"dead letters are kept 14 days":                                 seconds(t, deadLetters, "MessageRetentionPeriod") == 14*24*time.Hour,
				"dead letters outlive requests":                                 seconds(t, deadLetters, "MessageRetentionPeriod") > seconds(t, requests, "MessageRetentionPeriod"),
				"the function writes to the dead-letter queue":                  function.Environment["DEAD_LETTER_QUEUE_URL"] == deadLetters.URL,
				"the function is the binary that the Makefile builds":           text(properties, "Handler") == "bootstrap" && text(properties, "Runtime") == "provided.al2023" && cmp.Equal(plain(t, properties, "Architectures"), []any{"arm64"}),
				"encrypted":                      encrypted(requests) && encrypted(deadLetters),
				"TLS only":                       tlsOnly(policies["RequestQueue"], requests.ARN) && tlsOnly(policies["DeadLetterQueue"], deadLetters.ARN) && tlsOnly(policies["RequestTopic"], topic.ARN),
				"the topic feeds the queue":      cmp.Equal(stack.Subscriptions, []Subscription{{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: requests.ARN}}),
				"notifications sign with SHA256": topic.SignatureVersion == "2",
				"the queues are outputs, for the command line's --stack": stack.Outputs["RequestQueueUrl"] == requests.URL && stack.Outputs["DeadLetterQueueUrl"] == deadLetters.URL &&
					stack.Outputs["RequestQueueArn"] == requests.ARN && stack.Outputs["DeadLetterQueueArn"] == deadLetters.ARN && stack.Outputs["RequestTopicArn"] == topic.ARN,
				"the ledger is an output, for the command line's --stack": stack.Outputs["LedgerTableName"] == function.Environment["LEDGER_TABLE"],
			} {
				if !holds {
					t.Errorf("does not hold: %s", what)
				}
			}
		})
	}
}

// plain is the value at a path as encoding/json has it.
func plain(t *testing.T, n *yaml.Node, path ...string) (value any) {
	t.Helper()
	if err := member(n, path...).Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func seconds(t *testing.T, q Queue, attribute string) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(q.Attributes[attribute])
	if err != nil {
		t.Fatalf("%s of %s: %v", attribute, q.Name, err)
	}
	return time.Duration(n) * time.Second
}

// encrypted: with SQS's keys or with the owner's, never both and never neither.
func encrypted(q Queue) bool {
	return (q.Attributes["SqsManagedSseEnabled"] == "true") != (q.Attributes["KmsMasterKeyId"] != "")
}

// The stack creates the table, unless it is given one.
func TestLedger(t *testing.T) {
	want := []Table{{Name: "Ledger", PartitionKey: "PK", SortKey: "SK"}}
	stack := deployed(t, nil)
	if diff := cmp.Diff(want, stack.Tables); diff != "" {
		t.Error(diff)
	}
	function, _ := stack.Function("ApplyPolicyFunction")
	if got := function.Environment["LEDGER_TABLE"]; got != "Ledger" {
		t.Errorf("got LEDGER_TABLE %q, want Ledger", got)
	}

	stack = deployed(t, map[string]string{"LedgerTableName": "restored"})
	function, _ = stack.Function("ApplyPolicyFunction")
	if got := function.Environment["LEDGER_TABLE"]; got != "restored" || len(stack.Tables) != 0 {
		t.Errorf("got LEDGER_TABLE %q and tables %v, want restored and none", got, stack.Tables)
	}

	table := member(load(t).sections["Resources"], "Ledger")
	for name, want := range map[string]any{
		"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain",
		"Properties": map[string]any{"BillingMode": "PAY_PER_REQUEST",
			"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true}, "SSESpecification": map[string]any{"SSEEnabled": true},
			"TimeToLiveSpecification": map[string]any{"AttributeName": "ExpiresAt", "Enabled": true}},
	} {
		got := plain(t, table, name)
		if expected, ok := want.(map[string]any); ok {
			for property, want := range expected {
				if got := got.(map[string]any)[property]; !cmp.Equal(got, want) {
					t.Errorf("%s: got %v, want %v", property, got, want)
				}
			}
		} else if got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// loaded is the template, which nothing changes once it is read.
var loaded = sync.OnceValues(func() (*Template, error) { return Load("../../../template.yaml") })

func load(t *testing.T) *Template {
	t.Helper()
	tmpl, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// What opens the door to others does not deploy without guardrails.
func TestRulesDemandGuardrails(t *testing.T) {
	for _, test := range []struct {
		reason     string
		parameters map[string]string
		refusals   int
	}{
		{"organization alone", map[string]string{"ProducerOrganizationId": "o-a1b2c3d4e5"}, 2},
		{"organization with policy names alone", map[string]string{"ProducerOrganizationId": "o-a1b2c3d4e5", "AllowedPolicyNames": "x"}, 1},
		{"organization with principals alone", map[string]string{"ProducerOrganizationId": "o-a1b2c3d4e5", "AllowedPrincipals": "x"}, 1},
		{"organization with both", map[string]string{"ProducerOrganizationId": "o-a1b2c3d4e5", "AllowedPolicyNames": "x", "AllowedPrincipals": "x"}, 0},
		{"bus alone", map[string]string{"RequestEventBusName": "default"}, 1},
		{"bus with principals", map[string]string{"RequestEventBusName": "default", "AllowedPrincipals": "x"}, 1},
		{"bus with identities", map[string]string{"RequestEventBusName": "default", "AllowedIdentities": "x"}, 0},
		{"bus with policy names", map[string]string{"RequestEventBusName": "default", "AllowedPolicyNames": "x"}, 0},
	} {
		_, err := load(t).Resolve(Settings{Parameters: test.parameters})
		got := 0
		if err != nil {
			got = len(strings.Split(err.Error(), "\n"))
		}
		if got != test.refusals {
			t.Errorf("%s: got %d refusals, want %d: %v", test.reason, got, test.refusals, err)
		}
	}
}

// MinCallInterval takes what the function takes: over 0 and up to 30s.
func TestMinCallInterval(t *testing.T) {
	takes := func(value string) bool { return taken(t, "MinCallInterval", value) }
	for ms := 0; ms <= 31000; ms += 1 + ms/50 {
		want := ms > 0 && ms <= 30000
		for _, value := range []string{fmt.Sprintf("%dms", ms), fmt.Sprintf("%g", float64(ms)/1000) + "s", fmt.Sprintf("%.3fs", float64(ms)/1000)} {
			if got := takes(value); got != want {
				t.Errorf("%s: taken %v, want %v", value, got, want)
			}
		}
	}
	for value, want := range map[string]bool{
		"30s": true, "30.001s": false, "30.0s": true, "45s": false, "30000ms": true, "30001ms": false, "0s": false, "0.0s": false, "0.000s": false,
		"-1s": false, "1": false, "": false, "1m": false, "s": false, "1.s": false, ".5s": false, "0.0001s": false,
	} {
		if got := takes(value); got != want {
			t.Errorf("%q: taken %v, want %v", value, got, want)
		}
	}
}

// The lists of patterns take what the function takes.
func TestPatternsOfGuardrails(t *testing.T) {
	all := []string{"AllowedIdentities", "AllowedPolicyNames", "AllowedPrincipals", "AllowedActions"}
	for _, test := range []struct {
		value string
		by    []string
	}{
		{"", all},
		{"*", all},
		{"*, ?* ,*", all},
		{"example.com,*@example.com", []string{"AllowedIdentities", "AllowedPrincipals"}},
		{"a$b@example.com", []string{"AllowedIdentities", "AllowedPrincipals"}},
		{"team-a,team_b", all[:3]},
		{"${topic}", all[:3]},
		{"${topic}-*, x", all[:3]},
		{"o-a1b2c3d4e5,111122223333", all[:3]},
		{"arn:aws:iam::111122223333:role/a b", []string{"AllowedPrincipals"}},
		{"ses:Send*,SES:SendEmail", []string{"AllowedIdentities", "AllowedPrincipals", "AllowedActions"}},
		{"SendEmail", all[:3]},
		{",", nil}, {"a:,", nil}, {",a:", nil}, {"a:,,b:", nil}, {" ", nil}, {"a:, ,b:", nil}, {"ö:", nil},
		{"${Topic}:", nil}, {"x:${aws:username}", nil}, {"${", nil},
	} {
		for _, name := range all {
			if got, want := taken(t, name, test.value), slices.Contains(test.by, name); got != want {
				t.Errorf("%s=%q: taken %v, want %v", name, test.value, got, want)
			}
		}
	}
}

// Every parameter has a description, stands in one group of the console's form, and is varied by these tests.
func TestParametersAreDescribed(t *testing.T) {
	var grouped []string
	for _, group := range member(load(t).sections["Metadata"], "AWS::CloudFormation::Interface", "ParameterGroups").Content {
		for _, name := range member(group, "Parameters").Content {
			grouped = append(grouped, name.Value)
		}
	}
	slices.Sort(grouped)
	var names []string
	for name, p := range entries(load(t).sections["Parameters"]) {
		names = append(names, name.Value)
		if len(text(p, "Description")) < 20 {
			t.Errorf("%s has no description", name.Value)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, grouped); diff != "" {
		t.Errorf("parameters (-) and their groups (+):\n%s", diff)
	}
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(others))); diff != "" {
		t.Errorf("parameters (-) and what the tests vary (+):\n%s", diff)
	}
}
