package outcome_test

import (
	"errors"
	"fmt"
	"testing"

	"sespolicy/shared/finding"
	"sespolicy/shared/outcome"
)

func TestOf(t *testing.T) {
	unknownPrincipal := &outcome.Rejection{Code: outcome.InvalidPolicy, Patience: 3}
	for _, test := range []struct {
		name     string
		err      error
		receives int
		kind     outcome.Kind
		code     string
	}{
		{"SES has taken it", nil, 1, outcome.Applied, ""},
		{"a refusal is final at once", &outcome.Rejection{Code: "MailFromDomainNotVerified"}, 1, outcome.Rejected, "MailFromDomainNotVerified"},
		{"a wrapped refusal too", fmt.Errorf("put: %w", &outcome.Rejection{Code: "X"}), 1, outcome.Rejected, "X"},
		{"an unknown principal may be known soon", unknownPrincipal, 1, outcome.Retry, outcome.CausePrincipal},
		{"for three receives", unknownPrincipal, 3, outcome.Retry, outcome.CausePrincipal},
		{"and then no more", unknownPrincipal, 4, outcome.Rejected, outcome.InvalidPolicy},
		{"a delay says its cause", &outcome.Delay{Cause: outcome.CauseThrottled}, 19, outcome.Retry, outcome.CauseThrottled},
		{"what nobody knows is retried", errors.New("?"), 1, outcome.Retry, outcome.CauseUnknown},
	} {
		got := outcome.Of(test.err, test.receives)
		if got.Kind != test.kind || got.Code != test.code {
			t.Errorf("%s: got %v %q, want %v %q", test.name, got.Kind, got.Code, test.kind, test.code)
		}
	}
}

func TestJoinKeepsTheFirstCodeAndAllViolations(t *testing.T) {
	a := outcome.Reject(outcome.InvalidIdentity, []finding.Finding{{Path: "/Identity"}})
	b := outcome.Reject(outcome.InvalidPolicy, []finding.Finding{{Path: "/Policy"}, {Path: "/Policy/Statement"}})
	joined := outcome.Join(nil, a, nil, b)
	if joined.Code != outcome.InvalidIdentity || len(joined.Violations) != 3 || joined.Violations[2].Path != "/Policy/Statement" {
		t.Errorf("got %+v", joined)
	}
	if len(a.Violations) != 1 {
		t.Error("joining altered what was joined")
	}
	if outcome.Join(nil, nil) != nil || outcome.Reject(outcome.InvalidPolicy, nil) != nil {
		t.Error("nothing became a rejection")
	}
}
