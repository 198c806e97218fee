package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sespolicy/shared/check"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/printout"
	"sespolicy/shared/sample"
)

const schemaFile = "../../events/request.schema.json"

// The committed file is what the command prints.
func TestSchemaFile(t *testing.T) {
	var out bytes.Buffer
	if err := printout.WriteJSON(&out, Request()); err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), out.String()); diff != "" {
		t.Errorf("run go run ./shared/cmd/sespolicy schema > events/request.schema.json:\n%s", diff)
	}
}

// Each name that the reader knows is described, and no other.
func TestSchemaNames(t *testing.T) {
	ofPolicy, ofStatement := policy.Elements()
	for name, test := range map[string]struct {
		schemas map[string]object
		names   []string
	}{"members": {memberSchemas, message.Members(message.Put)}, "elements": {elementSchemas, append(ofPolicy, ofStatement...)}} {
		for _, each := range test.names {
			if test.schemas[each] == nil {
				t.Errorf("%s: %s is not described", name, each)
			}
		}
		if len(test.schemas) != len(test.names) {
			t.Errorf("%s: got %d described, want %d", name, len(test.schemas), len(test.names))
		}
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Request())
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("request.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("request.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func statementWith(element, value string) string {
	elements := map[string]string{"Effect": `"Allow"`, "Principal": `{"AWS":"111122223333"}`, "Action": `"ses:SendEmail"`,
		"Resource": `"arn:aws:ses:us-east-1:123456789012:identity/example.com"`}
	delete(elements, strings.TrimPrefix(element, "Not"))
	elements[element] = value
	var members []string
	for name, value := range elements {
		if value != "" {
			members = append(members, `"`+name+`":`+value)
		}
	}
	return `{"Identity":"example.com","PolicyName":"P","Policy":{"Statement":{` + strings.Join(members, ",") + `}}}`
}

func TestSchema(t *testing.T) {
	schema := compileSchema(t)
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"a put":                          {statementWith("Effect", `"Allow"`), true},
		"a put with an action":           {strings.Replace(statementWith("Sid", `""`), "{", `{"Action":"PutIdentityPolicy",`, 1), true},
		"a delete":                       {`{"Action":"DeleteIdentityPolicy","Identity":"example.com","PolicyName":"P","TaskToken":"t"}`, true},
		"Effect as a console wrote it":   {statementWith("Effect", `"ALLOW"`), true},
		"an opposite":                    {statementWith("NotAction", `["ses:SendEmail"]`), true},
		"a number for a Sid":             {statementWith("Sid", `1`), true},
		"no condition":                   {statementWith("Condition", `null`), true},
		"an element of tomorrow":         {statementWith("Tomorrow", `{}`), true},
		"a misspelt member":              {strings.Replace(statementWith("Sid", `""`), "PolicyName", "PolicyNam", 1), false},
		"no policy":                      {`{"Identity":"example.com","PolicyName":"P"}`, false},
		"a delete with a policy":         {`{"Action":"DeleteIdentityPolicy","Identity":"example.com","PolicyName":"P","Policy":"{}"}`, false},
		"another action":                 {`{"Action":"GetIdentityPolicies","Identity":"example.com","PolicyName":"P","Policy":"{}"}`, false},
		"a policy name with a dot":       {strings.Replace(statementWith("Sid", `""`), `"P"`, `"a.b"`, 1), false},
		"a misspelt effect":              {statementWith("Effect", `"Alow"`), false},
		"no action":                      {statementWith("Action", ``), false},
		"an account without AWS":         {statementWith("Principal", `"111122223333"`), false},
		"no statement":                   {`{"Identity":"example.com","PolicyName":"P","Policy":{"Statement":[]}}`, false},
		"conditions beside the operator": {statementWith("Condition", `{"aws:SourceAccount":"1"}`), false},
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err == nil) != test.ok {
			t.Errorf("%s: got %v, want accepted %v", name, err, test.ok)
		}
		if refused := refusal(t, test.text); (refused == nil) != test.ok {
			t.Errorf("%s: the reader says %v", name, refused)
		}
	}
}

// refusal is what the function refuses of a bare request, guardrails aside. What
// is no bare request is refused too.
func refusal(t testing.TB, body string) error {
	fence, err := guardrail.New(guardrail.Off())
	if err != nil {
		t.Fatal(err)
	}
	m, source, refused := message.Open(events.SQSMessage{Body: body})
	verdict := check.Request(m, source, check.Rules{Guardrail: fence, Answers: check.Answers{StepFunctions: true}}, nil)
	if refused = outcome.Join(refused, verdict.Refused); refused != nil {
		return refused
	}
	if m.Origin != "SQS" {
		return &outcome.Rejection{Code: "in an envelope: " + m.Origin}
	}
	return nil
}

// The schema refuses nothing that the function accepts.
func FuzzSchema(f *testing.F) {
	samples, err := sample.LoadAll("../../events")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range samples {
		for _, r := range s.Records {
			f.Add(r.Body)
		}
	}
	for _, s := range []string{
		statementWith("Effect", `"aLLOW"`), statementWith("NotPrincipal", `{"AWS":[]}`), statementWith("Sid", `true`),
		statementWith("Condition", `{"StringEquals":{"aws:SourceAccount":["1"]},"Bool":{}}`), statementWith("NotResource", `[]`),
		`{"Action":"PutIdentityPolicy","Identity":"a@b.c","PolicyName":"P","Policy":"{}","TaskToken":""}`,
	} {
		f.Add(s)
	}
	schema := compileSchema(f)
	f.Fuzz(func(t *testing.T, body string) {
		if refusal(t, body) != nil {
			return
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			return // not JSON to this library: an editor complains by itself
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("the schema refuses %s: %v", body, err)
		}
	})
}
