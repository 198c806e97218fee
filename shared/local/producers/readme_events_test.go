package producers_test

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"sespolicy/shared/local"
	"sespolicy/shared/local/queue"
)

const ordersService = "orders-service"

var eventsPage = []example{
	{"Every way to ask", "", func(t *testing.T, r *reader, text string) { r.shell(t, text) }},
	{"Check first", "", checkFirst},
	{"CloudFormation and CDK", "yaml", customResource},
	{"CloudFormation and CDK", "", deployStack},
	{"CloudFormation and CDK", "ts", cdk},
	{"CloudFormation and CDK", "", stackByHand},
	{"SNS", "", shellSends("aws")},
	{"SQS: CLI and SDKs", "", shellSends("aws")},
	{"SQS: CLI and SDKs", "python", pythonSends},
	{"EventBridge", "", shellSends("python3", "aws")},
	{"Scheduler", "json", schedule},
	{"Pipes", "json", pipe},
	{"Step Functions", "json", task},
	{"API Gateway", "yaml", gateway},
	{"Terraform", "hcl", terraformStack},
	{"Terraform", "hcl", terraformCommand},
	{"Other accounts", "", topicForEachAccount},
	{"Events about outcomes", "json", outcomeEvent},
	{"Events about outcomes", "json", outcomeRule},
	{"Outcomes in another account", "yaml", requesterOutcomes},
	{"Outcomes in another account", "yaml", ownerOutcomes},
	{"Outcomes in another account", "", outcomeOfAnotherAccount},
	{"Editor support", "json", editorSettings},
}

// shellSends is a script that sends request.json.
func shellSends(programs ...string) func(*testing.T, *reader, string) {
	return func(t *testing.T, r *reader, text string) {
		needs(t, programs...)
		r.applied(t, ordersService, func() { r.shell(t, text) })
	}
}

func parse[T any](t *testing.T, text string) (value T) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &value); err != nil { // YAML includes JSON
		t.Fatal(err)
	}
	return value
}

// checkFirst has a terraform that shows a plan with the policy of the page.
func checkFirst(t *testing.T, r *reader, text string) {
	request := parse[map[string]any](t, readFile(t, filepath.Join(r.folder, "request.json")))
	policy, err := json.Marshal(request["Policy"])
	if err != nil {
		t.Fatal(err)
	}
	plan, err := json.Marshal(map[string]any{"format_version": "1.2", "planned_values": map[string]any{"root_module": map[string]any{"resources": []any{map[string]any{
		"address": "aws_ses_identity_policy.orders", "mode": "managed", "type": "aws_ses_identity_policy", "name": "orders",
		"values": map[string]any{"identity": request["Identity"], "name": request["PolicyName"], "policy": string(policy)},
	}}}}})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(r.folder, "plan.out"), string(plan), 0o600)
	r.stub(t, "terraform", `[ "$1 $2" = "show -json" ] && cat "$3"`)
	for _, line := range lines(text) {
		r.shell(t, line)
	}
}

// customResource is the resource as CloudFormation sends it.
func customResource(t *testing.T, r *reader, text string) {
	template := parse[map[string]struct {
		Properties map[string]any `yaml:"Properties"`
	}](t, text)
	properties := resolve(template["SendingPolicy"].Properties, map[string]string{
		"RequestTopicArn": r.topicARN(), "AWS::Partition": "aws", "AWS::Region": local.Region, "AWS::AccountId": local.Account,
	}).(map[string]any)
	createAndDelete(t, r, properties)
}

// createAndDelete is a stack with one policy.
func createAndDelete(t *testing.T, r *reader, properties map[string]any) {
	t.Helper()
	name, _ := properties["PolicyName"].(string)
	owner := newResource(r.world)
	owner.expect(owner.deploy(properties), "SUCCESS", "example.com/"+name)
	owner.expect(owner.ask("Delete", owner.properties), "SUCCESS", "example.com/"+name)
}

// deployStack reads the command with an aws that prints its arguments.
func deployStack(t *testing.T, r *reader, text string) {
	r.stub(t, "aws", `printf '%s\n' "$@"`)
	arguments := strings.Split(strings.TrimSpace(r.shell(t, text)), "\n")
	if !slices.Equal(arguments[:2], []string{"cloudformation", "deploy"}) {
		t.Fatalf("got %q", arguments)
	}
	after := func(flag string) string { return arguments[slices.Index(arguments, flag)+1] }
	name, value, _ := strings.Cut(after("--parameter-overrides"), "=")
	createAndDelete(t, r, sampleProperties(t, after("--template-file"), map[string]string{name: value}))
}

// cdk runs the example with classes that stand in for the CDK's and render what
// those render, but for the Fn::Join of the partition.
func cdk(t *testing.T, r *reader, text string) {
	needs(t, "node")
	writeFile(t, filepath.Join(r.folder, "cdk.js"), `
class AccountPrincipal { constructor(id) { this.rendered = {AWS: 'arn:aws:iam::' + id + ':root'} } }
class PolicyStatement { constructor(p) { this.rendered = {Action: p.actions, Effect: 'Allow', Principal: p.principals[0].rendered, Resource: p.resources[0]} } }
class PolicyDocument { constructor(p) { this.p = p } toJSON() { return {Statement: this.p.statements.map(s => s.rendered), Version: '2012-10-17'} } }
class CustomResource { constructor(scope, id, p) { console.log(JSON.stringify({...p.properties, ServiceToken: p.serviceToken})) } }
const requestTopicArn = '`+r.topicARN()+`';
`+text, 0o600)
	createAndDelete(t, r, parse[map[string]any](t, r.shell(t, "node cdk.js")))
}

// stackByHand publishes a stack's request, and sees the stack's answer.
func stackByHand(t *testing.T, r *reader, text string) {
	needs(t, "aws")
	r.applied(t, "orders-stack", func() { r.shell(t, text) })
	answers := r.Responses.Answers()
	if last := answers[len(answers)-1]; last.Status != "SUCCESS" || last.PhysicalResourceID != "example.com/orders-stack" {
		t.Errorf("the stack was answered %+v", last)
	}
}

func pythonSends(t *testing.T, r *reader, text string) {
	needs(t, "python3")
	if r.shell(t, "python3 -c 'import boto3' 2>/dev/null || echo missing") != "" {
		t.Skip("boto3 is not installed")
	}
	writeFile(t, filepath.Join(r.folder, "ask.py"), strings.ReplaceAll(text, "http://"+local.DefaultListen, r.URL), 0o600)
	r.applied(t, ordersService, func() { r.shell(t, "AWS_ENDPOINT_URL_SQS=$AWS_ENDPOINT_URL python3 ask.py") })
}

func schedule(t *testing.T, r *reader, text string) {
	schedule := parse[struct {
		Arn   string `yaml:"Arn"`
		Input string `yaml:"Input"`
	}](t, text)
	if got := r.sendAndAwait(schedule.Input); got.Outcome != "Deleted" || got.PolicyName != ordersService || schedule.Arn != r.Source().ARN() {
		t.Errorf("got %+v to %s", got, schedule.Arn)
	}
}

func pipe(t *testing.T, r *reader, text string) {
	event := strings.NewReplacer("<$.body.domain>", "example.com", "<$.body.account>", "111122223333")
	r.applied(t, "onboarded", func() { r.send(event.Replace(text)) })
}

func task(t *testing.T, r *reader, text string) {
	state := parse[struct {
		Parameters struct {
			QueueURL    string         `yaml:"QueueUrl"`
			MessageBody map[string]any `yaml:"MessageBody"`
		} `yaml:"Parameters"`
		Resource string `yaml:"Resource"`
	}](t, text)
	body := state.Parameters.MessageBody
	if body["TaskToken.$"] != "$$.Task.Token" || !strings.HasSuffix(state.Resource, ".waitForTaskToken") || !strings.HasSuffix(r.Source().URL(), strings.TrimPrefix(state.Parameters.QueueURL, "http://"+local.DefaultListen)) {
		t.Fatalf("got %+v", state)
	}
	token := strings.Repeat("AQCEAAAAKgAAAAMA", 8)
	delete(body, "TaskToken.$")
	body["TaskToken"] = token
	r.applied(t, ordersService, func() { r.send(encode(t, body)) })
	if answers := r.States.Answers(); len(answers) != 1 || answers[0].Token != token || !answers[0].Success {
		t.Errorf("Step Functions was told %+v", answers)
	}
}

// gateway does what the integration says to a request.
func gateway(t *testing.T, r *reader, text string) {
	integration := parse[map[string]struct {
		URI        string            `yaml:"uri"`
		Method     string            `yaml:"httpMethod"`
		Parameters map[string]string `yaml:"requestParameters"`
		Templates  map[string]string `yaml:"requestTemplates"`
	}](t, text)["x-amazon-apigateway-integration"]
	_, path, _ := strings.Cut(integration.URI, ":sqs:path")
	form, err := url.ParseQuery(strings.Replace(integration.Templates["application/json"], "$util.urlEncode($input.body)",
		url.QueryEscape(readFile(t, filepath.Join(r.folder, "request.json"))), 1))
	if err != nil || integration.Method != "POST" || integration.Parameters["integration.request.header.Content-Type"] != "'application/x-www-form-urlencoded'" {
		t.Fatalf("%v, %+v", err, integration)
	}
	r.applied(t, ordersService, func() { r.form(r.URL+path, form) })
}

// attribute is a quoted value of a Terraform file.
func attribute(t *testing.T, text, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\s*` + name + `\s*=.*?"([^"]*)"`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in %s", name, text)
	}
	return strings.ReplaceAll(found[1], "${path.module}", "events")
}

// terraformStack deploys the stack that the resource names, with its parameters.
func terraformStack(t *testing.T, r *reader, text string) {
	overrides := regexp.MustCompile(`parameters\s*=\s*\{ (\w+) = var\.request_topic_arn \}`).FindStringSubmatch(text)
	if overrides == nil {
		t.Fatalf("no parameters in %s", text)
	}
	r.sendAndAwait(deletion(ordersService)) // the samples before sent it too
	createAndDelete(t, r, sampleProperties(t, attribute(t, text, "template_body"), map[string]string{overrides[1]: r.topicARN()}))
}

// terraformCommand runs the command of the provisioner.
func terraformCommand(t *testing.T, r *reader, text string) {
	if file := attribute(t, text, "triggers_replace"); file != "events/request.json" {
		t.Errorf("it is sent again when %s changes", file)
	}
	r.applied(t, ordersService, func() {
		if shown := r.shell(t, attribute(t, text, "command")); !strings.Contains(shown, "Applied") {
			t.Errorf("got %s", shown)
		}
	})
}

// topicForEachAccount deploys with the parameters of the page.
func topicForEachAccount(t *testing.T, _ *reader, text string) {
	parameters := map[string]string{}
	for _, line := range lines(text) {
		name, value, _ := strings.Cut(line, "=")
		parameters[name] = value
	}
	if diff := cmp.Diff(topicForEach, parameters); diff != "" {
		t.Error(diff)
	}
	w := startWithTopics(t)
	got, _ := w.through(accountA, bare(accountA+"-news", grants(accountA)))
	w.expectOutcome("its own name", got, "Applied")
	got, _ = w.through(accountB, bare(accountA+"-news", grants(accountB)))
	w.expectOutcome("another account's name", got, refusedByGuardrail)
}

// eventAbout waits for the event about a message.
func (r *reader) eventAbout(messageID string) string {
	r.t.Helper()
	r.untilChanged("there is an event about "+messageID, func() bool { _, ok := r.outcomes()[messageID]; return ok })
	return r.outcomes()[messageID].Envelope
}

// refused is the event about a request that a guardrail refuses.
func refused(t *testing.T, r *reader, policyName string) map[string]any {
	t.Helper()
	got := r.sendAndAwait(event(bare(policyName, publicPolicy())))
	return parse[map[string]any](t, r.eventAbout(got.MessageID))
}

// outcomeEvent compares the members and the verdict with those of a real event.
func outcomeEvent(t *testing.T, r *reader, text string) {
	shown, got := parse[map[string]any](t, text), refused(t, r, ordersService)["detail"].(map[string]any)
	for _, detail := range []map[string]any{shown, got} {
		for _, varies := range []string{"messageId", "reason", "queuedMs"} {
			if detail[varies] == nil {
				t.Errorf("no %s in %v", varies, detail)
			}
			delete(detail, varies)
		}
		violation := detail["violations"].([]any)[0].(map[string]any)
		delete(violation, "message")
		delete(violation, "column") // the test's policy is another
	}
	if diff := cmp.Diff(shown, got); diff != "" {
		t.Errorf("the page (-) and an event (+):\n%s", diff)
	}
}

// matches reports whether an event matches a pattern: members that are objects are
// patterns, and a list has the value, or a prefix of it.
func matches(pattern, event map[string]any) bool {
	for name, want := range pattern {
		if inner, ok := want.(map[string]any); ok {
			value, _ := event[name].(map[string]any)
			if !matches(inner, value) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(want.([]any), func(each any) bool {
			if rule, ok := each.(map[string]any); ok {
				text, _ := event[name].(string)
				return strings.HasPrefix(text, rule["prefix"].(string))
			}
			return each == event[name]
		}) {
			return false
		}
	}
	return true
}

func outcomeRule(t *testing.T, r *reader, text string) {
	pattern := parse[map[string]any](t, text)
	if got := refused(t, r, ordersService); !matches(pattern, got) {
		t.Errorf("%v does not match %s", got, text)
	}
	if matches(pattern, map[string]any{"source": "sespolicy", "detail-type": "SES Identity Policy Applied"}) {
		t.Errorf("%s matches an event about an applied request", text)
	}
}

// resources are those of a template.
type resources map[string]struct {
	Type       string         `yaml:"Type"`
	Properties map[string]any `yaml:"Properties"`
}

// get is a value inside a resource's properties.
func (r resources) get(t *testing.T, path string) any {
	t.Helper()
	parts := strings.Split(path, "/")
	var value any = r[parts[0]].Properties
	for _, part := range parts[1:] {
		if list, ok := value.([]any); ok {
			value = list[0]
		}
		members, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("no %s", path)
		}
		value = members[part]
	}
	if text, ok := value.(string); ok {
		return resolve(text, map[string]string{"AWS::Partition": "aws", "AWS::Region": local.Region})
	}
	return value
}

func (r resources) expect(t *testing.T, values map[string]string) {
	t.Helper()
	for path, want := range values {
		if got := r.get(t, path); got != want {
			t.Errorf("%s: got %v, want %s", path, got, want)
		}
	}
}

const outcomeBus = "arn:aws:events:us-east-1:111122223333:event-bus/sespolicy-outcomes"

// requesterOutcomes: the requester's bus has the name that the owner puts to, lets
// that account put, and its rule brings the events to the queue.
func requesterOutcomes(t *testing.T, r *reader, text string) {
	template := parse[struct {
		Resources resources `yaml:"Resources"`
	}](t, text).Resources
	bus, err := arn.Parse(outcomeBus)
	if err != nil {
		t.Fatal(err)
	}
	template.expect(t, map[string]string{
		"Outcomes/Name":                                                          strings.TrimPrefix(bus.Resource, "event-bus/"),
		"LetOwnerPut/Statement/Effect":                                           "Allow",
		"LetOwnerPut/Statement/Action":                                           "events:PutEvents",
		"LetOwnerPut/Statement/Resource":                                         "Outcomes.Arn",
		"LetOwnerPut/EventBusName":                                               "Outcomes",
		"ToQueue/EventBusName":                                                   "Outcomes",
		"ToQueue/Targets/Arn":                                                    "OutcomeQueue.Arn",
		"LetRuleSend/PolicyDocument/Statement/Action":                            "sqs:SendMessage",
		"LetRuleSend/PolicyDocument/Statement/Principal/Service":                 "events.amazonaws.com",
		"LetRuleSend/PolicyDocument/Statement/Resource":                          "OutcomeQueue.Arn",
		"LetRuleSend/PolicyDocument/Statement/Condition/ArnEquals/aws:SourceArn": "ToQueue.Arn",
		"LetOwnerPut/Statement/Principal/AWS":                                    local.Account,
	})
	if pattern := template.get(t, "ToQueue/EventPattern").(map[string]any); !matches(pattern, refused(t, r, ordersService)) {
		t.Errorf("%v matches no event", pattern)
	}
}

// ownerOutcomes: the owner's rule brings the events about an account's names to the
// bus of that account, with a role that may put them there.
func ownerOutcomes(t *testing.T, r *reader, text string) {
	template := parse[struct {
		Resources resources `yaml:"Resources"`
	}](t, text).Resources
	template.expect(t, map[string]string{
		"OutcomesOf111122223333/Targets/Arn":                               outcomeBus,
		"OutcomesOf111122223333/Targets/RoleArn":                           "PutOutcomes.Arn",
		"PutOutcomes/AssumeRolePolicyDocument/Statement/Principal/Service": "events.amazonaws.com",
		"PutOutcomes/Policies/PolicyDocument/Statement/Action":             "events:PutEvents",
		"PutOutcomes/Policies/PolicyDocument/Statement/Resource":           outcomeBus,
	})
	pattern := template.get(t, "OutcomesOf111122223333/EventPattern").(map[string]any)
	if !matches(pattern, refused(t, r, "111122223333-news")) || matches(pattern, refused(t, r, "444455556666-news")) {
		t.Errorf("%v matches not the events about names of 111122223333, or others", pattern)
	}
}

// outcomeOfAnotherAccount finds the outcome of a request in a queue that gets the
// events.
func outcomeOfAnotherAccount(t *testing.T, r *reader, text string) {
	needs(t, "aws", "jq")
	deployment := map[string]any{"account": local.Account, "region": local.Region, "queueUrl": r.Source().URL(), "queueArn": r.Source().ARN(),
		"topicArn": r.topicARN(), "guardrails": map[string]string{}}
	writeFile(t, filepath.Join(r.folder, "sespolicy.json"), encode(t, deployment), 0o600)
	outcomes, err := r.Queues.Create("Outcomes", nil)
	if err != nil {
		t.Fatal(err)
	}
	send, receive, _ := strings.Cut(text, "\naws sqs ")
	id := strings.TrimSpace(r.shell(t, send+"\necho $id"))
	if _, err := outcomes.Send(t.Context(), queue.Input{Body: r.eventAbout(id)}); err != nil { // as the two rules do
		t.Fatal(err)
	}
	// Version 1 of the AWS CLI takes the endpoint of SQS from the flag only.
	script := "OUTCOME_QUEUE=" + outcomes.URL() + " id=" + id + "\naws --endpoint-url $AWS_ENDPOINT_URL sqs " + receive
	if shown := r.shell(t, script); !strings.Contains(shown, `"outcome": "Applied"`) {
		t.Errorf("got %s", shown)
	}
}

// editorSettings: the schema that the settings name takes the page's request, and
// not a misspelt one.
func editorSettings(t *testing.T, r *reader, text string) {
	settings := parse[map[string][]struct {
		FileMatch []string `yaml:"fileMatch"`
		URL       string   `yaml:"url"`
	}](t, text)["json.schemas"]
	if len(settings) != 1 || len(settings[0].FileMatch) != 1 {
		t.Fatalf("got %+v", settings)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "events", settings[0].URL))
	if err != nil {
		t.Fatal(err)
	}
	request := parse[map[string]any](t, readFile(t, filepath.Join(r.folder, "request.json")))
	if err := schema.Validate(request); err != nil {
		t.Error(err)
	}
	request["policyName"] = request["PolicyName"]
	if schema.Validate(request) == nil {
		t.Error("the schema takes an unknown member")
	}
}
