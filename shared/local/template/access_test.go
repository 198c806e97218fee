package template

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    any
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

// policies are the resource policies of queues and topics, by logical id.
func policies(t *testing.T, resources map[string]resource) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, res := range resources {
		for _, property := range []string{"Queues", "Topics"} {
			if targets := member(res.properties, property); targets != nil {
				for _, target := range targets.Content { // URLs of queues and ARNs of topics
					id := target.Value[strings.LastIndexAny(target.Value, "/:")+1:]
					all[id] = toJSON(member(res.properties, "PolicyDocument"))
				}
			}
		}
	}
	return all
}

// A policy lets in nobody outside the account's own IAM without a condition.
func TestNobodyIsLetInWithoutACondition(t *testing.T) {
	for name, parameters := range variants() {
		for id, policy := range policies(t, evaluated(t, load(t), parameters)) {
			if len(statements(policy)) == 0 {
				t.Errorf("%s: %s has no policy", name, id)
			}
			for _, s := range statements(policy) {
				owner := cmp.Equal(s.Principal, map[string]any{"AWS": "arn:aws:iam::123456789012:root"})
				if s.Effect == "Allow" && !owner && len(s.Condition) == 0 {
					t.Errorf("%s: %s lets %v in without a condition", name, id, s.Principal)
				}
			}
		}
	}
}

// Each way in is open only if its parameter says so, and only as far.
func TestWhoMaySend(t *testing.T) {
	const here = ":us-east-1:123456789012:"
	for _, test := range []struct {
		parameter, value string
		queue, topic     []string // Sid and whom it lets in
	}{
		{"", "", []string{"AllowRequestTopic arn:aws:sns" + here + "RequestTopic"}, []string{"AllowThisAccount "}},
		{"RequestTopicNames", "????????????", []string{"AllowRequestTopics arn:aws:sns" + here + "????????????"}, nil},
		{"RequestRuleNames", "*", []string{"AllowRequestRules arn:aws:events" + here + "rule/*"}, []string{"AllowRequestRules arn:aws:events" + here + "rule/*"}},
		{"RequestEventBusName", "asks", []string{"AllowRequestRule arn:aws:events" + here + "rule/asks/RequestRule"}, nil},
		{"ProducerOrganizationId", "o-a1b2c3d4e5", []string{"AllowOrganization o-a1b2c3d4e5"}, []string{"AllowOrganization o-a1b2c3d4e5"}},
	} {
		parameters := map[string]string{"AllowedPolicyNames": "*", "AllowedPrincipals": "*"}
		var before map[string][]string
		if test.parameter != "" {
			before = doors(t, parameters)
			parameters[test.parameter] = test.value
		}
		for id, want := range map[string][]string{"RequestQueue": test.queue, "RequestTopic": test.topic, "DeadLetterQueue": nil} {
			var added []string
			for _, door := range doors(t, parameters)[id] {
				if !slices.Contains(before[id], door) {
					added = append(added, door)
				}
			}
			if diff := cmp.Diff(want, added); diff != "" {
				t.Errorf("%s=%s, %s:\n%s", test.parameter, test.value, id, diff)
			}
		}
	}
}

// doors are the Allow statements of each policy: Sid and the value of its one condition.
func doors(t *testing.T, parameters map[string]string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for id, policy := range policies(t, evaluated(t, load(t), parameters)) {
		for _, s := range statements(policy) {
			if s.Effect != "Allow" {
				continue
			}
			who := ""
			for _, keys := range s.Condition {
				for _, value := range keys {
					who, _ = value.(string)
				}
			}
			all[id] = append(all[id], s.Sid+" "+who)
		}
	}
	return all
}

// The role has exactly these permissions on these resources.
func TestRole(t *testing.T) {
	const queues, table = "arn:aws:sqs:us-east-1:123456789012:", "arn:aws:dynamodb:us-east-1:123456789012:table/"
	least := map[string]string{
		"ses:PutIdentityPolicy ses:DeleteIdentityPolicy ses:GetIdentityPolicies":                  "*",
		"sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes": queues + "RequestQueue",
		"sqs:SendMessage": queues + "DeadLetterQueue",
		"dynamodb:BatchGetItem dynamodb:Query dynamodb:PutItem dynamodb:DeleteItem": table + "Ledger",
		"logs:CreateLogStream logs:PutLogEvents":                                    "arn:aws:logs:us-east-1:123456789012:log-group:FunctionLogGroup:*",
	}
	if diff := cmp.Diff(least, permissions(t, nil)); diff != "" {
		t.Error(diff)
	}
	most := maps.Clone(least)
	for actions := range most {
		if strings.HasPrefix(actions, "dynamodb:") {
			most[actions] = table + "restored"
		}
	}
	most["kms:Decrypt kms:GenerateDataKey"] = others["KmsKeyArn"]
	most["events:PutEvents"] = "arn:aws:events:us-east-1:123456789012:event-bus/outcomes"
	most["states:SendTaskSuccess states:SendTaskFailure"] = "*"
	most["xray:PutTraceSegments xray:PutTelemetryRecords"] = "*"
	if diff := cmp.Diff(most, permissions(t, others)); diff != "" {
		t.Error(diff)
	}
}

// permissions are the role's: actions to their resource.
func permissions(t *testing.T, parameters map[string]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, policy := range member(evaluated(t, load(t), parameters)["FunctionRole"].properties, "Policies").Content {
		for _, s := range statements(toJSON(member(policy, "PolicyDocument"))) {
			actions := []string{}
			switch action := s.Action.(type) {
			case string:
				actions = append(actions, action)
			case []any:
				for _, each := range action {
					actions = append(actions, each.(string))
				}
			}
			all[strings.Join(actions, " ")], _ = s.Resource.(string)
		}
	}
	return all
}

// environment is what the function is told.
var environment = []string{
	"ALLOWED_ACTIONS", "ALLOWED_IDENTITIES", "ALLOWED_POLICY_NAMES", "ALLOWED_PRINCIPALS", "ALLOW_BROAD_DENY", "ALLOW_PUBLIC_PRINCIPAL",
	"ANSWER_STEP_FUNCTIONS", "DEAD_LETTER_QUEUE_URL", "EVENT_BUS_NAME", "LEDGER_TABLE", "MAX_RECEIVE_COUNT", "MIN_CALL_INTERVAL",
	"PROTECT_STACK_POLICIES", "REQUIRE_MATCHING_RESOURCE",
}

// The template sets every variable that the code reads.
func TestEnvironmentIsWhatTheFunctionReads(t *testing.T) {
	function, _ := deployed(t, nil).Function("ApplyPolicyFunction")
	if diff := cmp.Diff(environment, slices.Sorted(maps.Keys(function.Environment))); diff != "" {
		t.Error(diff)
	}
	variable := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)
	for _, folder := range []string{"functions/apply-policy", "shared/guardrail"} {
		for _, literal := range literals(t, folder) {
			if variable.MatchString(literal) && !strings.HasPrefix(literal, "AWS_") && !slices.Contains(environment, literal) {
				t.Errorf("%s reads %s, which template.yaml does not set", folder, literal)
			}
		}
	}
}

// literals are the string literals of a package's files, tests aside.
func literals(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("../../../" + folder + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %d files", folder, err, len(files))
	}
	var all []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, value)
			}
			return true
		})
	}
	return all
}

// A rule feeds the queue if a bus was named, and only then.
func TestRequestRule(t *testing.T) {
	if rules := deployed(t, nil).Rules; len(rules) != 0 {
		t.Errorf("got %v, want no rule by default", rules)
	}
	stack := deployed(t, map[string]string{"RequestEventBusName": "asks", "AllowedIdentities": "*"})
	want := []Rule{{
		Name: "RequestRule", EventBusName: "asks", EventPattern: json.RawMessage(`{"detail-type":["SES Identity Policy Request"]}`),
		Targets: []struct{ ARN string }{{"arn:aws:sqs:us-east-1:123456789012:RequestQueue"}},
	}}
	if diff := cmp.Diff(want, stack.Rules); diff != "" {
		t.Error(diff)
	}
}

// The stack of one account's topic: named by the account, which alone may publish to it.
func TestRequestTopicStack(t *testing.T) {
	tmpl, err := Load("../../../events/request-topic.yaml")
	if err != nil {
		t.Fatal(err)
	}
	queue := "arn:aws:sqs:us-east-1:123456789012:RequestQueue"
	parameters := map[string]string{"RequesterAccountId": "111122223333", "RequestQueueArn": queue}
	stack, err := tmpl.Resolve(Settings{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	topic, policy := stack.Topics[0], policies(t, evaluated(t, tmpl, parameters))["Topic"]
	if topic.SignatureVersion != "2" || !cmp.Equal(stack.Subscriptions, []Subscription{{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: queue}}) || !tlsOnly(policy, topic.ARN) {
		t.Errorf("%+v", stack)
	}
	if _, name := intrinsic(member(tmpl.sections["Resources"], "Topic", "Properties", "TopicName")); text(name) != "RequesterAccountId" {
		t.Errorf("the topic is named after %q, want RequesterAccountId", text(name))
	}
	var allowed []any
	for _, s := range statements(policy) {
		if s.Effect == "Allow" {
			allowed = append(allowed, s.Principal)
		}
	}
	if diff := cmp.Diff([]any{map[string]any{"AWS": "arn:aws:iam::111122223333:root"}}, allowed); diff != "" {
		t.Error(diff)
	}
}
