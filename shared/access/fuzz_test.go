package access_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sespolicy/shared/access"
)

// choices makes decisions from the bytes of a fuzz input; without any left, it
// takes the first of everything.
type choices struct{ bytes []byte }

func (c *choices) number(n int) int {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return int(b) % n
}

func (c *choices) of(list []string) string { return list[c.number(len(list))] }

// some is one of the list, or a JSON list of up to three.
func (c *choices) some(list []string) string {
	n := c.number(4)
	if n == 0 {
		return c.of(list)
	}
	var values []string
	for range n {
		values = append(values, c.of(list))
	}
	return "[" + strings.Join(values, ",") + "]"
}

var (
	effects    = []string{"Allow", "Deny", "ALLOW", "DENY", "Permit"}
	principals = []string{
		`"*"`, `{"AWS":"*"}`, `{"AWS":%s}`, `{"Service":"ses.amazonaws.com"}`, `{"Service":"*"}`, `{"Federated":"accounts.google.com"}`,
		`"111122223333"`, `{"aws":"111122223333"}`, `{"CanonicalUser":"79a59df900b9"}`, `{}`, `null`,
	}
	names = []string{
		`"111122223333"`, `"arn:aws:iam::111122223333:root"`, `"arn:aws:iam::111122223333:user/Anna"`, `"arn:aws:iam::111122223333:role/team/mailer"`,
		`"arn:aws:sts::111122223333:assumed-role/mailer/i-1"`, `"arn:aws:iam::888888888888:root"`, `"arn:aws:iam::*:root"`, `"AROACKCEVSQ6C2EXAMPLE"`,
		`"arn:aws:sts::111122223333:federated-user/Anna"`, `"arn:aws-cn:iam::111122223333:root"`, `"x"`, `1`,
	}
	actionTexts   = []string{`"ses:SendEmail"`, `"ses:*"`, `"*"`, `"SES:send*"`, `"ses:Delete*"`, `"s*:SendEmail"`, `"Send*"`}
	resourceTexts = []string{`"*"`, `"arn:aws:ses:us-east-1:888888888888:identity/example.com"`, `"arn:aws:ses:us-east-1:888888888888:identity/${aws:PrincipalTag/x}.com"`, `"arn:aws:ses:*"`, `"arn:aws:ses:us-east-1:888888888888:identity/EX*"`, `"x"`}
	operators     = []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null", "stringequals", "Unheard",
	}
	conditionKeys = []string{
		"ses:FromAddress", "ses:Recipients", "aws:PrincipalOrgID", "aws:PrincipalArn", "aws:SourceAccount", "aws:PrincipalTag/x", "AWS:userid",
		"aws:SourceIp", "aws:CurrentTime", "aws:PrincipalAccount", "aws:username", "aws:SecureTransport",
	}
	contextValues = []string{
		"a", "A", "", "example", "true", "False", "7", "7.0", "2021-08-31T12:00Z", "1630411200", "203.0.113.7", "203.0.113.0/24", "2001:db8::1", "YQ==", "*", "o-a",
		"111122223333", "888888888888", "arn:aws:iam::111122223333:role/team/mailer", "arn:aws:iam::111122223333:user/Anna", "AROACKCEVSQ6C2EXAMPLE:i-1",
	}
	policyValues = append([]string{"a*", "?", "${aws:username}", "${aws:PrincipalTag/x, 'a'}", "${*}", "${aws:PrincipalTag/x}", "${ses:Recipients}",
		"arn:aws:iam::111122223333:*", "arn:aws:iam::*:role/*", "${", "${}"}, contextValues...)
	askers = []string{
		"111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/Anna", "arn:aws:iam::111122223333:role/team/mailer",
		"arn:aws:sts::111122223333:assumed-role/mailer/i-1", "arn:aws:sts::111122223333:federated-user/Anna", "888888888888",
		"ses.amazonaws.com", "accounts.google.com", "*", "anonymous", "arn:aws:iam::888888888888:role/own",
	}
	versions = []string{`"Version":"2012-10-17",`, `"Version":"2008-10-17",`, ``, `"Version":"2030-01-01",`}
)

func (c *choices) principal() string {
	text := c.of(principals)
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, c.some(names))
	}
	return text
}

func (c *choices) statement(effect string) string {
	not := []string{"", "", "", "Not"}
	text := fmt.Sprintf(`{"Effect":%q,"%sPrincipal":%s,"%sAction":%s,"%sResource":%s`, effect,
		c.of(not), c.principal(), c.of(not), c.some(actionTexts), c.of(not), c.some(resourceTexts))
	if n := c.number(4); n > 0 {
		var conditions []string
		for range n {
			conditions = append(conditions, c.condition())
		}
		text += `,"Condition":{` + strings.Join(conditions, ",") + `}`
	}
	return text + `}`
}

func (c *choices) condition() string {
	var values []string
	for range c.number(3) + 1 {
		values = append(values, fmt.Sprintf("%q", c.of(policyValues)))
	}
	operator := c.of([]string{"", "", "ForAllValues:", "ForAnyValue:"}) + c.of(operators) + c.of([]string{"", "", "IfExists"})
	return fmt.Sprintf(`%q:{%q:[%s]}`, operator, c.of(conditionKeys), strings.Join(values, ","))
}

func (c *choices) policies() map[string]string {
	texts := map[string]string{}
	for i := range c.number(3) + 1 {
		var statements []string
		for range c.number(3) + 1 {
			statements = append(statements, c.statement(c.of(effects)))
		}
		texts[fmt.Sprintf("p%d", i)] = `{` + c.of(versions) + `"Statement":[` + strings.Join(statements, ",") + `]}`
	}
	return texts
}

// values are what a request may have for a key: absent, one or two values.
func (c *choices) values(key, asker string) []string {
	if strings.EqualFold(key, "aws:PrincipalArn") { // what the asker can have
		arn := c.of([]string{"arn:aws:iam::111122223333:role/team/mailer", "arn:aws:iam::111122223333:user/Anna", "arn:aws:iam::111122223333:role/mailer"})
		if asker == "888888888888" {
			arn = strings.Replace(arn, "111122223333", asker, 1)
		}
		return []string{arn}
	}
	values := []string{}
	for range c.number(3) {
		values = append(values, c.of(contextValues))
	}
	return values
}

// agrees reports whether learning something may turn one answer into the other.
func agrees(before, after access.Answer) bool {
	switch before {
	case access.Unknown:
		return true
	case access.NotAllowed: // a Deny that changes nothing is left open
		return after == access.NotAllowed || after == access.Denied
	default:
		return after == before
	}
}

// FuzzDecide checks what must be so for any policies and requests: adding a
// Deny allows nothing, and learning a key's value contradicts no definite answer.
// An Unknown becomes definite once all its keys are known, unless it has doubts.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97})
	f.Fuzz(checkDecide)
}

// FuzzLearn checks that learning any key, not only one that an answer names,
// contradicts no definite answer.
func FuzzLearn(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(checkLearn)
}

// TestRandom runs both checks on pseudo-random inputs with a fixed seed: the
// seed corpus of a fuzz target alone reaches few policies.
func TestRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		input := make([]byte, 300)
		for i := range input {
			input[i] = byte(random.Uint32())
		}
		checkDecide(t, input)
		checkLearn(t, input)
	}
}

func checkDecide(t *testing.T, input []byte) {
	c := &choices{input}
	id := example("example.com")
	texts := c.policies()
	p, err := access.Read(id, texts)
	if err != nil {
		t.Fatalf("%v: %v", texts, err)
	}
	for _, g := range p.Grants() {
		_ = g.Who()
		for _, condition := range g.Conditions {
			_ = condition.Words()
		}
	}
	request := access.Request{Principal: principal(t, c.of(askers)), Action: "ses:SendEmail", Context: access.Context{}}
	for range c.number(3) {
		key := c.of(conditionKeys)
		if strings.EqualFold(key, "aws:PrincipalArn") || strings.EqualFold(key, "aws:PrincipalAccount") {
			continue // it may contradict the principal
		}
		request.Context[key] = c.values(key, request.Principal.Name)
	}
	before := access.Decide(request, p)

	texts["deny"] = `{"Version":"2012-10-17","Statement":[` + c.statement("Deny") + `]}`
	denied, err := access.Read(id, texts)
	if err != nil {
		t.Fatal(err)
	}
	after := access.Decide(request, denied)
	if before.Answer != access.Allowed && after.Answer == access.Allowed || before.Answer == access.Denied && after.Answer != access.Denied {
		t.Fatalf("%v was %v and is %v with another Deny:\n%v", request, before.Answer, after.Answer, texts)
	}

	for range 2 * len(conditionKeys) {
		if before.Answer != access.Unknown || len(before.Keys) == 0 {
			break
		}
		key := before.Keys[c.number(len(before.Keys))]
		request.Context[key] = c.values(key, request.Principal.Name)
		next := access.Decide(request, p)
		if !agrees(after.Answer, access.Decide(request, denied).Answer) {
			t.Fatalf("%v contradicts %v:\n%v", request, after.Answer, texts)
		}
		before, after = next, access.Decide(request, denied)
	}
	if before.Answer == access.Unknown && len(before.Doubts) == 0 {
		t.Fatalf("%v stays unknown by %q:\n%v", request, before.Keys, texts)
	}
}

func checkLearn(t *testing.T, input []byte) {
	c := &choices{input}
	texts := c.policies()
	p, err := access.Read(example("example.com"), texts)
	if err != nil {
		t.Fatal(err)
	}
	request := access.Request{Principal: principal(t, c.of(askers)), Action: "ses:SendEmail", Context: access.Context{}}
	for range 6 {
		// What the principal implies is not open to learning.
		key := c.of([]string{"ses:FromAddress", "ses:Recipients", "aws:SourceIp", "aws:CurrentTime", "aws:SecureTransport", "aws:PrincipalOrgID", "aws:PrincipalTag/x"})
		known := request.Principal.Kind == access.Service || request.Principal.Kind == access.Anonymous
		if _, set := request.Context[key]; set || known && strings.HasPrefix(key, "aws:Principal") {
			continue
		}
		before := access.Decide(request, p).Answer
		request.Context[key] = c.values(key, request.Principal.Name)
		if after := access.Decide(request, p).Answer; !agrees(before, after) {
			t.Fatalf("%v with %s: %v became %v:\n%v", request, key, before, after, texts)
		}
	}
}

// FuzzRead checks that no text makes the evaluator panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"Statement":[{` + cognito + `}]}`, `{"Statement":{}}`, `{"Statement":[[]]}`, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":[{}]},"Action":[[]],"Resource":{},"Condition":{"Null":{"x":[null]}}}]}`,
	} {
		f.Add(strings.ReplaceAll(seed, "%R", `"Resource":"*"`), "ses:SendEmail", "x")
	}
	f.Fuzz(func(t *testing.T, text, action, value string) {
		p, err := access.Read(example("a@example.com"), map[string]string{"p": text})
		if err != nil {
			return
		}
		for _, asker := range askers {
			access.Decide(access.Request{Principal: principal(t, asker), Action: action, Context: access.Context{"x": {value}, "aws:SourceIp": {value}}}, p)
		}
		for _, g := range p.Grants() {
			_ = g.Who()
		}
	})
}
