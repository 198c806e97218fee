package check_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

func statement(principal, more string) string {
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/a.com"` + more + `}`
}

func request(policy string) string {
	return `{"Identity":"a.com","PolicyName":"P","Policy":{"Statement":[` + policy + `]}}`
}

// examine opens a body and checks it as the function does.
func examine(t *testing.T, body string, config guardrail.Config) (warnings int, refused *outcome.Rejection) {
	t.Helper()
	fence, err := guardrail.New(config)
	if err != nil {
		t.Fatal(err)
	}
	m, source, malformed := message.Open(events.SQSMessage{Body: body, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests"})
	verdict := check.Request(m, source, check.Rules{Guardrail: fence, Answers: check.Answers{Region: "us-east-1"}}, nil)
	return len(verdict.Warnings), outcome.Join(malformed, verdict.Refused)
}

func TestRequest(t *testing.T) {
	const account = `{"AWS":"111122223333"}`
	only := guardrail.Config{AllowedIdentities: []string{"b.com"}, AllowedPolicyNames: []string{"Q*"}}
	for name, test := range map[string]struct {
		body   string
		config guardrail.Config
		want   string // code, then the paths of all violations
	}{
		"nothing to refuse":                  {request(statement(account, "")), guardrail.Config{}, ""},
		"a warning stops nothing":            {request(statement(account, `,"Condition":{"StringEquals":{"AWS:SourceAccount":"1"}}`)), guardrail.Config{}, ""},
		"what SES could not accept":          {request(`{"Effect":"permit"}`), guardrail.Config{}, "InvalidPolicy"},
		"a duplicate member in the policy":   {request(statement(account, `,"Effect":"Deny"`)), guardrail.Config{}, "InvalidPolicy /Policy/Statement/0/Effect"},
		"a policy that is no JSON":           {`{"Identity":"a.com","PolicyName":"P","Policy":"{"}`, guardrail.Config{}, "InvalidPolicy /Policy"},
		"too large":                          {request(statement(account, `,"Sid":"`+strings.Repeat("s", 4096)+`"`)), guardrail.Config{}, "PolicyTooLarge /Policy"},
		"what this deployment refuses":       {request(statement(`"*"`, "")), guardrail.Config{}, "GuardrailViolation /Policy/Statement/0/Principal"},
		"a delete has its guardrails too":    {`{"Action":"DeleteIdentityPolicy","Identity":"a.com","PolicyName":"P"}`, only, "GuardrailViolation /Identity /PolicyName"},
		"all of it at once, the first code":  {strings.Replace(request(statement(`"*"`, `,"Condition":1`)), "a.com", "?", 1), guardrail.Config{}, "InvalidIdentity /Identity /Policy/Statement/0/Principal /Policy/Statement/0/Condition"},
		"far too large to say more":          {request(statement(`"*"`, `,"Sid":"`+strings.Repeat("s", 1<<17)+`"`)), only, "PolicyTooLarge /Identity /PolicyName /Policy /Policy"},
		"a stack's delete, at what it wrote": {`{"RequestType":"Delete","ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a","StackId":"s","RequestId":"r","LogicalResourceId":"L","PhysicalResourceId":"a.com/P"}`, only, "GuardrailViolation /PhysicalResourceId /PhysicalResourceId"},
		"no guardrail where nothing is done": {`{"RequestType":"Delete","ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a","StackId":"s","RequestId":"r","LogicalResourceId":"L","PhysicalResourceId":"nothing"}`, only, ""},
	} {
		_, refused := examine(t, test.body, test.config)
		got := ""
		if refused != nil {
			got = refused.Code
			for _, v := range refused.Violations {
				got += " " + v.Path
			}
		}
		if got != test.want && (test.want != "InvalidPolicy" || !strings.HasPrefix(got, "InvalidPolicy ")) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestWarningsComeWithWhatPasses(t *testing.T) {
	warnings, refused := examine(t, request(statement(`{"AWS":"111122223333"}`, `,"Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"}}`)), guardrail.Config{})
	if fmt.Sprint(warnings, refused) != "1 <nil>" {
		t.Errorf("%d warnings, %v", warnings, refused)
	}
}

// Violations are in the order of the text; the code is that of the first kind. A
// policy in a string is a text of its own, which comes after the request around
// it.
func TestViolationsAreInDocumentOrder(t *testing.T) {
	policy := `{"Statement":[` + strings.Replace(statement(`{"AWS":"111122223333"}`, ""), "Allow", "permit", 1) + ",\n" +
		strings.Replace(statement(`"*"`, `,"Sid":"a","Sid":"b"`), `"Allow"`, `"permit"`, 1) + `]}`
	quoted, _ := json.Marshal(policy)
	want := "effect-value /Policy/Statement/0/Effect, effect-value /Policy/Statement/1/Effect, " +
		"ALLOW_PUBLIC_PRINCIPAL /Policy/Statement/1/Principal, duplicate-member /Policy/Statement/1/Sid"
	for body, want := range map[string]string{
		`{"Policy":` + policy + `,"Identity":"a.com","PolicyName":"P"}`:                             "InvalidPolicy: " + want,
		`{"Policy":` + policy + `,` + "\n" + `"Identity":"?","PolicyName":"P"}`:                     "InvalidIdentity: " + want + ", identity /Identity",
		`{"Policy":` + string(quoted) + `,` + "\n\n\n\n" + `"Identity":"?","PolicyName":"P","X":0}`: "MalformedRequest: identity /Identity, unknown-member /X, " + want,
	} {
		_, refused := examine(t, body, guardrail.Config{})
		var places []string
		for _, v := range refused.Violations {
			places = append(places, v.Rule+" "+v.Path)
		}
		if got := refused.Code + ": " + strings.Join(places, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTaskTokens(t *testing.T) {
	const token = `"AAAAKgAAAAIAAAAAAAAAAQ"`
	body := func(member, value string) string {
		return `{"Action":"DeleteIdentityPolicy","Identity":"a.com","PolicyName":"P","` + member + `":` + value + `}`
	}
	for name, test := range map[string]struct {
		body     string
		on       bool
		answerTo string
		want     string // code and paths
	}{
		"a task is answered":                        {body("TaskToken", token), true, message.Task, ""},
		"replies are off: nobody could be told":     {body("TaskToken", token), false, "", "MalformedRequest /TaskToken"},
		"misspelt, but the task is told":            {body("taskToken", token), true, message.Task, "MalformedRequest /taskToken"},
		"another word for it, and the task is told": {body("Token", token), true, message.Task, "MalformedRequest /Token"},
		"with an underscore":                        {body("task_token", token), true, message.Task, "MalformedRequest /task_token"},
		"with a prefix":                             {body("sfnTaskToken", token), true, message.Task, "MalformedRequest /sfnTaskToken"},
		"a reference that was not resolved":         {body("TaskToken.$", `"$$.Task.Token"`), true, "", "MalformedRequest /TaskToken.$"},
		"a token of another kind":                   {body("Token", `"short"`), true, "", "MalformedRequest /Token"},
		"no string":                                 {body("taskToken", `{"a":1}`), true, "", "MalformedRequest /taskToken"},
	} {
		m, source, malformed := message.Open(events.SQSMessage{Body: test.body})
		fence, err := guardrail.New(guardrail.Config{})
		if err != nil {
			t.Fatal(err)
		}
		verdict := check.Request(m, source, check.Rules{Guardrail: fence, Answers: check.Answers{StepFunctions: test.on}}, nil)
		got := ""
		if refused := outcome.Join(malformed, verdict.Refused); refused != nil {
			got = refused.Code
			for _, v := range refused.Violations {
				got += " " + v.Path
			}
		}
		if got != test.want || verdict.AnswerTo != test.answerTo {
			t.Errorf("%s: got %q to %q, want %q to %q", name, got, verdict.AnswerTo, test.want, test.answerTo)
		}
	}
}
