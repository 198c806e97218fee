package outcome_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"sespolicy/shared/finding"
	"sespolicy/shared/outcome"
)

func TestOf(t *testing.T) {
	unknownPrincipal := &outcome.Rejection{Code: outcome.InvalidPolicy, Retries: 3}
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
		{"and then is final", unknownPrincipal, 4, outcome.Rejected, outcome.InvalidPolicy},
		{"a transient error says its cause", &outcome.Transient{Cause: outcome.CauseThrottled}, 19, outcome.Retry, outcome.CauseThrottled},
		{"an unclassified error is retried", errors.New("?"), 1, outcome.Retry, outcome.CauseUnknown},
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

func TestRetriesBackOffExponentially(t *testing.T) {
	for receives, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 5: 8 * time.Minute, 6: 15 * time.Minute, 20: 15 * time.Minute, 1 << 40: 15 * time.Minute} {
		for range 100 {
			if got := outcome.Of(errors.New("?"), receives).Delay; got > want || got < want*9/10 {
				t.Errorf("after %d receives: got %v, want up to a tenth less than %v", receives, got, want)
			}
		}
	}
	if got := outcome.Of(&outcome.Transient{Cause: outcome.CauseNoTime}, 3).Delay; got != 0 {
		t.Errorf("no call was begun: got %v, want 0", got)
	}
}

func TestTheLastReceive(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		kind outcome.Kind
		code string
	}{
		{"a retry is exhausted", &outcome.Transient{Cause: outcome.CauseThrottled}, outcome.Rejected, outcome.RetriesExhausted},
		{"an unclassified error too", errors.New("?"), outcome.Rejected, outcome.RetriesExhausted},
		{"without the ledger nothing is decided", &outcome.Transient{Cause: outcome.CauseLedger}, outcome.Retry, outcome.CauseLedger},
		{"a rejection keeps its code", &outcome.Rejection{Code: "X"}, outcome.Rejected, "X"},
		{"what SES took is applied", nil, outcome.Applied, ""},
	} {
		if got := outcome.Of(test.err, 20).Last(20); got.Kind != test.kind || got.Code != test.code {
			t.Errorf("%s: got %v %q, want %v %q", test.name, got.Kind, got.Code, test.kind, test.code)
		}
	}
}

// A member name with a line break makes no line of its own in the message.
func TestAPathWithControlCharactersIsQuoted(t *testing.T) {
	r := outcome.Reject(outcome.MalformedRequest, []finding.Finding{{Path: "/a\r\nFAKE line", Message: "no"}})
	if want := `"/a\r\nFAKE line": no`; r.Message != want {
		t.Errorf("got %q, want %q", r.Message, want)
	}
}
