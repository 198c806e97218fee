package guardrail_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/guardrail"
)

func TestRead(t *testing.T) {
	defaults := guardrail.Config{AllowedActions: []string{"ses:Send*"}, RequireMatchingResource: true, ProtectStackPolicies: true}
	for _, test := range []struct {
		reason    string
		variables map[string]string
		want      guardrail.Config
	}{
		{"nothing is set", nil, defaults},
		{"lists, with spaces", map[string]string{
			"ALLOWED_IDENTITIES": "example.com, *@example.com", "ALLOWED_POLICY_NAMES": "${topic}-*",
			"ALLOWED_PRINCIPALS": "${topic},o-a1b2c3d4e5", "ALLOWED_ACTIONS": "ses:SendEmail,SES:SendRaw*",
		}, guardrail.Config{
			AllowedIdentities: []string{"example.com", "*@example.com"}, AllowedPolicyNames: []string{"${topic}-*"},
			AllowedPrincipals: []string{"${topic}", "o-a1b2c3d4e5"}, AllowedActions: []string{"ses:SendEmail", "SES:SendRaw*"},
			RequireMatchingResource: true, ProtectStackPolicies: true,
		}},
		{"booleans", map[string]string{
			"ALLOW_BROAD_DENY": "true", "ALLOW_PUBLIC_PRINCIPAL": "true", "REQUIRE_MATCHING_RESOURCE": "false", "PROTECT_STACK_POLICIES": "false",
		}, guardrail.Config{AllowedActions: []string{"ses:Send*"}, AllowBroadDeny: true, AllowPublicPrincipal: true}},
	} {
		lookup := func(variable string) string { return test.variables[variable] }
		got, err := guardrail.Read(lookup)
		if err != nil {
			t.Errorf("%s: %v", test.reason, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.reason, diff)
		}
		printed := got.Variables()
		again, err := guardrail.Read(func(variable string) string { return printed[variable] })
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%s, printed and read again: %v\n%s", test.reason, err, diff)
		}
		if len(printed) != len(guardrail.Settings()) || guardrail.Unknown(printed) != nil {
			t.Errorf("%s: printed %v", test.reason, printed)
		}
	}
	if diff := cmp.Diff([]string{"ALLOW_ALL", "allowed_actions"}, guardrail.Unknown(map[string]string{"allowed_actions": "", "ALLOW_ALL": "", "ALLOW_BROAD_DENY": ""})); diff != "" {
		t.Errorf("unknown variables (-want +got):\n%s", diff)
	}
}

// All that is wrong is said at once, each with its variable.
func TestReadRefuses(t *testing.T) {
	wrong := map[string]string{
		"ALLOWED_IDENTITIES": "a.com,,b.com", "ALLOWED_POLICY_NAMES": "${aws:username}-*", "ALLOWED_PRINCIPALS": "${topic}${Topic}",
		"ALLOWED_ACTIONS": "SendEmail", "ALLOW_BROAD_DENY": "True", "ALLOW_PUBLIC_PRINCIPAL": "1",
		"REQUIRE_MATCHING_RESOURCE": "yes", "PROTECT_STACK_POLICIES": "FALSE",
	}
	_, err := guardrail.Read(func(variable string) string { return wrong[variable] })
	for variable, value := range wrong {
		if err == nil || !strings.Contains(err.Error(), variable+" ") {
			t.Errorf("%s=%s was taken: %v", variable, value, err)
		}
		alone := func(v string) string {
			if v == variable {
				return value
			}
			return ""
		}
		if _, err := guardrail.Read(alone); err == nil || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s=%s: got %v, want one error", variable, value, err)
		}
	}
	for _, actions := range []string{"ses:Send Email", "ses:Sénd*", "ses:Send${action}", "ses", "arn:aws:ses:x/y"} {
		if _, err := guardrail.New(guardrail.Config{AllowedActions: []string{actions}}); err == nil {
			t.Errorf("the action pattern %q was taken", actions)
		}
	}
}
