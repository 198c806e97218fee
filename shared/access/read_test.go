package access_test

import (
	"testing"

	"sespolicy/shared/access"
)

func TestReadFails(t *testing.T) {
	for reason, text := range map[string]string{
		"no JSON":           `{`,
		"nothing":           ``,
		"a list":            `[]`,
		"no statement":      `{"Version":"2012-10-17"}`,
		"an empty list":     `{"Statement":[]}`,
		"text as statement": `{"Statement":"Allow"}`,
	} {
		if p, err := access.Read(example("example.com"), map[string]string{"p": text}); err == nil {
			t.Errorf("%s: got %+v", reason, p)
		}
	}
}

// What SES would not accept, or two readers could read differently, is in doubt
// where it matters, and only there.
func TestMalformed(t *testing.T) {
	const rest = `"Action":"ses:*","Resource":"*"`
	for _, test := range []struct {
		reason, statement string
		want              access.Answer
	}{
		{"no Effect", `{"Principal":"*",` + rest + `}`, access.Unknown},
		{"another Effect", `{"Effect":"Permit","Principal":"*",` + rest + `}`, access.Unknown},
		{"no principal", `{"Effect":"Allow",` + rest + `}`, access.Unknown},
		{"a principal and its opposite", `{"Effect":"Allow","Principal":"*","NotPrincipal":{"AWS":"123456789012"},` + rest + `}`, access.Unknown},
		{"an account as a string", `{"Effect":"Allow","Principal":"123456789012",` + rest + `}`, access.Unknown},
		{"another account as a string", `{"Effect":"Allow","Principal":"210987654321",` + rest + `}`, access.NotAllowed},
		{"an account as a number", `{"Effect":"Allow","Principal":{"AWS":123456789012},` + rest + `}`, access.Unknown},
		{"a kind of principal in another case", `{"Effect":"Allow","Principal":{"aws":"123456789012"},` + rest + `}`, access.Unknown},
		{"an unknown kind of principal", `{"Effect":"Allow","Principal":{"User":"123456789012"},` + rest + `}`, access.Unknown},
		{"a canonical user", `{"Effect":"Allow","Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},` + rest + `}`, access.Unknown},
		{"no action", `{"Effect":"Allow","Principal":"*","Resource":"*"}`, access.Unknown},
		{"an action without a service", `{"Effect":"Allow","Principal":"*","Action":"s*","Resource":"*"}`, access.Unknown},
		{"a pattern as the service", `{"Effect":"Allow","Principal":"*","Action":"s*:SendEmail","Resource":"*"}`, access.Unknown},
		{"no resource", `{"Effect":"Allow","Principal":"*","Action":"ses:*"}`, access.Unknown},
		{"no resource, and another action", `{"Effect":"Allow","Principal":"*","Action":"ses:Get*"}`, access.NotAllowed},
		{"a resource that is not a string", `{"Effect":"Allow","Principal":"*","Action":"ses:*","Resource":["*",null]}`, access.Unknown},
		{"NotResource of another identity", `{"Effect":"Allow","Principal":"*","Action":"ses:*","NotResource":"arn:aws:ses:us-east-1:888888888888:identity/example.org"}`, access.Allowed},
		{"NotResource of this identity", `{"Effect":"Allow","Principal":"*","Action":"ses:*","NotResource":"arn:aws:ses:us-east-1:888888888888:identity/example.com"}`, access.NotAllowed},
		{"a condition that is a list", `{"Effect":"Allow","Principal":"*","Condition":[],` + rest + `}`, access.Unknown},
		{"an empty condition", `{"Effect":"Allow","Principal":"*","Condition":{},` + rest + `}`, access.Allowed},
		{"an operator without keys", `{"Effect":"Allow","Principal":"*","Condition":{"Bool":"true"},` + rest + `}`, access.Unknown},
		{"no value", `{"Effect":"Allow","Principal":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":[]}},` + rest + `}`, access.Unknown},
		{"an element twice", `{"Effect":"Allow","Effect":"Deny","Principal":{"AWS":"210987654321"},` + rest + `}`, access.Unknown},
		{"a statement that is text", `"Allow"`, access.Unknown},
	} {
		p, err := access.Read(example("example.com"), map[string]string{"p": `{"Statement":[` + test.statement + `]}`})
		if err != nil {
			t.Fatalf("%s: %v", test.reason, err)
		}
		got := access.Decide(access.Request{Principal: principal(t, delegate), Action: send}, p)
		if got.Answer != test.want {
			t.Errorf("%s: got %v, want %v", test.reason, got.Answer, test.want)
		}
		if got.Answer == access.Unknown && len(got.Doubts) == 0 {
			t.Errorf("%s: no doubt is named", test.reason)
		}
	}
}

func TestParsePrincipal(t *testing.T) {
	for text, want := range map[string]access.Principal{
		"123456789012":                            {Kind: access.Account, Account: "123456789012"},
		"arn:aws:iam::123456789012:root":          {Kind: access.Root, Partition: "aws", Account: "123456789012"},
		"arn:aws:iam::123456789012:user/a/Anna":   {Kind: access.User, Partition: "aws", Account: "123456789012"},
		"arn:aws-us-gov:iam::123456789012:role/r": {Kind: access.Role, Partition: "aws-us-gov", Account: "123456789012"},
		audit: {Kind: access.Session, Partition: "aws", Account: "444455556666"},
		"arn:aws:sts::123456789012:federated-user/a": {Kind: access.FederatedUser, Partition: "aws", Account: "123456789012"},
		"arn:aws:iam::123456789012:saml-provider/p":  {Kind: access.Federated, Partition: "aws", Account: "123456789012"},
		"cognito-identity.amazonaws.com":             {Kind: access.Federated},
		"email.cognito-idp.amazonaws.com":            {Kind: access.Service},
		"workmail.us-east-1.amazonaws.com":           {Kind: access.Service},
		"*":                                          {Kind: access.Everybody},
		"anonymous":                                  {Kind: access.Anonymous},
	} {
		want.Name = text
		if got, err := access.ParsePrincipal(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "12345", "mailer", "example.com", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/*",
		"arn:aws:iam::123456789012:group/g", "arn:aws:iam:::root", "arn:aws:s3:::bucket", "arn:aws:iam::123456789012", "ses.amazonaws.com/*",
	} {
		if got, err := access.ParsePrincipal(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
