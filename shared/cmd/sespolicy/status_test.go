package main

import (
	"testing"
	"time"

	"sespolicy/shared/ledger"
)

func TestStatusOf(t *testing.T) {
	entry := func(action ledger.Action, o ledger.Outcome, attempts ...ledger.Change) ledger.Entry {
		return ledger.Entry{MessageID: "m", Action: action, Outcome: o, Attempts: attempts, At: time.Unix(1, 0)}
	}
	for reason, test := range map[string]struct {
		entry            ledger.Entry
		outcome, message string
	}{
		"nobody knows it":               {ledger.Entry{}, unknown, ""},
		"put":                           {entry(ledger.Put, ledger.Outcome{Kind: ledger.Applied}), "Applied", ""},
		"deleted":                       {entry(ledger.Delete, ledger.Outcome{Kind: ledger.Applied}), "Deleted", ""},
		"there was nothing to delete":   {entry(ledger.Delete, ledger.Outcome{Kind: ledger.Applied, Message: "nothing was deleted"}), "Deleted", "nothing was deleted"},
		"it comes again, with a cause":  {entry(ledger.Put, ledger.Outcome{Code: "Throttled", Message: "Rate exceeded"}, ledger.Change{}), waiting, "Rate exceeded"},
		"it comes again, after a call":  {entry(ledger.Put, ledger.Outcome{}, ledger.Change{}), waiting, "SES was called and its answer did not arrive; the request comes again"},
		"it comes again, before a call": {entry(ledger.Put, ledger.Outcome{}), waiting, ""},
	} {
		if got := statusOf("m", test.entry); got.Outcome != test.outcome || got.Message != test.message || (got.At == nil) != (test.outcome == unknown) {
			t.Errorf("%s: got %+v, want %s %q", reason, got, test.outcome, test.message)
		}
	}
}
