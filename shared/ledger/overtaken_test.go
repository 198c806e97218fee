package ledger_test

import (
	"testing"

	"sespolicy/shared/ledger"
)

// again is a second copy of a request from SNS: another message, sent a second
// later.
func again(r ledger.Request) ledger.Request {
	r.MessageID += "-again"
	r.Sent = r.Sent.Add(1e9)
	return r
}

// A replacement that SNS delivered twice is not cancelled by its own second copy,
// whichever copy comes first.
func TestASecondCopyCancelsNothing(t *testing.T) {
	a := resource{"S", "A", ""}
	for _, secondFirst := range []bool{false, true} {
		i := newInstance(t)
		mustEnd(t, i, a.create(1, "Q", "1"), "Applied")
		first, second := a.update(2, "Q", "P", "2"), again(a.update(2, "Q", "P", "2"))
		if secondFirst {
			first, second = second, first
		}
		late(t, i, first)
		mustEnd(t, i, second, "Applied")
		mustEnd(t, i, first, "Applied")
		if got := i.ses.String(); got != "P=2 Q=1" {
			t.Errorf("second copy first: %v: SES has %q, want P=2 Q=1", secondFirst, got)
		}
	}
}

// What a create may have put is settled by somebody else, though by an older
// request: the create owns nothing of it.
func TestAnOlderRequestThatCameLaterTakesTheDoubtAway(t *testing.T) {
	a := resource{"S", "A", "T"}
	create := a.create(2, "P", "2")
	t.Run("its Delete removes nothing", func(t *testing.T) {
		i := newInstance(t)
		late(t, i, create)
		mustEnd(t, i, bare("m", 1, "1"), "Applied")
		mustEnd(t, i, a.undo(3), "Applied")
		if got := i.ses.String(); got != "P=1" {
			t.Errorf("SES has %q, want P=1", got)
		}
	})
	t.Run("it claims nothing", func(t *testing.T) {
		i := newInstance(t)
		late(t, i, create)
		mustEnd(t, i, bare("m", 1, "1"), "Applied")
		mustEnd(t, i, create, ledger.AlreadyExists)
	})
	t.Run("it is put once the policy is gone", func(t *testing.T) {
		i := newInstance(t)
		late(t, i, create)
		mustEnd(t, i, bare("m", 1, "1"), "Applied")
		delete(i.ses.policies, policyP)
		mustEnd(t, i, create, "Applied")
		mustEnd(t, i, a.delete(4, "P"), "Applied")
		if got := i.ses.String(); got != "" {
			t.Errorf("SES has %q, want nothing", got)
		}
	})
}
