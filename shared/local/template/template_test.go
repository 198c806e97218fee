package template

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// evaluate puts one value into a small template and gives what it becomes, as JSON.
func evaluate(t *testing.T, value string, s Settings) (string, error) {
	t.Helper()
	tmpl, err := Parse("t.yaml", []byte(`
Parameters:
  Name: {Type: String, Default: ada}
  Count: {Type: Number, Default: 3, MinValue: 1, MaxValue: 9}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Pace: {Type: String, Default: 1s, AllowedPattern: "[0-9]+s"}
Rules:
  LargeNeedsAda:
    RuleCondition: !Equals [!Ref Size, large]
    Assertions: [{Assert: !Equals [!Ref Name, ada], AssertDescription: set Name}]
Conditions:
  IsLarge: !Equals [!Ref Size, large]
  IsSmall: !Not [!Equals [!Ref Size, large]]
  IsLargeOrAda: !Or [!Equals [!Ref Size, large], !Equals [!Ref Name, ada]]
  IsFound: !Equals [!If [IsFound, a, b], a]
Resources:
  Q: {Type: AWS::SQS::Queue}
  F: {Type: AWS::Serverless::Function, Properties: {Events: {Requests: {Type: SQS}}}}
  E: {Type: AWS::Events::Rule, Properties: {EventBusName: mine}}
  T: {Type: AWS::SNS::Topic}
  Gone: {Type: AWS::SQS::Queue, Condition: IsLarge}
  Subject:
    Type: Any::Thing
    Properties:
      Value: `+value+"\n"))
	if err != nil {
		return "", err
	}
	r, err := newResolver(tmpl, s)
	if err != nil {
		return "", err
	}
	resolved, err := r.resolve(member(tmpl.sections["Resources"], "Subject", "Properties"))
	if err != nil {
		return "", err
	}
	if value := member(resolved, "Value"); value != nil {
		return toJSON(value), nil
	}
	return "left out", nil
}

func TestFunctions(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"string parameter", `!Ref Name`, `"ada"`},
		{"number parameter stays a number", `!Ref Count`, `3`},
		{"long form of Ref", `{Ref: Name}`, `"ada"`},
		{"queue's Ref is its URL", `!Ref Q`, `"http://127.0.0.1:4566/123456789012/Q"`},
		{"long form of GetAtt", `{"Fn::GetAtt": [Q, QueueName]}`, `"Q"`},
		{"ARN of a rule has its bus", `!GetAtt E.Arn`, `"arn:aws:events:us-east-1:123456789012:rule/mine/E"`},
		{"mapping that SAM makes", `!Ref FRequests`, `"FRequests"`},
		{"topic's Ref is its ARN", `!Ref T`, `"arn:aws:sns:us-east-1:123456789012:T"`},
		{"ARN of a queue", `!GetAtt Q.Arn`, `"arn:aws:sqs:us-east-1:123456789012:Q"`},
		{"Sub with parameter, pseudo parameter, resource, attribute", `!Sub "${Name} ${AWS::Region} ${Q} ${Q.QueueName}"`, `"ada us-east-1 http://127.0.0.1:4566/123456789012/Q Q"`},
		{"Sub keeps a literal", `!Sub "${!Name}"`, `"${Name}"`},
		{"If that holds", `!If [IsSmall, 1, 2]`, `1`},
		{"If that does not", `!If [IsLarge, 1, 2]`, `2`},
		{"If leaves the other branch alone", `!If [IsLarge, !Ref Gone, x]`, `"x"`},
		{"Or", `!If [IsLargeOrAda, y, n]`, `"y"`},
		{"NoValue leaves a member out", `!Ref AWS::NoValue`, `left out`},
		{"NoValue leaves an item out", `[a, !If [IsLarge, b, !Ref AWS::NoValue], c]`, `["a","c"]`},
		{"a member called Condition is no function", `{Condition: {Bool: {"aws:SecureTransport": "false"}}}`, `{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`},
		{"block text", "|\n        a\n        b", `"a\nb\n"`},
		{"null", `~`, `null`},
		{"booleans and strings are told apart", `[true, "true", 1, "1", 1.5]`, `[true,"true",1,"1",1.5]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := evaluate(t, test.value, Settings{})
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// The value stands on line 25.
func TestErrorsSayWhere(t *testing.T) {
	for _, test := range []struct {
		name, value string
		line        int
	}{
		{"unknown name", `!Ref Nobody`, 25},
		{"unknown attribute", `!GetAtt Q.Colour`, 25},
		{"resource that does not exist under these parameters", `!Ref Gone`, 25},
		{"unknown condition", `!If [IsHuge, 1, 2]`, 25},
		{"condition that depends on itself", `!If [IsFound, 1, 2]`, 15},
		{"unknown function", `!Cidr [a, b]`, 25},
		{"Sub with variables of its own", `!Sub ["${a}", {a: b}]`, 25},
		{"event that the function does not have", `!Ref FOther`, 25},
		{"unknown pseudo parameter", `!Ref AWS::NotificationARNs`, 25},
		{"unknown name in Sub", `!Sub "${Nobody}"`, 25},
		{"alias", `[&x a, *x]`, 25},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := evaluate(t, test.value, Settings{})
			if place := fmt.Sprintf("t.yaml:%d: ", test.line); err == nil || !strings.HasPrefix(err.Error(), place) {
				t.Errorf("got %s, %v, want an error at %s", got, err, place)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	other := Settings{BaseURL: "http://127.0.0.1:1/", Parameters: map[string]string{"Size": "large", "Count": "9"}}
	got, err := evaluate(t, `!Sub "${AWS::Partition} ${AWS::StackName} ${Count} ${Gone} ${Q.Arn}"`, other)
	want := `"aws sespolicy 9 http://127.0.0.1:1/123456789012/Gone arn:aws:sqs:us-east-1:123456789012:Q"`
	if err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestParametersAreChecked(t *testing.T) {
	for name, parameters := range map[string]map[string]string{
		"value that is not allowed":         {"Size": "huge"},
		"value beside the pattern":          {"Pace": "1 hour"},
		"pattern that holds only in a part": {"Pace": "x1sx"},
		"unknown parameter":                 {"Sise": "small"},
		"number that is none":               {"Count": "many"},
		"number under the minimum":          {"Count": "0"},
		"number over the maximum":           {"Count": "10"},
		"combination that a rule refuses":   {"Size": "large", "Name": "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := evaluate(t, `x`, Settings{Parameters: parameters}); err == nil || !strings.HasPrefix(err.Error(), "t.yaml:") {
				t.Errorf("got %s, %v, want an error that names the file", got, err)
			}
		})
	}
}

func TestBrokenTemplates(t *testing.T) {
	for _, test := range []struct{ name, template, where string }{
		{"no YAML", "Resources: [", "t.yaml:2"},
		{"empty", "", "t.yaml"},
		{"a list", "- a", "t.yaml:1"},
		{"unknown section", "Globals: {a: b}\nResources: {Q: {Type: AWS::SQS::Queue}}", "t.yaml:1"},
		{"no Type", "Resources:\n  Q: {Properties: {}}", "t.yaml:2"},
		{"duplicate name", "Resources:\n  Q: {Type: A}\n  Q: {Type: B}", "t.yaml:3"},
		{"unread property", "Resources:\n  S:\n    Type: AWS::SNS::Subscription\n    Properties:\n      FilterPolicy: {}", "t.yaml:5"},
		{"wrong type", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Timeout: soon", "t.yaml:5"},
		{"event that does not run locally", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        Hourly: {Type: Schedule}", "t.yaml:6"},
		{"resource that does not run locally", "Resources:\n  F: {Type: AWS::Lambda::Function}", "t.yaml:2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmpl, err := Parse("t.yaml", []byte(test.template))
			if err == nil {
				_, err = tmpl.Resolve(Settings{})
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.where+":") {
				t.Errorf("got %v, want it at %s", err, test.where)
			}
		})
	}
}

// One run reports everything that is wrong.
func TestErrorsAreReportedTogether(t *testing.T) {
	tmpl, err := Parse("t.yaml", []byte("Resources:\n  A: {Type: X, Properties: {V: !Ref Nobody}}\n  B: {Type: X, Properties: {V: !Ref Noone}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmpl.Resolve(Settings{})
	if got := strings.Split(err.Error(), "\n"); len(got) != 2 {
		t.Errorf("got %d errors, want 2: %v", len(got), err)
	}
}

func TestDefaultsOfTheServices(t *testing.T) {
	tmpl, err := Parse("t.yaml", []byte(`
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Events: {E: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}}}
  Q: {Type: AWS::SQS::Queue}
`))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := tmpl.Resolve(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	want := Function{
		Name: "F", Timeout: 3e9, MemorySize: 128, Environment: map[string]string{},
		EventSources: []EventSource{{Name: "E", QueueARN: "arn:aws:sqs:us-east-1:123456789012:Q", BatchSize: 10}},
	}
	got, _ := stack.Function("F")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
