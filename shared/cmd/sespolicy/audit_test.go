package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"sespolicy/shared/local/email"
)

// fill makes an account of identities with three policies each, one of which
// is public, and has SES throttle one call in ten.
func (c *accountCloud) fill(t testing.TB, identities int) {
	for i := range identities {
		name := fmt.Sprintf("d%04d.example", i)
		for p, principal := range []string{`{"AWS":"111122223333"}`, `{"AWS":"arn:aws:iam::444455556666:role/mailer"}`, `"*"`} {
			text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
				`,"Action":"ses:SendEmail","Resource":"arn:aws:ses:us-east-1:123456789012:identity/` + name + `"}]}`
			if err := c.put("us-east-1", name, fmt.Sprintf("P%d", p), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	c.ses["us-east-1"].SetFault(func(email.Call) email.Fault {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(10) == 0 {
			return email.Fault{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 429}
		}
		return email.Fault{}
	})
}

// auditAll audits, and fails unless every public policy was found.
func auditAll(t testing.TB, identities int) {
	var out, errOut bytes.Buffer
	status := run(t.Context(), []string{"audit", "--format", "json"}, &out, &errOut)
	var got auditJSON
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, &errOut)
	}
	found := map[string]bool{}
	for _, f := range got.Findings {
		if f.Rule == "ALLOW_PUBLIC_PRINCIPAL" && f.PolicyName == "P2" {
			found[f.Identity] = true
		}
	}
	if status != 1 || len(found) != identities || len(got.Errors) > 0 {
		t.Errorf("got status %d, %d of %d identities and %d errors: %s", status, len(found), identities, len(got.Errors), &errOut)
	}
}

func (c *accountCloud) environment(t testing.TB) {
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": c.server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a",
		"AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
}

// A throttled audit is complete.
func TestAuditThrottled(t *testing.T) {
	c := newAccountCloud(t)
	c.environment(t)
	c.fill(t, 30)
	auditAll(t, 30)
}

// BenchmarkAudit audits an account of 1,000 identities and 3,000 policies, one
// call in ten throttled: with -benchtime 1x.
func BenchmarkAudit(b *testing.B) {
	c := newAccountCloud(b)
	c.environment(b)
	c.fill(b, 1000)
	for b.Loop() {
		auditAll(b, 1000)
	}
}
