package ledger_test

import "testing"

// Somebody who copies a stack's id and a logical id, through another topic or none,
// writes into the record of the same resource. What came through its own topic
// stays, and decides what its undoing removes.
func TestAResourcesRecordIsNotCrowdedOut(t *testing.T) {
	a := resource{"S", "A", "T"}
	names := []string{"Z1", "Z2", "Z3", "Z4", "Z5", "Z6", "Z7", "Z8", "Z9", "Y1", "Y2", "Y3", "Y4"}
	for _, topic := range []string{"X", ""} {
		forger := resource{"S", "A", topic}
		i := newInstance(t)
		mustEnd(t, i, a.create(1, "P", "1"), "Applied")
		for n, name := range names {
			mustEnd(t, i, forger.create(2+n, name, "z"), "Applied")
			mustEnd(t, i, refused(forger.create(200+n, name, "z")), "InvalidPolicy")
		}
		mustEnd(t, i, a.undo(100), "Applied")
		if _, there := i.ses.policies[policyP]; there {
			t.Errorf("%q: SES has %q", topic, i.ses)
		}
	}
}

// The same for the rollback that cancels a replacement.
func TestARollbackIsNotCrowdedOut(t *testing.T) {
	a := resource{"S", "A", "T"}
	for _, topic := range []string{"X", ""} {
		forger := resource{"S", "A", topic}
		i := newInstance(t)
		mustEnd(t, i, a.create(1, "P", "1"), "Applied")
		mustEnd(t, i, a.update(5, "P", "P", "1"), "Applied")
		for n := range 30 {
			mustEnd(t, i, refused(forger.update(10+n, string(rune('a'+n)), "Z", "z")), "InvalidPolicy")
		}
		mustEnd(t, i, a.update(4, "P", "Q", "2"), "Cancelled")
		if i.ses.String() != "P=1" {
			t.Errorf("SES has %q", i.ses)
		}
	}
}
