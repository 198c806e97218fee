package message_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

func open(body string) (message.Message, *outcome.Rejection) {
	return message.Open(events.SQSMessage{
		MessageId: "id", Body: body, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests",
		Attributes: map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000123"},
	})
}

// places are what tests compare of a rejection: never its sentences.
func places(r *outcome.Rejection) string {
	if r == nil {
		return ""
	}
	list := []string{r.Code}
	for _, v := range r.Violations {
		list = append(list, v.Rule+" "+v.Path)
	}
	return strings.Join(list, ", ")
}

func TestOpenBareRequests(t *testing.T) {
	const text = `{ "Version": "2012-10-17" }`
	for name, test := range map[string]struct {
		body   string
		action message.Action
		name   string
		policy string
	}{
		"an object goes minified, in its order":         {`{"Identity":"Example.com","PolicyName":"P","Policy":{ "b": 1,  "a" : "x y" }}`, message.Put, "example.com", `{"b":1,"a":"x y"}`},
		"a string goes byte for byte":                   {`{"Identity":"example.com","PolicyName":"P","Policy":"{ \"Version\": \"2012-10-17\" }"}`, message.Put, "example.com", text},
		"a long string goes minified where that fits":   {`{"Identity":"example.com","PolicyName":"P","Policy":"{` + strings.Repeat(" ", 5000) + `}"}`, message.Put, "example.com", `{}`},
		"the action may be said":                        {`{"Action":"PutIdentityPolicy","Identity":"example.com","PolicyName":"P","Policy":{}}`, message.Put, "example.com", "{}"},
		"a delete has no policy":                        {`{"Action":"DeleteIdentityPolicy","Identity":"A@Example.com","PolicyName":"P"}`, message.Delete, "A@example.com", ""},
		"the identity's ARN in the queue's own account": {`{"Identity":"arn:aws:ses:us-east-1:123456789012:identity/EXAMPLE.com","PolicyName":"P","Policy":{}}`, message.Put, "example.com", "{}"},
	} {
		m, refused := open(test.body)
		if refused != nil || m.Request.Action != test.action || m.Request.Identity.Name != test.name || m.Request.Policy.Text != test.policy {
			t.Errorf("%s: %+v, %v", name, m.Request, refused)
		}
	}
	m, _ := open(`{"Identity":"example.com","PolicyName":"P","Policy":{},"TaskToken":"tok"}`)
	if m.TaskToken != "tok" || m.Origin != "SQS" || m.Receives != 3 || !m.Sent.Equal(time.UnixMilli(1700000000123)) || m.Asked != m.Sent || m.Owner.Account != "123456789012" {
		t.Errorf("got %+v", m)
	}
}

func TestOpenRefuses(t *testing.T) {
	long := strings.Repeat("a", 65)
	for name, test := range map[string]struct{ body, want string }{
		"an empty body":          {"", "MalformedRequest, json-syntax "},
		"no JSON":                {"hello", "MalformedRequest, json-syntax "},
		"a list":                 {"[1]", "MalformedRequest, not-an-object "},
		"nothing that is needed": {"{}", "MalformedRequest, missing-member , missing-member , missing-member "},
		"a policy alone":         {`{"Version":"2012-10-17","Statement":[{}]}`, "MalformedRequest, missing-member "},
		"a policy with an id":    {`{"Id":"p","Statement":[{}]}`, "MalformedRequest, missing-member "},
		"a policy and more":      {`{"Statement":[],"Policyname":"P"}`, "MalformedRequest, missing-member , missing-member , unknown-member /Statement, unknown-member /Policyname"},
		"a policy beside a name": {`{"Statement":[],"Identity":"a.com"}`, "MalformedRequest, missing-member , missing-member , unknown-member /Statement"},
		"a misspelt member":      {`{"Identity":"example.com","Policyname":"P","Policy":{}}`, "MalformedRequest, unknown-member /Policyname"},
		"a duplicate member":     {`{"Identity":"a.com","Identity":"b.com","PolicyName":"P","Policy":{}}`, "MalformedRequest, duplicate-member /Identity"},
		"an unknown member":      {`{"Identity":"a.com","PolicyName":"P","Policy":{},"Colour":1}`, "MalformedRequest, unknown-member /Colour"},
		"wrong types":            {`{"Identity":1,"PolicyName":null,"Policy":[]}`, "MalformedRequest, wrong-type /Identity, wrong-type /PolicyName, wrong-type /Policy"},
		"an unknown action":      {`{"Action":"putIdentityPolicy","Identity":"a.com","PolicyName":"P"}`, "MalformedRequest, unknown-action /Action"},
		"a delete with a policy": {`{"Action":"DeleteIdentityPolicy","Identity":"a.com","PolicyName":"P","Policy":{}}`, "MalformedRequest, unknown-member /Policy"},
		"no identity":            {`{"Identity":"not a domain","PolicyName":"P","Policy":{}}`, "InvalidIdentity, identity /Identity"},
		"another account's":      {`{"Identity":"arn:aws:ses:us-east-1:999999999999:identity/a.com","PolicyName":"P","Policy":{}}`, "InvalidIdentity, identity /Identity"},
		"another Region's":       {`{"Identity":"arn:aws:ses:eu-west-1:123456789012:identity/a.com","PolicyName":"P","Policy":{}}`, "InvalidIdentity, identity /Identity"},
		"another partition's":    {`{"Identity":"arn:aws-cn:ses:us-east-1:123456789012:identity/a.com","PolicyName":"P","Policy":{}}`, "InvalidIdentity, identity /Identity"},
		"no policy name":         {`{"Identity":"a.com","PolicyName":"my policy","Policy":{}}`, "InvalidPolicyName, policy-name /PolicyName"},
		"a long policy name":     {`{"Identity":"a.com","PolicyName":"` + long + `","Policy":{}}`, "InvalidPolicyName, policy-name /PolicyName"},
		"everything at once":     {`{"Identity":"?","PolicyName":"!","Policy":7,"X":0}`, "MalformedRequest, identity /Identity, policy-name /PolicyName, wrong-type /Policy, unknown-member /X"},
		"a megabyte of nesting":  {`{"Policy":` + strings.Repeat("[", 1<<20), "MalformedRequest, json-depth /Policy" + strings.Repeat("/0", 62)},
	} {
		if _, refused := open(test.body); places(refused) != test.want {
			t.Errorf("%s: got %s, want %s", name, places(refused), test.want)
		}
	}
}

func TestFindingsOfThePolicyAreThePolicys(t *testing.T) {
	m, refused := open(`{"Identity":"a.com","PolicyName":"P","Policy":{"a":1,"a":2}}`)
	if refused != nil || len(m.Request.Policy.Findings) != 1 || m.Request.Policy.Findings[0].Path != "/Policy/a" {
		t.Errorf("%v %+v", refused, m.Request.Policy.Findings)
	}
	m, refused = open(`{"Identity":"a.com","PolicyName":"P","Policy":"{'a'"}`)
	if refused != nil || len(m.Request.Policy.Findings) != 1 || m.Request.Policy.At.Exists() {
		t.Errorf("%v %+v", refused, m.Request.Policy)
	}
}

const inner = `{\"Identity\":\"a.com\",\"PolicyName\":\"P\",\"Policy\":{}}`

func notification(message string) string {
	return `{"Type":"Notification","MessageId":"sns-1","TopicArn":"arn:aws:sns:us-east-1:123456789012:T","Message":"` + message + `","Timestamp":"2026-01-02T03:04:05.678Z"}`
}

func event(detail string) string {
	return `{"version":"0","id":"eb-1","detail-type":"T","source":"s","account":"1","time":"2026-01-02T03:04:05Z","region":"r","resources":[],"detail":` + detail + `}`
}

func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}

func TestOpenEnvelopes(t *testing.T) {
	bare := strings.ReplaceAll(inner, `\"`, `"`)
	for name, test := range map[string]struct{ body, origin, originID string }{
		"SNS":                     {notification(inner), "SNS", "sns-1"},
		"EventBridge":             {event(bare), "EventBridge", "eb-1"},
		"EventBridge through SNS": {notification(escape(event(bare))), "SNS/EventBridge", "eb-1"},
		"three deep":              {event(notification(escape(event(bare)))), "EventBridge/SNS/EventBridge", "eb-1"},
	} {
		m, refused := open(test.body)
		if refused != nil || m.Origin != test.origin || m.OriginID != test.originID || m.Request.Identity.Name != "a.com" {
			t.Errorf("%s: %s %s %v", name, m.Origin, m.OriginID, refused)
		}
	}
	if m, _ := open(notification(inner)); !m.Asked.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)) {
		t.Errorf("asked at %v", m.Asked)
	}
	four := event(event(event(event(bare))))
	if _, refused := open(four); places(refused) != "MalformedRequest, envelope-nesting /detail/detail/detail" {
		t.Errorf("four deep: %s", places(refused))
	}
}

func TestPathsPointIntoWhatTheRequesterWrote(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"in SNS's message":      {notification(`{\"Identity\":\"?\",\"PolicyName\":\"P\",\"Policy\":{}}`), "InvalidIdentity, identity /Identity"},
		"in the event's detail": {event(`{"Identity":"?","PolicyName":"P","Policy":{}}`), "InvalidIdentity, identity /detail/Identity"},
		"in the properties":     {stack("Create", `"ResourceProperties":{"ServiceToken":"t","Identity":"?","PolicyName":"P","Policy":{}}`), "InvalidIdentity, identity /ResourceProperties/Identity"},
	} {
		if _, refused := open(test.body); places(refused) != test.want {
			t.Errorf("%s: got %s, want %s", name, places(refused), test.want)
		}
	}
}

func TestUnknownEnvelopes(t *testing.T) {
	files, err := filepath.Glob("testdata/unknown/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for how, text := range map[string]string{"bare": string(body), "through SNS": notification(strings.ReplaceAll(escape(string(body)), "\n", `\n`))} {
			_, refused := open(text)
			if refused == nil || refused.Code != outcome.UnknownEnvelope {
				t.Errorf("%s, %s: %s", file, how, places(refused))
			}
		}
	}
}

func stack(requestType, more string) string {
	return fmt.Sprintf(`{"RequestType":%q,"ResponseURL":"https://u","StackId":"s","RequestId":"r","ResourceType":"Custom::SESIdentityPolicy","LogicalResourceId":"L",%s}`, requestType, more)
}

func TestOpenCloudFormation(t *testing.T) {
	const properties = `"ResourceProperties":{"ServiceToken":"t","ServiceTimeout":"60","Identity":"Example.com","PolicyName":"P","Policy":{"Statement":[]}}`
	for _, requestType := range []string{"Create", "Update"} {
		m, refused := open(notification(escape(stack(requestType, properties))))
		if refused != nil || m.CloudFormation == nil || m.CloudFormation.RequestType != requestType || m.Request.Action != message.Put || m.OriginID != "r" {
			t.Fatalf("%s: %+v %v", requestType, m, refused)
		}
		if got := m.Request.PhysicalResourceID(); got != "example.com/P" {
			t.Errorf("physical id %q", got)
		}
	}
	for id, want := range map[string]message.Request{
		"example.com/P":          {Action: message.Delete, PolicyName: "P"},
		message.NothingMade("L"): {Action: message.Delete, Nothing: true},
		"stack-L-1ABCDEF":        {Action: message.Delete, Nothing: true},
		"arn:aws:ses:us-east-1:999999999999:identity/example.com/P": {Action: message.Delete, Nothing: true},
		"EXAMPLE.com/P": {Action: message.Delete, Nothing: true},
	} {
		m, refused := open(stack("Delete", fmt.Sprintf(`"PhysicalResourceId":%q,%s`, id, properties)))
		if refused != nil || m.Request.Nothing != want.Nothing || m.Request.Action != want.Action || m.Request.PolicyName != want.PolicyName {
			t.Errorf("%s: %+v %v", id, m.Request, refused)
		}
	}
}

func TestADuplicateInAStacksRequestIsRefused(t *testing.T) {
	for _, test := range []struct{ requestType, more, want string }{
		{"Delete", `"PhysicalResourceId":"a.com/P","PhysicalResourceId":"b.com/P"`, "MalformedRequest, duplicate-member /PhysicalResourceId"},
		{"Delete", `"PhysicalResourceId":"a.com/P","RequestType":"Create"`, "MalformedRequest, duplicate-member /RequestType"},
		{"Create", `"RequestType":"Delete"`, "MalformedRequest, missing-member , duplicate-member /RequestType"},
		{"Destroy", `"StackId":"s"`, "MalformedRequest, wrong-type /RequestType, duplicate-member /StackId"},
	} {
		if _, refused := open(stack(test.requestType, test.more)); places(refused) != test.want {
			t.Errorf("%s with %s: got %s, want %s", test.requestType, test.more, places(refused), test.want)
		}
	}
}

func TestHowLongAStackWaits(t *testing.T) {
	for property, want := range map[string]time.Duration{
		`"Identity":"a"`:          time.Hour,
		`"ServiceTimeout":"60"`:   time.Minute,
		`"ServiceTimeout":300`:    5 * time.Minute,
		`"ServiceTimeout":"3600"`: time.Hour,
		`"ServiceTimeout":"3601"`: time.Hour,
		`"ServiceTimeout":"0"`:    time.Hour,
		`"ServiceTimeout":"soon"`: time.Hour,
		`"ServiceTimeout":["1"]`:  time.Hour,
	} {
		m, _ := open(stack("Create", `"ResourceProperties":{`+property+`}`))
		if m.CloudFormation.Patience != want {
			t.Errorf("%s: %v, want %v", property, m.CloudFormation.Patience, want)
		}
	}
}

func TestAResourceHasNoAction(t *testing.T) {
	for _, action := range []string{"PutIdentityPolicy", "DeleteIdentityPolicy"} {
		_, refused := open(stack("Create", `"ResourceProperties":{"Action":"`+action+`","Identity":"example.com","PolicyName":"P","Policy":"{}"}`))
		if refused == nil || refused.Code != "MalformedRequest" || refused.Violations[0].Path != "/ResourceProperties/Action" {
			t.Errorf("%s: %+v", action, refused)
		}
	}
}

func TestCloudFormationIsAnsweredEvenWhenMalformed(t *testing.T) {
	m, refused := open(stack("Create", `"ResourceProperties":{"Identitty":"a.com"}`))
	if refused == nil || m.CloudFormation == nil || m.CloudFormation.ResponseURL != "https://u" {
		t.Errorf("%+v %v", m.CloudFormation, refused)
	}
	rules := []string{}
	for _, v := range refused.Violations {
		rules = append(rules, v.Rule)
	}
	if want := []string{"missing-member", "missing-member", "unknown-member"}; !slices.Equal(rules, want) {
		t.Errorf("rules %q, want %q", rules, want)
	}
}

func TestARedrivenLetterSaysWhoWasTold(t *testing.T) {
	text := func(value string) events.SQSMessageAttribute {
		return events.SQSMessageAttribute{DataType: "String", StringValue: &value}
	}
	for name, test := range map[string]struct {
		attributes map[string]events.SQSMessageAttribute
		want       string
	}{
		"a letter's":                   {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": text("CloudFormation")}, "CloudFormation"},
		"a sender's own of that name":  {map[string]events.SQSMessageAttribute{"AnsweredTo": text("CloudFormation")}, ""},
		"somebody whom nobody answers": {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": text("me")}, ""},
		"binary":                       {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": {DataType: "Binary", BinaryValue: []byte("CloudFormation")}}, ""},
	} {
		m, _ := message.Open(events.SQSMessage{Body: "{}", MessageAttributes: test.attributes})
		if m.AnsweredTo != test.want {
			t.Errorf("%s: got %q, want %q", name, m.AnsweredTo, test.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(notification(inner))
	f.Add(event(`{"Identity":"a.com","PolicyName":"P","Policy":{"a":1,"a":2}}`))
	f.Add(stack("Delete", `"PhysicalResourceId":"a.com/P"`))
	f.Add(`{"Identity":"a.com","PolicyName":"P","Policy":"{}","TaskToken":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, refused := open(body)
		if refused != nil {
			if refused.Code == "" || refused.Message == "" || len(refused.Violations) == 0 {
				t.Errorf("a rejection without its reason: %+v", refused)
			}
			return
		}
		r := m.Request
		switch {
		case r.Nothing:
		case r.Identity.Name == "" || r.PolicyName == "" || r.Action != message.Put && r.Action != message.Delete:
			t.Errorf("neither a request nor a rejection: %+v", r)
		case r.Action == message.Put && r.Policy.Text == "" && len(r.Policy.Findings) == 0:
			t.Errorf("a put without a policy: %+v", r)
		}
	})
}
