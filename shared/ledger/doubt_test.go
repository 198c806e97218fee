package ledger_test

import (
	"strings"
	"testing"

	"sespolicy/shared/ledger"
)

// late delivers r with a call whose answer is lost and that has not reached SES
// yet. It returns what reaches SES later.
func late(t *testing.T, i *instance, r ledger.Request) func() {
	t.Helper()
	ses := i.ses
	i.ses = &sesModel{policies: map[ledger.Name]string{}}
	if text, ok := ses.policies[policyP]; ok {
		i.ses.policies[policyP] = text
	}
	i.lost = true
	if ended, err := i.deliver(t.Context(), r); err != nil || ended[0] != "Retry" {
		t.Fatalf("got %q, %v, want Retry", ended, err)
	}
	i.ses, i.lost = ses, false
	return func() {
		ses.apply(ledger.Change{Action: r.Action, Name: policyP, Text: r.Text})
	}
}

var policyP = ledger.Name{Identity: "example.com", PolicyName: "P"}

func mustEnd(t *testing.T, i *instance, r ledger.Request, want string) {
	t.Helper()
	if ended, err := i.deliver(t.Context(), r); err != nil || ended[0] != want {
		t.Errorf("%s: got %q, %v, want %s", r.MessageID, ended, err, want)
	}
}

func TestALateCallIsRepairedOnlyIfItShows(t *testing.T) {
	older, newer := bare("m1", 1, `{"Sid":"1"}`), bare("m2", 2, `{"Sid":"2","Id":"x"}`)
	for _, test := range []struct {
		name         string
		older, newer ledger.Request
		then         func(i *instance, arrive func())
		want         string
		calls        int // by the older request's last delivery
	}{
		{"it arrived", older, newer, func(_ *instance, arrive func()) { arrive() }, newer.Text, 1},
		{"it did not", older, newer, func(*instance, func()) {}, newer.Text, 0},
		{"an operator removed the policy", older, newer, func(i *instance, _ func()) { delete(i.ses.policies, policyP) }, "", 0},
		{"an operator put another", older, newer, func(i *instance, _ func()) { i.ses.policies[policyP] = "{}" }, "{}", 0},
		{"SES has rewritten the newer", older, newer, func(i *instance, _ func()) { i.ses.policies[policyP] = `{"Id":"x","Sid":"2"}` }, `{"Id":"x","Sid":"2"}`, 0},
		{"a delete that arrived", remove("m1", 1), newer, func(_ *instance, arrive func()) { arrive() }, newer.Text, 1},
		{"a put that arrived after the revocation", older, remove("m2", 2), func(_ *instance, arrive func()) { arrive() }, "", 1},
		{"the same text", older, bare("m2", 2, older.Text), func(_ *instance, arrive func()) { arrive() }, older.Text, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newInstance(t)
			arrive := late(t, i, test.older)
			mustEnd(t, i, test.newer, "Applied")
			test.then(i, arrive)
			calls := i.ses.calls
			mustEnd(t, i, test.older, "Superseded")
			if got := i.ses.policies[policyP]; got != test.want || i.ses.calls-calls != test.calls {
				t.Errorf("SES has %q after %d calls, want %q after %d", got, i.ses.calls-calls, test.want, test.calls)
			}
			mustEnd(t, i, test.older, "Superseded")
			if i.ses.calls-calls != test.calls {
				t.Error("delivered again: another call of SES")
			}
		})
	}
}

// A create whose call may have reached SES is removed by its rollback, whether
// the create has ended or not, and does not come back.
func TestTheRollbackOfACreateInDoubt(t *testing.T) {
	a := resource{"S", "A", "T"}
	create := a.create(1, "P", "1")
	for name, arrives := range map[string]bool{"it arrived before": true, "it arrives after": false} {
		t.Run(name, func(t *testing.T) {
			i := newInstance(t)
			arrive := late(t, i, create)
			if arrives {
				arrive()
			}
			v, err := i.ledger.Read(t.Context(), []ledger.Request{create})
			if err != nil {
				t.Fatal(err)
			}
			exhausted := ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted", Message: strings.Repeat("é", 5000)}
			if err := v.Record(t.Context(), create, exhausted, true, i.now); err != nil {
				t.Fatal(err)
			}
			mustEnd(t, i, a.undo(2), "Applied")
			if !arrives {
				arrive()
			}
			if got := i.ses.String(); (got == "") != arrives {
				t.Errorf("SES has %q", got)
			}
			mustEnd(t, i, create, "RetriesExhausted")
		})
	}
}

// The same resource's create that SES took before the process was killed is
// known as its own. One that SES certainly refused claims nothing.
func TestACreateClaimsOnlyWhatItMayHavePut(t *testing.T) {
	a := resource{"S", "A", "T"}
	create := a.create(1, "P", "1")
	for name, test := range map[string]struct {
		inDoubt bool
		want    string
	}{"in doubt": {true, "Applied"}, "refused for now": {false, "AlreadyExists"}} {
		t.Run(name, func(t *testing.T) {
			i := newInstance(t)
			v, err := i.ledger.Read(t.Context(), []ledger.Request{create})
			if err != nil {
				t.Fatal(err)
			}
			d := v.Decide(create, &ledger.Seen{Name: policyP}, i.now)
			if err := v.Intend(t.Context(), create, d, at(1060), i.now); err != nil {
				t.Fatal(err)
			}
			if err := v.Withdraw(t.Context(), create, ledger.Outcome{Code: "Unavailable"}, test.inDoubt, i.now); err != nil {
				t.Fatal(err)
			}
			i.ses.policies[policyP] = "1"
			mustEnd(t, i, create, test.want)
		})
	}
}

// An adoption that may have overwritten a policy nobody owns is undone by putting
// back what was recorded, whether SES has taken it or not.
func TestAnAdoptionInDoubtIsUndone(t *testing.T) {
	for _, acts := range []bool{false, true} {
		i := newInstance(t)
		a := resource{"S", "A", "T"}
		mustEnd(t, i, bare("m1", 1, "1"), "Applied")
		create := a.adopt(2, "P", "2")
		arrive := late(t, i, create)
		if acts {
			arrive()
		}
		mustEnd(t, i, a.undo(3), "Applied")
		if i.ses.String() != "P=1" {
			t.Errorf("SES has %q", i.ses)
		}
		mustEnd(t, i, create, "Cancelled")
		if i.ses.String() != "P=1" {
			t.Errorf("SES has %q", i.ses)
		}
	}
}

// A call is in doubt, and the next one for the same change was certainly refused.
// The first is still in doubt: a Delete forged by another stack finds an intent.
func TestADoubtOutlivesARefusedCall(t *testing.T) {
	a, other := resource{"S", "A", "T"}, resource{"O", "A", "X"}
	create := a.create(1, "P", "1")
	i := newInstance(t)
	late(t, i, create)()
	v := mustRead(t, i.ledger, create)
	must(t, v.Intend(t.Context(), create, v.Decide(create, nil, i.now), at(2000), i.now))
	must(t, v.Withdraw(t.Context(), create, ledger.Outcome{Code: "Throttled"}, false, i.now))
	mustEnd(t, i, other.delete(2, "P"), "Applied")
	if i.ses.String() != "P=1" {
		t.Errorf("SES has %q", i.ses)
	}
	mustEnd(t, i, create, "Applied")
}

// The last delivery made no call: what an earlier one may have put is still known
// to the stack's undoing.
func TestADoubtOutlivesTheLastReceive(t *testing.T) {
	a := resource{"S", "A", "T"}
	create := a.create(1, "P", "1")
	i := newInstance(t)
	late(t, i, create)()
	v := mustRead(t, i.ledger, create)
	must(t, v.Record(t.Context(), create, ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted"}, false, i.now))
	mustEnd(t, i, a.undo(2), "Applied")
	if i.ses.String() != "" {
		t.Errorf("SES has %q", i.ses)
	}
}
