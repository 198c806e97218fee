package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// required are the variables without which the function does not start.
var required = map[string]string{"DEAD_LETTER_QUEUE_URL": "https://sqs/1/Letters", "LEDGER_TABLE": "Ledger", "MAX_RECEIVE_COUNT": "20"}

func with(variables map[string]string) func(string) string {
	all := maps.Clone(required)
	maps.Copy(all, variables)
	return func(name string) string { return all[name] }
}

func TestDefaults(t *testing.T) {
	e, err := readEnvironment(with(nil))
	if err != nil {
		t.Fatal(err)
	}
	g := e.Guardrail
	e.Guardrail = nil
	want := environment{DeadLetterQueueURL: "https://sqs/1/Letters", LedgerTable: "Ledger", MaxReceiveCount: 20, MinCallInterval: time.Second, ProtectStackPolicies: true}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	expect(t, "everybody and a foreign resource are refused", rules(g), "[ALLOW_PUBLIC_PRINCIPAL REQUIRE_MATCHING_RESOURCE]")
}

// rules are the guardrails that refuse a policy that lets everybody send as
// another identity.
func rules(g *guardrail.Guardrail) []string {
	id := identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}.Of(identity.Identity{Name: "a.com"})
	doc, _ := document.ReadString(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/b.com"}]}`)
	p, _ := policy.Check(doc.Root(), id)
	found := []string{}
	refused, _ := g.Check(guardrail.Request{Identity: id, PolicyName: "P", Policy: p}, nil)
	for _, f := range refused {
		found = append(found, f.Rule)
	}
	slices.Sort(found)
	return found
}

func TestSettings(t *testing.T) {
	e, err := readEnvironment(with(map[string]string{
		"MAX_RECEIVE_COUNT": "3", "MIN_CALL_INTERVAL": "1500ms", "EVENT_BUS_NAME": "default", "ANSWER_STEP_FUNCTIONS": "true",
		"ALLOW_PUBLIC_PRINCIPAL": "true", "REQUIRE_MATCHING_RESOURCE": "false", "PROTECT_STACK_POLICIES": "false", "AWS_ENDPOINT_URL_SNS": "http://127.0.0.1:4566/",
	}))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "refused", rules(e.Guardrail), "[]")
	e.Guardrail = nil
	want := environment{DeadLetterQueueURL: "https://sqs/1/Letters", LedgerTable: "Ledger", MaxReceiveCount: 3, MinCallInterval: 1500 * time.Millisecond, EventBusName: "default", AnswerStepFunctions: true, SNSEndpoint: "http://127.0.0.1:4566"}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Everything that is wrong is reported at once, patterns of guardrails included.
func TestWrongEnvironments(t *testing.T) {
	for name, test := range map[string]struct {
		variables map[string]string
		want      string // the variables that the error names
	}{
		"nothing required":        {map[string]string{"DEAD_LETTER_QUEUE_URL": "", "LEDGER_TABLE": "", "MAX_RECEIVE_COUNT": ""}, "DEAD_LETTER_QUEUE_URL LEDGER_TABLE MAX_RECEIVE_COUNT"},
		"no receives":             {map[string]string{"MAX_RECEIVE_COUNT": "0"}, "MAX_RECEIVE_COUNT"},
		"more than SQS counts":    {map[string]string{"MAX_RECEIVE_COUNT": "1001"}, "MAX_RECEIVE_COUNT"},
		"no number":               {map[string]string{"MAX_RECEIVE_COUNT": "many"}, "MAX_RECEIVE_COUNT"},
		"no interval":             {map[string]string{"MIN_CALL_INTERVAL": "0s"}, "MIN_CALL_INTERVAL"},
		"an interval too long":    {map[string]string{"MIN_CALL_INTERVAL": "45s"}, "MIN_CALL_INTERVAL"},
		"a number is no duration": {map[string]string{"MIN_CALL_INTERVAL": "1"}, "MIN_CALL_INTERVAL"},
		"booleans are true or false": {map[string]string{"ALLOW_PUBLIC_PRINCIPAL": "1", "REQUIRE_MATCHING_RESOURCE": "False", "ANSWER_STEP_FUNCTIONS": "yes", "PROTECT_STACK_POLICIES": "no"},
			"ALLOW_PUBLIC_PRINCIPAL ANSWER_STEP_FUNCTIONS PROTECT_STACK_POLICIES REQUIRE_MATCHING_RESOURCE"},
		"an endpoint that is no URL": {map[string]string{"AWS_ENDPOINT_URL_SNS": "localhost"}, "AWS_ENDPOINT_URL_SNS"},
		"an empty pattern":           {map[string]string{"ALLOWED_IDENTITIES": "a.com,,b.com"}, "ALLOWED_IDENTITIES"},
		"all of it at once":          {map[string]string{"DEAD_LETTER_QUEUE_URL": "", "MIN_CALL_INTERVAL": "-1s", "ALLOW_PUBLIC_PRINCIPAL": "no", "ALLOWED_POLICY_NAMES": "a b"}, "ALLOWED_POLICY_NAMES ALLOW_PUBLIC_PRINCIPAL DEAD_LETTER_QUEUE_URL MIN_CALL_INTERVAL"},
	} {
		_, err := readEnvironment(with(test.variables))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		named := regexp.MustCompile(`(?m)^[A-Z_]+`).FindAllString(err.Error(), -1)
		slices.Sort(named)
		if got := strings.Join(slices.Compact(named), " "); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}
