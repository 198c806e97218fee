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

	"sespolicy/shared/document"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

func open(body string) (message.Message, *outcome.Rejection) {
	m, _, refused := openWhole(body)
	return m, refused
}

func openWhole(body string) (message.Message, *message.Source, *outcome.Rejection) {
	return message.Open(events.SQSMessage{
		MessageId: "id", Body: body, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests",
		Attributes: map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000123", "SenderId": "AIDAEXAMPLE"},
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
		"a delete has no policy":                        {`{"Action":"DeleteIdentityPolicy","Identity":"A@Example.com","PolicyName":"P"}`, message.Delete, "A@Example.com", ""},
		"the identity's ARN in the queue's own account": {`{"Identity":"arn:aws:ses:us-east-1:123456789012:identity/EXAMPLE.com","PolicyName":"P","Policy":{}}`, message.Put, "example.com", "{}"},
	} {
		m, refused := open(test.body)
		if refused != nil || m.Request.Action != test.action || m.Request.Identity.Name != test.name || m.Request.Policy != test.policy {
			t.Errorf("%s: %+v, %v", name, m.Request, refused)
		}
	}
	m, _ := open(`{"Identity":"example.com","PolicyName":"P","Policy":{},"TaskToken":"tok"}`)
	if m.TaskToken != "tok" || m.Origin != "SQS" || m.Receives != 3 || !m.Sent.Equal(time.UnixMilli(1700000000123)) || m.RequestedAt != m.Sent || m.SenderID != "AIDAEXAMPLE" || m.Topic != nil || m.Owner.Account != "123456789012" {
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
	_, source, refused := openWhole(`{"Identity":"a.com","PolicyName":"P","Policy":{"a":1,"a":2}}`)
	if refused != nil || len(source.PolicyFindings) != 1 || source.PolicyFindings[0].Path != "/Policy/a" {
		t.Errorf("%v %+v", refused, source.PolicyFindings)
	}
	_, source, refused = openWhole(`{"Identity":"a.com","PolicyName":"P","Policy":"{'a'"}`)
	if refused != nil || len(source.PolicyFindings) != 1 || source.Policy.Exists() {
		t.Errorf("%v %+v", refused, source.PolicyFindings)
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
	m, _ := open(notification(inner))
	if !m.RequestedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)) || *m.Topic != (message.Notification{TopicARN: "arn:aws:sns:us-east-1:123456789012:T", MessageID: "sns-1"}) {
		t.Errorf("requested at %v through %+v", m.RequestedAt, m.Topic)
	}
	if m, _ := open(event(notification(escape(event(bare))))); m.Topic != nil || m.EventID != "eb-1" {
		t.Errorf("an inner notification counts as the outermost: %+v, event %s", m.Topic, m.EventID)
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
		if refused != nil || m.CloudFormation == nil || string(m.CloudFormation.RequestType) != requestType || m.Request.Action != message.Put || m.OriginID != "r" {
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
		"EXAMPLE.com/P":        {Action: message.Delete, Nothing: true},
		"sales@EXAMPLE.com/P":  {Action: message.Delete, PolicyName: "P"},
		"a/b@EXAMPLE.com/P":    {Action: message.Delete, PolicyName: "P"},
		`"a@b"@Example.com/P`:  {Action: message.Delete, PolicyName: "P"},
		"sales@example.com/P":  {Action: message.Delete, PolicyName: "P"},
		"sales@EXAMPLE.com./P": {Action: message.Delete, Nothing: true},
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
		if m.CloudFormation.Timeout != want {
			t.Errorf("%s: %v, want %v", property, m.CloudFormation.Timeout, want)
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
	if refused == nil || m.CloudFormation == nil || m.CloudFormation.ResponseURL.String() != "https://u" {
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

func TestStackProperties(t *testing.T) {
	for property, want := range map[string]string{
		`"ForceUpdate":"1764099999"`: "false",
		`"AdoptExisting":"true"`:     "true",
		`"AdoptExisting":true`:       "true",
		`"AdoptExisting":"false"`:    "false",
		`"AdoptExisting":"True"`:     "MalformedRequest, wrong-type /ResourceProperties/AdoptExisting",
		`"AdoptExisting":"1"`:        "MalformedRequest, wrong-type /ResourceProperties/AdoptExisting",
	} {
		m, refused := open(stack("Create", `"ResourceProperties":{"Identity":"example.com","PolicyName":"P","Policy":{},`+property+`}`))
		got := places(refused)
		if refused == nil {
			got = fmt.Sprint(m.CloudFormation.AdoptExisting)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", property, got, want)
		}
	}
	for _, property := range []string{"ForceUpdate", "AdoptExisting"} {
		if _, refused := open(`{"Identity":"a.com","PolicyName":"P","Policy":{},"` + property + `":"true"}`); places(refused) != "MalformedRequest, unknown-member /"+property {
			t.Errorf("%s outside a stack: %s", property, places(refused))
		}
	}
}

func TestTheNamesOfOtherTools(t *testing.T) {
	for body, want := range map[string]string{
		`{"EmailIdentity":"a.com","PolicyName":"P","Policy":{}}`:            "Identity",
		`{"Identity":"a.com","PolicyName":"P","PolicyDocument":{}}`:         "Policy",
		`{"Identity":"a.com","name":"P","Policy":{}}`:                       "PolicyName",
		`{"identity":"a.com","name":"P","policy":"{}"}`:                     "Identity PolicyName Policy",
		`{"email_identity":"a.com","policy_name":"P","policy":"{}"}`:        "Identity PolicyName Policy",
		`{"IdentityArn":"arn","Name":"P","Policy":{}}`:                      "Identity PolicyName",
		`{"Identity":"a.com","PolicyName":"P","Policy":{},"Namespace":"x"}`: "",
	} {
		_, refused := open(body)
		var got []string
		for _, v := range refused.Violations {
			if v.Rule != message.RuleUnknownMember {
				t.Errorf("%s: also %s", body, v.Rule)
			}
			if v.Suggestion != "" {
				got = append(got, v.Suggestion)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestRecognize(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want message.Shape
	}{
		"a request":                       {`{"Identity":"a","PolicyName":"P","Policy":{}}`, message.IsRequest},
		"an empty object":                 {`{}`, message.IsRequest},
		"a policy":                        {`{"Version":"2012-10-17","Statement":[]}`, message.IsPolicy},
		"a policy with a misspelt member": {`{"Versoin":"2012-10-17","Statement":[]}`, message.IsPolicy},
		"one statement":                   {`{"Effect":"Allow","Action":"ses:*"}`, message.IsPolicy},
		"a statement beside an identity":  {`{"Identity":"a","PolicyName":"P","Statement":[]}`, message.IsRequest},
		"a notification":                  {notification("x"), message.IsNotification},
		"an event":                        {event("{}"), message.IsEvent},
		"a stack's request":               {stack("Create", `"a":1`), message.IsCustomResource},
		"a request encoded twice":         {`"{\"Identity\":\"a\"}"`, message.IsEncodedTwice},
		"a string":                        {`"hello"`, message.IsNotAnObject},
		"a list":                          {`[{"Identity":"a"}]`, message.IsNotAnObject},
	} {
		doc, _ := document.ReadString(test.text)
		if got, _ := message.Recognize(doc.Root()); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
	if _, refused := open(`"{\"Identity\":\"a.com\",\"PolicyName\":\"P\",\"Policy\":{}}"`); places(refused) != "MalformedRequest, not-an-object " || refused.Violations[0].Hint == "" {
		t.Errorf("encoded twice: %s", places(refused))
	}
}

func TestFindingsGetTheirPlaceInTheBody(t *testing.T) {
	for name, test := range map[string]struct{ body, at string }{
		"bare":              {"{\n\"Identity\":\"?\",\"PolicyName\":\"P\",\"Policy\":{}}", `"?"`},
		"in a notification": {notification(`\n{\"Identity\":\"?\",\"PolicyName\":\"P\",\"Policy\":{}}`), `\"?\"`},
		"two deep":          {notification(escape(event(`{"Identity":"?","PolicyName":"P","Policy":{}}`))), `\"?\"`},
	} {
		_, source, refused := openWhole(test.body)
		at := source.InBody(refused.Violations[0])
		if offset := document.Offset(test.body, at.Line, at.Column); !strings.HasPrefix(test.body[offset:], test.at) {
			t.Errorf("%s: %d:%d is %.10s, want %s", name, at.Line, at.Column, test.body[offset:], test.at)
		}
	}
	_, source, _ := openWhole(notification(`{\"Identity\":\"a.com\",\"PolicyName\":\"P\",\"Policy\":\"x\"}`))
	if text, isPolicy := source.TextAt("/Policy/Statement"); text != "x" || !isPolicy {
		t.Errorf("the policy's text: %q, %v", text, isPolicy)
	}
	if text, isPolicy := source.TextAt("/PolicyName"); !strings.HasPrefix(text, `{"Identity"`) || isPolicy {
		t.Errorf("the request's text: %q, %v", text, isPolicy)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(notification(inner))
	f.Add(event(`{"Identity":"a.com","PolicyName":"P","Policy":{"a":1,"a":2}}`))
	f.Add(stack("Delete", `"PhysicalResourceId":"a.com/P"`))
	f.Add(`{"Identity":"a.com","PolicyName":"P","Policy":"{}","TaskToken":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, source, refused := openWhole(body)
		if refused != nil {
			for _, v := range refused.Violations {
				if at := source.InBody(v); at.Line < 1 || at.Column < 1 || at.Depth != 0 {
					t.Errorf("no place in the body: %+v", at)
				}
			}
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
		case r.Action == message.Put && r.Policy == "" && len(source.PolicyFindings) == 0:
			t.Errorf("a put without a policy: %+v", r)
		}
	})
}
