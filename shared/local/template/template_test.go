package template

import (
	"errors"
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
  Count: {Type: Number, Default: 3}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Pace: {Type: String, Default: 1s, AllowedPattern: "[0-9]+s"}
Mappings:
  Sizes: {small: {memory: 128}, large: {memory: 512}}
Conditions:
  IsLarge: !Equals [!Ref Size, large]
  IsSmall: !Not [!Condition IsLarge]
  IsSmallAndAda: !And [!Condition IsSmall, !Equals [!Ref Name, ada]]
  IsLargeOrAda: !Or [!Condition IsLarge, !Equals [!Ref Name, ada]]
  Circle: !Not [!Condition Circle]
Resources:
  Q: {Type: AWS::SQS::Queue}
  F: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  T: {Type: AWS::SNS::Topic}
  Gone: {Type: AWS::SQS::Queue, Condition: IsLarge}
  Subject:
    Type: Any::Thing
    Properties:
      Value: `+value+"\n"))
	if err != nil {
		return "", err
	}
	r := newResolver(tmpl, s)
	if err := r.readParameters(); err != nil {
		return "", err
	}
	subject, _ := tmpl.resource("Subject")
	resolved, err := r.resolve(subject.properties)
	if err != nil {
		return "", err
	}
	if value := resolved.member("Value"); value != nil {
		return value.json(), nil
	}
	return "left out", nil
}

func TestFunctions(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"string parameter", `!Ref Name`, `"ada"`},
		{"number parameter stays a number", `!Ref Count`, `3`},
		{"list parameter", `!Ref Names`, `["a","b"]`},
		{"long form of Ref", `{Ref: Name}`, `"ada"`},
		{"queue's Ref is its URL", `!Ref Q`, `"http://127.0.0.1:4566/123456789012/Q"`},
		{"FIFO queue's URL ends in .fifo", `!Ref F`, `"http://127.0.0.1:4566/123456789012/F.fifo"`},
		{"topic's Ref is its ARN", `!Ref T`, `"arn:aws:sns:us-east-1:123456789012:T"`},
		{"ARN of a queue", `!GetAtt Q.Arn`, `"arn:aws:sqs:us-east-1:123456789012:Q"`},
		{"long form of GetAtt", `{"Fn::GetAtt": [F, QueueName]}`, `"F.fifo"`},
		{"long form of GetAtt with a point", `{"Fn::GetAtt": Q.QueueName}`, `"Q"`},
		{"Sub with parameter, pseudo parameter, resource, attribute", `!Sub "${Name} ${AWS::Region} ${Q} ${Q.QueueName}"`, `"ada us-east-1 http://127.0.0.1:4566/123456789012/Q Q"`},
		{"Sub keeps a literal", `!Sub "${!Name}"`, `"${Name}"`},
		{"Sub with its own variables", `!Sub ["${a}-${Count}", {a: !Ref Name}]`, `"ada-3"`},
		{"If that holds", `!If [IsSmall, 1, 2]`, `1`},
		{"If that does not", `!If [IsLarge, 1, 2]`, `2`},
		{"If leaves the other branch alone", `!If [IsLarge, !Ref Gone, x]`, `"x"`},
		{"And", `!If [IsSmallAndAda, y, n]`, `"y"`},
		{"Or", `!If [IsLargeOrAda, y, n]`, `"y"`},
		{"NoValue leaves a member out", `!Ref AWS::NoValue`, `left out`},
		{"NoValue leaves an item out", `[a, !If [IsLarge, b, !Ref AWS::NoValue], c]`, `["a","c"]`},
		{"Join", `!Join [":", [a, !Ref Count, !Ref Name]]`, `"a:3:ada"`},
		{"Join of a list parameter", `!Join ["+", !Ref Names]`, `"a+b"`},
		{"Split and Select", `!Select [1, !Split [":", !GetAtt Q.Arn]]`, `"aws"`},
		{"FindInMap", `!FindInMap [Sizes, !Ref Size, memory]`, `128`},
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

// The value starts in column 14 of line 24.
func TestErrorsSayWhere(t *testing.T) {
	for _, test := range []struct {
		name, value  string
		line, column int
	}{
		{"unknown name", `!Ref Nobody`, 24, 19},
		{"unknown attribute", `!GetAtt Q.Colour`, 24, 22},
		{"resource that does not exist under these parameters", `!Ref Gone`, 24, 19},
		{"unknown condition", `!If [IsHuge, 1, 2]`, 24, 19},
		{"condition that depends on itself", `!If [Circle, 1, 2]`, 15, 11},
		{"unknown function", `!Cidr [a, b]`, 24, 14},
		{"unknown pseudo parameter", `!Ref AWS::NotificationARNs`, 24, 19},
		{"unknown name in Sub", `!Sub "${Nobody}"`, 24, 19},
		{"list in Sub", `!Sub "${Names}"`, 24, 19},
		{"Select beyond the list", `!Select [9, [a]]`, 24, 22},
		{"unknown mapping", `!FindInMap [Sizes, huge, memory]`, 24, 25},
		{"alias", `*x`, 24, 14},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := evaluate(t, test.value, Settings{})
			var where *Error
			if !errors.As(err, &where) {
				t.Fatalf("got %s, %v, want an *Error", got, err)
			}
			if where.File != "t.yaml" || where.Line != test.line || where.Column != test.column {
				t.Errorf("got %v, want it at t.yaml:%d:%d", where, test.line, test.column)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	china := Settings{
		Account: "210987654321", Region: "cn-north-1", BaseURL: "http://127.0.0.1:1/", StackName: "s",
		Parameters: map[string]string{"Size": "large", "Count": "9"},
	}
	got, err := evaluate(t, `!Sub "${AWS::Partition} ${AWS::URLSuffix} ${AWS::StackName} ${Count} ${Gone} ${Q.Arn}"`, china)
	want := `"aws-cn amazonaws.com.cn s 9 http://127.0.0.1:1/210987654321/Gone arn:aws-cn:sqs:cn-north-1:210987654321:Q"`
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
	} {
		t.Run(name, func(t *testing.T) {
			var where *Error
			if got, err := evaluate(t, `x`, Settings{Parameters: parameters}); !errors.As(err, &where) {
				t.Errorf("got %s, %v, want an *Error", got, err)
			}
		})
	}
}

func TestBrokenTemplates(t *testing.T) {
	for _, test := range []struct{ name, template, where string }{
		{"no YAML", "Resources: [", "t.yaml:1:12"},
		{"empty", "", "t.yaml"},
		{"a list", "- a", "t.yaml:1:1"},
		{"unknown section", "Globals: {a: b}\nResources: {Q: {Type: AWS::SQS::Queue}}", "t.yaml:1:1"},
		{"no Type", "Resources:\n  Q: {Properties: {}}", "t.yaml:2:3"},
		{"duplicate name", "Resources:\n  Q: {Type: A}\n  Q: {Type: B}", "t.yaml:3:3"},
		{"unknown queue property", "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibiltyTimeout: 1", "t.yaml:5:7"},
		{"wrong type", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Timeout: soon", "t.yaml:5:16"},
		{"event that nobody plays", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        Hourly: {Type: Schedule}", "t.yaml:6:9"},
		{"resource that nobody plays", "Resources:\n  F: {Type: AWS::Lambda::Function}", "t.yaml:2:3"},
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
		LogicalID: "F", Name: "F", ARN: "arn:aws:lambda:us-east-1:123456789012:function:F",
		Architecture: "x86_64", Timeout: 3e9, MemorySize: 128, ReservedConcurrency: Unreserved, Environment: map[string]string{},
		EventSources: []EventSource{{LogicalID: "E", QueueARN: "arn:aws:sqs:us-east-1:123456789012:Q", BatchSize: 10, Enabled: true}},
	}
	got, _ := stack.Function("F")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
