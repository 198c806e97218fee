package producers_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"sespolicy/shared/local"
)

const readme = "../../../events/README.md"

// example is the first fenced block of a kind under a heading of the README.
func example(t *testing.T, text, heading, kind string) string {
	t.Helper()
	_, section, found := strings.Cut(text, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	_, block, fenced := strings.Cut(section, "\n```"+kind+"\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !found || !fenced || !closed {
		t.Fatalf("the README has no %s block under %q", kind, heading)
	}
	return block
}

// What the README tells each producer to send is applied, without a warning.
func TestExamplesOfTheReadme(t *testing.T) {
	bytes, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := string(bytes)
	_, request, _ := strings.Cut(text, "cat > request.json <<'END'\n")
	request, _, _ = strings.Cut(request, "\nEND\n")

	var schedule struct{ Input string }
	if err := json.Unmarshal([]byte(example(t, text, "## Scheduler", "json")), &schedule); err != nil {
		t.Fatal(err)
	}
	pipe := strings.NewReplacer("<$.body.domain>", "example.com", "<$.body.account>", "111122223333").Replace(example(t, text, "## Pipes", "json"))
	var state struct {
		Parameters struct{ MessageBody json.RawMessage }
	}
	if err := json.Unmarshal([]byte(example(t, text, "## Step Functions", "json")), &state); err != nil {
		t.Fatal(err)
	}
	token := strings.Repeat("AQCEAAAAKgAAAAMA", 8)
	task := strings.Replace(string(state.Parameters.MessageBody), `"TaskToken.$": "$$.Task.Token"`, `"TaskToken": "`+token+`"`, 1)

	w := start(t, local.Config{})
	for _, test := range []struct{ producer, body, outcome, policyName string }{
		{"SQS", request, "Applied", "orders-service"},
		{"SNS", notification(t, request, time.Now()), "Applied", "orders-service"},
		{"EventBridge", event(request), "Applied", "orders-service"},
		{"Pipes", pipe, "Applied", "onboarded"},
		{"Step Functions", task, "Applied", "orders-service"},
		{"Scheduler", schedule.Input, "Deleted", "orders-service"},
	} {
		if got := w.sendAndAwait(test.body); got.Outcome != test.outcome || got.PolicyName != test.policyName {
			t.Errorf("%s: %+v", test.producer, got)
		}
	}
	if answers := w.States.Answers(); len(answers) != 1 || answers[0].Token != token || !answers[0].Success {
		t.Errorf("Step Functions was told %+v", answers)
	}

	var template map[string]struct {
		Properties map[string]any `yaml:"Properties"`
	}
	if err := yaml.Unmarshal([]byte(example(t, text, "## CloudFormation and CDK", "yaml")), &template); err != nil {
		t.Fatal(err)
	}
	properties := resolve(template["SendingPolicy"].Properties, map[string]string{
		"RequestTopicArn": w.topicARN(), "AWS::Partition": "aws", "AWS::Region": local.Region, "AWS::AccountId": local.Account,
	}).(map[string]any)
	r := newResource(w)
	r.expect(r.deploy(properties), "SUCCESS", "example.com/orders-service")
	if strings.Contains(w.told(), `"warnings"`) {
		t.Errorf("an example earns a warning: %s", w.told())
	}
}
