package ledger_test

import (
	"errors"
	"testing"

	"sespolicy/shared/ledger"
)

// An instance has a Create and its undoing in one batch. Another one settles the
// Create meanwhile: when the first decides on the undoing again, it must see the
// policy as it is now, though it had read it for the Create.
func TestARefreshReadsWhatTheBatchHadReadBefore(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
	a := resource{"S", "A", "T"}
	create, undo := a.create(1, "P", "1"), a.undo(2)
	slow := ledger.New(client(w), table)
	v, err := slow.Read(t.Context(), batch(create, undo))
	must(t, err)
	other := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10)}
	mustEnd(t, other, create, "Applied")
	if err := v.Finish(t.Context(), undo, v.Decide(undo, nil, at(11)), at(11)); !errors.Is(err, ledger.ErrChanged) {
		t.Fatalf("got %v, want ErrChanged", err)
	}
	if d := v.Decide(undo, nil, at(12)); d.Do != ledger.Apply || d.Change.Action != ledger.Delete {
		t.Errorf("got %+v, want the policy deleted", d)
	}
}

// A Create was killed in its call, and another instance is undoing it: whether the
// Create has left anything is known once that has been settled.
func TestACancelledCreateWaitsForTheCallThatUndoesIt(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
	a := resource{"S", "A", "T"}
	create, undo := a.create(1, "P", "1"), a.undo(2)
	killed := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10), step: stopBefore("SES")}
	if _, err := killed.deliver(t.Context(), create); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	undoing := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(1000), step: stopBefore("Settle")}
	if _, err := undoing.deliver(t.Context(), undo); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	v, err := ledger.New(client(w), table).Read(t.Context(), batch(create))
	must(t, err)
	if d := v.Decide(create, nil, at(1001)); d.Do != ledger.Wait {
		t.Errorf("got %+v, want Wait", d)
	}
}

// What a refused request may have put goes, though what was settled meanwhile is
// older than the request.
func TestARefusedAttemptIsRepairedThoughTheRecordIsOlder(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
	a, late := resource{"S", "A", "T"}.create(1, "P", "1"), bare("m2", 2, "2")
	i := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10), lost: true}
	if _, err := i.deliver(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	ses.policies = map[ledger.Name]string{} // the call is still under way
	again := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(100)}
	mustEnd(t, again, a, "Applied")
	ses.policies[policyP] = "2" // it arrives
	mustEnd(t, again, late, "OwnedByStack")
	if ses.String() != "P=1" {
		t.Errorf("SES has %q", ses)
	}
}

// Nothing is known of the policy that a Delete names, and its first call had no
// answer: the second delivery makes it again.
func TestADeleteOfAnUnknownPolicyIsRepeated(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{policyP: "1"}}
	undo := resource{"S", "A", "T"}.delete(1, "P")
	killed := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10), step: stopBefore("SES")}
	if _, err := killed.deliver(t.Context(), undo); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	mustEnd(t, &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(1000)}, undo, "Applied")
	if ses.String() != "" {
		t.Errorf("SES has %q, want nothing", ses)
	}
}

// A resource is taking a policy over from another of its stack, and its undoing
// comes to a second instance before that is settled.
func TestAnUndoingWaitsForTheTakeoverInFlight(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
	a, b := resource{"S", "A", "T"}, resource{"S", "B", "T"}
	mustEnd(t, &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(5)}, a.create(1, "P", "1"), "Applied")
	taking := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10), step: stopBefore("Settle")}
	if _, err := taking.deliver(t.Context(), b.create(2, "P", "2")); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	undo := b.undo(3)
	v, err := ledger.New(client(w), table).Read(t.Context(), batch(undo))
	must(t, err)
	if d := v.Decide(undo, nil, at(11)); d.Do != ledger.Wait {
		t.Errorf("got %+v, want Wait", d)
	}
}

// A Create is tried again while a second instance decides on its undoing: only
// one of the two can go on.
func TestARepeatedCreateAndItsUndoingMeet(t *testing.T) {
	w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
	a, b := resource{"S", "A", "T"}, resource{"S", "B", "T"}
	mustEnd(t, &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(5)}, a.create(1, "P", "1"), "Applied")
	create, undo := b.create(2, "P", "2"), b.undo(3)
	killed := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(10), step: stopBefore("SES")}
	if _, err := killed.deliver(t.Context(), create); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	one, two := ledger.New(client(w), table), ledger.New(client(w), table)
	v, err := one.Read(t.Context(), batch(undo))
	must(t, err)
	u, err := two.Read(t.Context(), batch(create))
	must(t, err)
	must(t, u.Intend(t.Context(), create, u.Decide(create, nil, at(1000)), at(1060), at(1000)))
	if err := v.Finish(t.Context(), undo, v.Decide(undo, nil, at(1000)), at(1000)); !errors.Is(err, ledger.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

// stopBefore kills a delivery before a step.
func stopBefore(step string) func(string) error {
	return func(name string) error {
		if name == step {
			return errCrash
		}
		return nil
	}
}
