package email_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/email"
	"sespolicy/shared/local/wire"
)

const (
	owned  = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
	policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":"` + owned + `"}]}`
)

// client is the real SDK client on the server, with no retries and no network.
func client(server *email.Server) *ses.Client {
	return ses.New(ses.Options{
		Region:       "us-east-1",
		HTTPClient:   wire.Client{Handler: server},
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: new("http://127.0.0.1"),
		Retryer:      aws.NopRetryer{},
	})
}

// put is one PutIdentityPolicy; it answers the error's code.
func put(t *testing.T, c *ses.Client, identity, name, text string) string {
	t.Helper()
	_, err := c.PutIdentityPolicy(t.Context(), &ses.PutIdentityPolicyInput{Identity: &identity, PolicyName: &name, Policy: &text})
	return code(err)
}

// code is the code of an API error, else the error's text.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func TestPutIdentityPolicy(t *testing.T) {
	statement := func(s string) string { return `{"Statement":[` + s + `]}` }
	const who, what, where = `"Principal":"*"`, `"Action":"ses:*"`, `"Resource":"*"`
	for _, test := range []struct{ reason, identity, name, policy, want string }{
		{"a domain", "example.com", "MyPolicy", policy, ""},
		{"its ARN", owned, "MyPolicy", policy, ""},
		{"an address", "Some.One+tag@Example.com", "MyPolicy", policy, ""},
		{"whitespace in the policy", "example.com", "MyPolicy", "\n" + strings.ReplaceAll(policy, ":", " : "), ""},
		{"an ARN of another account", "arn:aws:ses:us-east-1:999999999999:identity/example.com", "MyPolicy", policy, "InvalidParameterValue"},
		{"an ARN of another Region", "arn:aws:ses:eu-west-1:123456789012:identity/example.com", "MyPolicy", policy, "InvalidParameterValue"},
		{"an ARN of another partition", "arn:aws-cn:ses:us-east-1:123456789012:identity/example.com", "MyPolicy", policy, "InvalidParameterValue"},
		{"no identity at all", "no identity", "MyPolicy", policy, "InvalidParameterValue"},
		{"an address without a local part", "@example.com", "MyPolicy", policy, "InvalidParameterValue"},
		{"an empty name", "example.com", "", policy, "ValidationError"},
		{"a name of 64", "example.com", strings.Repeat("n", 64), policy, ""},
		{"a name of 65", "example.com", strings.Repeat("n", 65), policy, "ValidationError"},
		{"a dot in the name", "example.com", "my.policy", policy, "InvalidParameterValue"},
		{"an empty policy", "example.com", "MyPolicy", "", "ValidationError"},
		{"4096 bytes", "example.com", "MyPolicy", policy + strings.Repeat(" ", 4096-len(policy)), ""},
		{"4097 bytes", "example.com", "MyPolicy", policy + strings.Repeat(" ", 4097-len(policy)), "InvalidPolicy"},
		{"no JSON", "example.com", "MyPolicy", "{'Statement':[]}", "InvalidPolicy"},
		{"two documents", "example.com", "MyPolicy", policy + policy, "InvalidPolicy"},
		{"a string", "example.com", "MyPolicy", `"policy"`, "InvalidPolicy"},
		{"null", "example.com", "MyPolicy", `null`, "InvalidPolicy"},
		{"duplicate members", "example.com", "MyPolicy", `{"Statement":[],` + policy[1:], "InvalidPolicy"},
		{"no statement", "example.com", "MyPolicy", `{"Version":"2012-10-17"}`, "InvalidPolicy"},
		{"an empty list of statements", "example.com", "MyPolicy", statement(``), "InvalidPolicy"},
		{"a null statement", "example.com", "MyPolicy", statement(`null`), "InvalidPolicy"},
		{"a single statement, no list", "example.com", "MyPolicy", `{"Statement":{"Effect":"Deny",` + who + `,` + what + `,` + where + `}}`, ""},
		{"no effect", "example.com", "MyPolicy", statement(`{` + who + `,` + what + `,` + where + `}`), "InvalidPolicy"},
		{"an effect in upper case, as SES's console wrote it", "example.com", "MyPolicy", statement(`{"Effect":"ALLOW",` + who + `,` + what + `,` + where + `}`), ""},
		{"another effect", "example.com", "MyPolicy", statement(`{"Effect":"Permit",` + who + `,` + what + `,` + where + `}`), "InvalidPolicy"},
		{"no principal", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + what + `,` + where + `}`), "InvalidPolicy"},
		{"an empty principal", "example.com", "MyPolicy", statement(`{"Effect":"Allow","Principal":{},` + what + `,` + where + `}`), "InvalidPolicy"},
		{"no action", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + where + `}`), "InvalidPolicy"},
		{"an empty action", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,"Action":"",` + where + `}`), "InvalidPolicy"},
		{"no resource", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + what + `}`), "InvalidPolicy"},
		{"a null resource", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + what + `,"Resource":null}`), "InvalidPolicy"},
		{"a condition", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + what + `,` + where + `,"Condition":{"StringEquals":{"aws:SourceAccount":["1"]}}}`), ""},
		{"a condition key in the wrong case", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + what + `,` + where + `,"Condition":{"StringEquals":{"AWS:SourceAccount":"1"}}}`), "InvalidPolicy"},
		{"a condition that is a string", "example.com", "MyPolicy", statement(`{"Effect":"Allow",` + who + `,` + what + `,` + where + `,"Condition":"a"}`), "InvalidPolicy"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			server := email.New(email.Config{MinInterval: -1})
			if got := put(t, client(server), test.identity, test.name, test.policy); got != test.want {
				t.Errorf("code %q, want %q (%s)", got, test.want, server.Calls()[0].Message)
			}
			if stored := len(server.Policies()) == 1; stored != (test.want == "") {
				t.Errorf("stored: %v", server.Policies())
			}
		})
	}
}

// The texts are part of what SES is: people search for them.
func TestSeenTexts(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	c := client(server)
	server.SetUnknownPrincipals("111122223333")
	put(t, c, "example.com", "MyPolicy", policy)
	put(t, c, "example.com", "MyPolicy", strings.Replace(policy, `"Resource"`, `"Condition":{"StringEquals":{"AWS:SourceAccount":"1"}},"Resource"`, 1))
	put(t, c, "example.com", "my.policy", policy)
	put(t, c, "example.com", strings.Repeat("n", 65), policy)
	want := []string{
		"invalid principal",
		"Unknown or unapplicable condition field 'AWS:SourceAccount'.",
		"PolicyName is invalid. Policy names must only include alpha-numeric characters, dashes, and underscores.",
		"1 validation error detected: Value at 'policyName' failed to satisfy constraint: Member must have length less than or equal to 64",
	}
	var got []string
	for _, call := range server.Calls() {
		got = append(got, call.Message)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	server.SetUnknownPrincipals()
	if got := put(t, c, "example.com", "MyPolicy", policy); got != "" {
		t.Errorf("after the principal is known: %q", got)
	}
}

func TestReadBack(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	c := client(server)
	put(t, c, "EXAMPLE.com", "Second", " "+strings.ReplaceAll(policy, ",", " ,\n\t"))
	put(t, c, owned, "First", policy)
	names, err := c.ListIdentityPolicies(t.Context(), &ses.ListIdentityPoliciesInput{Identity: new("example.com")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"First", "Second"}, names.PolicyNames); diff != "" {
		t.Error(diff)
	}
	texts, err := c.GetIdentityPolicies(t.Context(), &ses.GetIdentityPoliciesInput{Identity: new(owned), PolicyNames: []string{"Second", "Missing"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"Second": policy}, texts.Policies); diff != "" {
		t.Error(diff)
	}
	for range 2 { // deleting what is not there succeeds
		_, err = c.DeleteIdentityPolicy(t.Context(), &ses.DeleteIdentityPolicyInput{Identity: new("Example.Com"), PolicyName: new("Second")})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]map[string]string{"example.com": {"First": policy}}, server.Policies()); diff != "" {
		t.Error(diff)
	}
}

func TestTwentyPolicies(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	c := client(server)
	for i := range 20 {
		if got := put(t, c, "example.com", fmt.Sprint("P", i), policy); got != "" {
			t.Fatalf("policy %d: %s", i, got)
		}
	}
	if got := put(t, c, owned, "P20", policy); got != "InvalidParameterValue" {
		t.Errorf("the 21st: %q", got)
	}
	if got := put(t, c, owned, "P19", policy); got != "" {
		t.Errorf("replacing the 20th: %q", got)
	}
	if got := put(t, c, "user@example.com", "P20", policy); got != "" {
		t.Errorf("another identity: %q", got)
	}
}

func TestOneCallASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := email.New(email.Config{})
		c := client(server)
		var got []string
		for _, pause := range []time.Duration{0, 999 * time.Millisecond, time.Millisecond, 0, time.Second} {
			time.Sleep(pause)
			got = append(got, put(t, c, "example.com", "MyPolicy", policy))
		}
		want := []string{"", "Throttling", "", "Throttling", ""}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, err := c.ListIdentityPolicies(t.Context(), &ses.ListIdentityPoliciesInput{Identity: new("example.com")}); code(err) != "Throttling" {
			t.Errorf("the actions share one allowance: %v", err)
		}
		if status := server.Calls()[1].Status; status != 400 {
			t.Errorf("Throttling answers %d", status)
		}
	})
}

func TestFault(t *testing.T) {
	for _, test := range []struct {
		reason string
		fault  email.Fault
		want   string        // the caller's error
		stored bool          // did SES act
		takes  time.Duration // until the caller knows
	}{
		{"an error", email.Fault{Code: "InternalFailure"}, "InternalFailure", false, 0},
		{"an error, though it acted", email.Fault{Code: "ServiceUnavailable", Act: true}, "ServiceUnavailable", true, 0},
		{"a slow way there and back", email.Fault{Before: 2 * time.Second, After: time.Second}, "", true, 3 * time.Second},
		{"no answer", email.Fault{Hang: true}, "deadline", false, 10 * time.Second},
		{"no answer, though it acted", email.Fault{Hang: true, Act: true}, "deadline", true, 10 * time.Second},
		{"never arrives", email.Fault{Before: time.Minute}, "deadline", false, 10 * time.Second},
		{"a broken connection", email.Fault{Break: true}, "unexpected EOF", false, 0},
		{"a broken connection, though it acted", email.Fault{Break: true, Act: true}, "unexpected EOF", true, 0},
	} {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := email.New(email.Config{})
				server.SetFault(func(call email.Call) email.Fault {
					if call.Action != "PutIdentityPolicy" || call.Key != "example.com" || call.PolicyName != "MyPolicy" {
						t.Errorf("asked about %+v", call)
					}
					return test.fault
				})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				_, err := client(server).PutIdentityPolicy(ctx, &ses.PutIdentityPolicyInput{Identity: new("EXAMPLE.com"), PolicyName: new("MyPolicy"), Policy: new(policy)})
				if got := code(err); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
					t.Errorf("caller got %q, want %q", got, test.want)
				}
				if takes := time.Since(start); takes != test.takes {
					t.Errorf("took %v, want %v", takes, test.takes)
				}
				if stored := len(server.Policies()) == 1; stored != test.stored {
					t.Errorf("acted: %v, want %v", stored, test.stored)
				}
			})
		})
	}
}

func TestUnknownAction(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	_, err := client(server).ListIdentities(t.Context(), &ses.ListIdentitiesInput{})
	if code(err) != "InvalidAction" {
		t.Error(err)
	}
}

func TestPoliciesIsACopy(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	put(t, client(server), "example.com", "MyPolicy", policy)
	clear(server.Policies()["example.com"])
	if got := slices.Collect(maps.Keys(server.Policies()["example.com"])); len(got) != 1 {
		t.Errorf("a caller changed what is stored: %v", got)
	}
}
