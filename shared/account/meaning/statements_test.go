package meaning_test

import (
	"strings"
	"testing"

	"sespolicy/shared/account/meaning"
)

func TestDiffStatements(t *testing.T) {
	statement := func(sid, principal string) string {
		return `{"Sid":"` + sid + `","Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"ses:SendEmail","Resource":"*"}`
	}
	policy := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	one, two, root := statement("A", "111122223333"), statement("B", "444455556666"), statement("A", "arn:aws:iam::111122223333:root")
	for reason, test := range map[string]struct {
		before, after string
		want, wantNot []string
	}{
		"the same in another order": {policy(one, two), policy(two, root), nil, []string{"statement"}},
		"one changed":               {policy(one, two), policy(one, statement("B", "777788889999")), []string{"statement B\n", "-    \"AWS\": \"444455556666\"", "+    \"AWS\": \"777788889999\""}, []string{"statement A"}},
		"one less":                  {policy(one, two), policy(two), []string{"statement A\n", "-  \"Sid\": \"A\""}, []string{"statement B", "\n+"}},
		"one more":                  {policy(one), policy(one, two), []string{"statement B\n", "+  \"Sid\": \"B\""}, []string{"statement A", "\n-"}},
		"another version":           {policy(one), strings.Replace(policy(one), "2012-10-17", "2008-10-17", 1), []string{"the policy\n", "2008-10-17"}, []string{"statement"}},
		"absent before":             {"", policy(one), []string{"statement A\n"}, []string{"\n-"}},
		"not JSON":                  {"{", policy(one), []string{"-{"}, nil},
	} {
		got := meaning.DiffStatements(test.before, test.after, "aws")
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", reason, want, got)
			}
		}
		for _, not := range test.wantNot {
			if strings.Contains(got, not) {
				t.Errorf("%s: got %q in\n%s", reason, not, got)
			}
		}
	}
}
