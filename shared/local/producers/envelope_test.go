package producers_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
)

// CloudFormation turns every number and boolean of a template into a string.
func TestPropertiesWithScalarsAsStrings(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	const text = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","012345678901"]},"Action":"ses:SendEmail",` +
		`"Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com",` +
		`"Condition":{"Bool":{"aws:SecureTransport":"true"},"NumericLessThanEquals":{"aws:MultiFactorAuthAge":"3600"},"Null":{"ses:FromAddress":"false"}}}]}`
	r.expect(r.deploy(with(properties(text), "ServiceTimeout", "600")), "SUCCESS", "example.com/MyPolicy")
	expectPolicies(t, w, map[string]string{"MyPolicy": text})
}

// A template may build the text of the policy itself: Fn::Sub, Fn::ToJsonString.
func TestPolicyAsTextInProperties(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	indented := strings.ReplaceAll(policy("Text"), `,"`, ",\n  \"")
	r.expect(r.deploy(with(properties("{}"), "Policy", indented)), "SUCCESS", "example.com/MyPolicy")
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Text")})

	refused := newResource(w).ask("Create", with(properties("{}"), "Policy", "{not JSON"))
	if refused.Status != "FAILED" || !strings.HasPrefix(refused.Reason, "InvalidPolicy: ") {
		t.Errorf("%+v", refused)
	}
}

// What is wrong with a template is reported when it is deployed.
func TestPropertiesThatAreWrong(t *testing.T) {
	w := start(t, local.Config{})
	for _, test := range []struct {
		reason string
		change func(map[string]any)
		code   string
		named  string
	}{
		{"misspelt", func(p map[string]any) { p["policyName"] = p["PolicyName"]; delete(p, "PolicyName") }, "MalformedRequest", "PolicyName"},
		{"missing", func(p map[string]any) { delete(p, "Identity") }, "MalformedRequest", "Identity"},
		{"another account's identity", func(p map[string]any) {
			p["Identity"] = "arn:aws:ses:us-east-1:444455556666:identity/example.com"
		}, "InvalidIdentity", "444455556666"},
		{"another Region's identity", func(p map[string]any) {
			p["Identity"] = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
		}, "InvalidIdentity", "eu-west-1"},
		{"a name that SES does not take", func(p map[string]any) { p["PolicyName"] = "my.policy" }, "InvalidPolicyName", "my.policy"},
		{"too large", func(p map[string]any) { p["Policy"] = json.RawMessage(policy(strings.Repeat("Sid", 1500))) }, "PolicyTooLarge", "4096"},
		{"a resource does not delete by an action", func(p map[string]any) { p["Action"] = "DeleteIdentityPolicy"; delete(p, "Policy") }, "MalformedRequest", "Action"},
	} {
		changed := maps.Clone(properties(policy("One")))
		test.change(changed)
		answer := newResource(w).ask("Create", changed)
		if answer.Status != "FAILED" || !strings.HasPrefix(answer.Reason, test.code+": ") || !strings.Contains(answer.Reason, test.named) {
			t.Errorf("%s: %+v", test.reason, answer)
		}
		if strings.Contains(answer.PhysicalResourceID, "/") {
			t.Errorf("%s: it answers %q, the id of a policy", test.reason, answer.PhysicalResourceID)
		}
	}
	if calls := w.Email.Calls(); len(calls) > 0 {
		t.Errorf("SES was called: %+v", calls)
	}
}

// event is what a rule of EventBridge puts on a queue.
func event(detail string) string {
	return `{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"SES Identity Policy Request","source":"com.example.onboarding",` +
		`"account":"123456789012","time":"2026-09-01T08:00:00Z","region":"us-east-1","resources":[],"detail":` + detail + `}`
}

func TestEnvelopes(t *testing.T) {
	w := start(t, local.Config{})
	now := time.Now()
	request := bare("MyPolicy", policy("One"))
	sns := func(message string) string { return notification(t, message, now) }
	for _, test := range []struct{ reason, body, source, code string }{
		{"bare", request, "SQS", ""},
		{"SNS", sns(request), "SNS", ""},
		{"EventBridge", event(request), "EventBridge", ""},
		{"EventBridge through SNS", sns(event(request)), "SNS/EventBridge", ""},
		{"SNS through SNS through EventBridge", sns(sns(event(request))), "SNS/SNS/EventBridge", ""},
		{"four deep", sns(sns(sns(event(request)))), "SNS/SNS/SNS", "MalformedRequest"},
		{"an S3 notification", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}`, "SQS", "UnknownEnvelope"},
		{"S3's test event", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-09-01T08:00:00.000Z","Bucket":"mail"}`, "SQS", "UnknownEnvelope"},
		{"S3's test event through SNS", sns(`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"mail"}`), "SNS", "UnknownEnvelope"},
		{"a subscription to confirm", strings.Replace(sns("You have chosen to subscribe"), `"Notification"`, `"SubscriptionConfirmation"`, 1), "SNS", "UnknownEnvelope"},
		{"an alarm", sns(`{"AlarmName":"a","NewStateValue":"ALARM"}`), "SNS", "UnknownEnvelope"},
		{"an event of another service", event(`{"instance-id":"i-1","state":"running"}`), "EventBridge", "MalformedRequest"},
		{"text", sns("hello"), "SNS", "MalformedRequest"},
	} {
		got := w.sendAndAwait(test.body)
		if got.Source != test.source || got.Code != test.code || (got.Outcome == "Applied") != (test.code == "") {
			t.Errorf("%s: %+v", test.reason, got)
		}
		if test.code == "" {
			continue
		}
		letters := w.DeadLetters().Snapshot()
		if letter := letters[len(letters)-1]; letter.Body != test.body || letter.Attributes["ErrorCode"].StringValue != test.code {
			t.Errorf("%s: dead letter %+v", test.reason, letter)
		}
	}
}

// A request that could not even be read may have had a URL in it. Its query is
// told to nobody all the same.
func TestBrokenRequestsKeepTheirSecrets(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	message, _ := r.request("Create", properties(policy("One")))
	message = withURL(t, message, "https://"+genuine+"/x?"+secret)
	at := strings.Index(message, secret)
	for reason, broken := range map[string]string{
		"cut off inside the URL": message[:at+len(secret)-1],
		"an unquoted end":        message[:at+len(secret)] + "\n" + message[at+len(secret):],
		"a bad escape":           strings.Replace(message, secret, secret+`\q`, 1),
		"an unknown member":      strings.Replace(message, `"ResponseURL"`, `"ResponseUrl"`, 1),
		"twice":                  strings.Replace(message, `"RequestId"`, `"ResponseURL":"https://`+genuine+`/y?`+secret+`","RequestId"`, 1),
		"of another type":        strings.Replace(message, `"https://`+genuine+`/x?`+secret+`"`, `["https://`+genuine+`/x?`+secret+`"]`, 1),
	} {
		if got := w.sendAndAwait(notification(t, broken, time.Now())); got.Outcome != "Rejected" {
			t.Errorf("%s: %+v", reason, got)
		}
		if strings.Contains(w.told(), secret) {
			t.Fatalf("%s: the query was told", reason)
		}
	}
}
