package examine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
)

var owner = identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}

// policy is a policy of example.com in an account.
func policy(account string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail",` +
		`"Resource":"arn:aws:ses:us-east-1:` + account + `:identity/example.com"}]}`
}

func request(text string) string {
	return `{"Identity":"example.com","PolicyName":"P","Policy":` + text + `}`
}

// What is found in a file, as "CODE RULE".
func TestFile(t *testing.T) {
	off, err := guardrail.New(guardrail.Off())
	if err != nil {
		t.Fatal(err)
	}
	topic, err := guardrail.New(guardrail.Config{AllowedActions: []string{"*"}, AllowBroadDeny: true, AllowPublicPrincipal: true, AllowedPolicyNames: []string{"${topic}"}})
	if err != nil {
		t.Fatal(err)
	}
	named, err := identity.Parse("example.com")
	if err != nil {
		t.Fatal(err)
	}
	const queue = "arn:aws:sqs:us-east-1:123456789012:Q"
	for reason, test := range map[string]struct {
		examiner examine.Examiner
		text     string
		want     []string
		unnamed  int
	}{
		"a request":                        {examine.Examiner{Guardrail: off, Owner: owner, QueueARN: queue}, request(policy("123456789012")), nil, 0},
		"a policy":                         {examine.Examiner{Guardrail: off, Owner: owner, Identity: owner.Of(named)}, policy("123456789012"), nil, 0},
		"a policy of nobody":               {examine.Examiner{Guardrail: off}, policy("123456789012"), nil, 1},
		"a policy of another account":      {examine.Examiner{Guardrail: off, Owner: owner, Identity: owner.Of(named)}, policy("999999999999"), []string{"InvalidPolicy resource-mismatch"}, 0},
		"a request for another account":    {examine.Examiner{Guardrail: off, Owner: owner, QueueARN: queue}, request(policy("999999999999")), []string{"InvalidPolicy resource-mismatch"}, 0},
		"the same, refused before sending": {examine.Examiner{Guardrail: off, Owner: owner, QueueARN: queue, OwnAccount: true}, request(policy("999999999999")), []string{"GuardrailViolation REQUIRE_MATCHING_RESOURCE", "InvalidPolicy resource-mismatch"}, 0},
		"through no topic":                 {examine.Examiner{Guardrail: topic, Owner: owner, QueueARN: queue}, request(policy("123456789012")), []string{"GuardrailViolation ALLOWED_POLICY_NAMES"}, 0},
		"through the topic":                {examine.Examiner{Guardrail: topic, Owner: owner, QueueARN: queue, Topic: "P"}, request(policy("123456789012")), nil, 0},
		"broken JSON":                      {examine.Examiner{Guardrail: off}, `{"Version":"2012-10-17",`, []string{"InvalidPolicy json-syntax"}, 0},
		"an empty file":                    {examine.Examiner{Guardrail: off}, "", []string{"MalformedRequest json-syntax"}, 0},
	} {
		file, unchecked := test.examiner.File("a.json", []byte(test.text))
		var got []string
		for _, f := range file.Findings {
			got = append(got, f.Code+" "+f.Rule)
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" || unchecked.Identities != test.unnamed {
			t.Errorf("%s: %d without an identity, want %d (-want +got):\n%s", reason, unchecked.Identities, test.unnamed, diff)
		}
	}
}

// Which requests a file has, and where they are.
func TestRequests(t *testing.T) {
	one := request(policy("123456789012"))
	for reason, test := range map[string]struct {
		name, text string
		want       []string
		err        error // it is in the error, which is nil without one
	}{
		"one request":              {"a.json", one, []string{"a.json:0"}, nil},
		"one, after an empty line": {"a.json", "\n" + one, []string{"a.json:2"}, nil},
		"one a line":               {"a.ndjson", one + "\n" + one, []string{"a.ndjson:1", "a.ndjson:2"}, nil},
		"a template of others":     {"a.yaml", "Resources:\n  T:\n    Type: AWS::SNS::Topic\n", nil, examine.ErrNone},
		"lines without a request":  {"a.ndjson", "\n\n", nil, examine.ErrNone},
	} {
		requests, err := examine.Requests(test.name, []byte(test.text), owner)
		var got []string
		for _, r := range requests {
			name, line := r.Place()
			got = append(got, fmt.Sprintf("%s:%d", name, line))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !errors.Is(err, test.err) {
			t.Errorf("%s: %v (-want +got):\n%s", reason, err, diff)
		}
	}
	template := "Resources:\n  P:\n    Type: Custom::SESIdentityPolicy\n    Properties: {Identity: !Ref Mail, PolicyName: P, Policy: {}}\n"
	requests, err := examine.Requests("a.yaml", []byte(template), owner)
	if unknown, ok := errors.AsType[*examine.UnknownError](err); !ok || len(requests) != 0 || unknown.Pointer != "/Resources/P/Properties/Identity" {
		t.Errorf("a value that only a deployment knows: got %v, %d requests", err, len(requests))
	}
}
