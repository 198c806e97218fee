package sample

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
)

// bySES is the one sample that nothing here refuses: SES itself does.
const bySES = "rejected-invalid-policy-by-ses"

// Each sample is what its name says, for the function's own checks under the guardrails that a deployment has by default.
func TestSamplesAreWhatTheirNamesSay(t *testing.T) {
	fence, err := guardrail.New(guardrail.Config{RequireMatchingResource: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range load(t) {
		refusals := 0
		for i, record := range s.Records {
			code := refusal(record, fence)
			if code != "" {
				refusals++
			}
			want := s.Code
			if s.Name == bySES {
				want = ""
			}
			if s.Expect != Mixed && code != want {
				t.Errorf("%s: record %d: got %q, want %q", s.Name, i, code, want)
			}
		}
		if s.Expect == Mixed && (refusals == 0 || refusals == len(s.Records)) {
			t.Errorf("%s: %d of %d are refused, want some of each", s.Name, refusals, len(s.Records))
		}
	}
}

// refusal is the code with which the function refuses a request before any call, "" for none.
func refusal(record events.SQSMessage, fence *guardrail.Guardrail) string {
	m, source, refused := message.Open(record)
	if refused == nil {
		refused = check.Request(m, source, rules(fence), nil).Refused
	}
	if refused == nil {
		return ""
	}
	return refused.Code
}

func rules(fence *guardrail.Guardrail) check.Rules {
	return check.Rules{Guardrail: fence, Answers: check.Answers{Region: "us-east-1", StepFunctions: true}}
}

// The sample of many violations has them, all reported together.
func TestSeveralViolationsAreReportedTogether(t *testing.T) {
	s, err := Load(folder + "/rejected-invalid-policy-several-violations.json")
	if err != nil {
		t.Fatal(err)
	}
	fence, err := guardrail.New(guardrail.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, source, refused := message.Open(s.Records[0])
	if refused != nil {
		t.Fatal(refused)
	}
	refused = check.Request(m, source, rules(fence), nil).Refused
	if refused == nil || len(refused.Violations) < 4 {
		t.Errorf("got %v, want at least four violations", refused)
	}
}
