package ledger_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/ledger"
)

// a resource of a stack, through a topic that was verified, or none.
type resource struct{ stack, logical, topic string }

// asks is the resource's request in that second. An id is made of what it says.
func (r resource) asks(second int, requestType, physical, name, text string) ledger.Request {
	id := fmt.Sprintf("%s-%s-%s-%d-%s", r.stack, r.logical, r.topic, second, requestType)
	request := ledger.Request{MessageID: id, BodyDigest: ledger.Digest(id, text), Sent: at(second), Topic: r.topic, Action: ledger.Put,
		Identity: "example.com", PolicyName: name, Text: text, ResponseURL: "https://example.com/" + id,
		Stack: &ledger.Stack{RequestType: requestType, StackID: "arn:aws:cloudformation:us-east-1:111122223333:stack/" + r.stack + "/uuid-" + r.stack,
			RequestID: id, LogicalID: r.logical, PhysicalID: physical}}
	if requestType == "Delete" {
		request.Action = ledger.Delete
	}
	if name == "" {
		request.Identity = ""
	}
	return request
}

func (r resource) create(second int, name, text string) ledger.Request {
	return r.asks(second, "Create", "", name, text)
}

func (r resource) adopt(second int, name, text string) ledger.Request {
	request := r.asks(second, "Create", "", name, text)
	request.Stack.AdoptExisting = true
	return request
}

func (r resource) update(second int, from, name, text string) ledger.Request {
	return r.asks(second, "Update", "example.com/"+from, name, text)
}

func (r resource) delete(second int, name string) ledger.Request {
	return r.asks(second, "Delete", "example.com/"+name, name, "")
}

// undo is the Delete of a Create that CloudFormation has no id of.
func (r resource) undo(second int) ledger.Request {
	return r.asks(second, "Delete", "nothing-made-for-"+r.logical, "", "")
}

func remove(id string, second int) ledger.Request {
	r := bare(id, second, "")
	r.Action = ledger.Delete
	return r
}

func batch(requests ...ledger.Request) []ledger.Request { return requests }

// A life is a sequence of batches, what becomes of each request, and what SES
// has in the end.
func TestLives(t *testing.T) {
	a, b := resource{"S", "A", "T"}, resource{"S", "B", "T"}
	other, forged, elsewhere := resource{"O", "A", "T"}, resource{"S", "A", ""}, resource{"S", "A", "X"}
	untrusted, renamed := resource{"U", "A", ""}, resource{"U", "B", ""}
	for _, life := range []struct {
		name    string
		has     map[string]string // SES at the start
		share   bool
		batches [][]ledger.Request
		want    [][]string
		ses     string
	}{
		{name: "created, updated, deleted", ses: "",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(2, "P", "P", "2")), batch(a.delete(3, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a Delete that found nothing overtakes the older Update of its resource", ses: "",
			batches: [][]ledger.Request{batch(a.delete(3, "P")), batch(a.update(2, "P", "P", "2"))},
			want:    [][]string{{"Applied"}, {"Superseded by own stack"}}},
		{name: "but nobody else's request", ses: "P=2",
			batches: [][]ledger.Request{batch(a.delete(3, "P")), batch(b.update(2, "P", "P", "2"))},
			want:    [][]string{{"Applied"}, {"Applied"}}},
		{name: "a policy made by hand stays, whatever id the Delete of a refused Create has", ses: "P=0", has: map[string]string{"P": "0"},
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.delete(2, "P")), batch(a.undo(3))},
			want:    [][]string{{"AlreadyExists"}, {"Applied"}, {"Applied"}}},
		{name: "replaced under another name", ses: "Q=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(2, "P", "Q", "2")), batch(a.delete(3, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a replacement that the stack rolls back removes what it put", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(2, "P", "Q", "2")), batch(a.update(3, "P", "P", "1"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a replacement that arrives after its rollback is cancelled", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(3, "P", "P", "1")), batch(a.update(2, "P", "Q", "2"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Cancelled"}}},
		{name: "a replacement on a policy that exists", ses: "P=1 Q=hand", has: map[string]string{"Q": "hand"},
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(2, "P", "Q", "2")), batch(a.update(3, "P", "P", "1"))},
			want:    [][]string{{"Applied"}, {"AlreadyExists"}, {"Applied"}}},
		{name: "an update of the same name is never cancelled", ses: "P=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.undo(3)), batch(a.create(4, "P", "1")), batch(a.update(5, "P", "P", "2"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a logical id changed", ses: "P=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(b.create(2, "P", "2")), batch(a.delete(3, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a logical id changed, without a topic", ses: "P=2",
			batches: [][]ledger.Request{batch(untrusted.create(1, "P", "1")), batch(renamed.create(2, "P", "2")), batch(untrusted.delete(3, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a logical id changed, rolled back: text and owner come back", ses: "P=3",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(b.create(2, "P", "2")), batch(b.delete(3, "P")), batch(b.delete(4, "P")), batch(a.update(5, "P", "P", "3"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a taker that is deleted after the resource it took from restores nothing", ses: "",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(b.create(2, "P", "2")), batch(a.delete(3, "P")), batch(b.delete(4, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "kept by its stack, created again under another name, refused and undone: the kept one stays", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(refused(a.create(2, "Q", "2"))), batch(a.undo(3))},
			want:    [][]string{{"Applied"}, {"InvalidPolicy"}, {"Applied"}}},
		{name: "replaced twice, and the stack keeps what was replaced", ses: "P=4 Q=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(2, "P", "Q", "2")), batch(a.update(3, "Q", "P", "3")), batch(a.update(4, "P", "P", "4"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "shared: what was revoked after a takeover does not come back with its rollback", ses: "", share: true,
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(b.create(2, "P", "2")), batch(remove("m", 3)), batch(b.undo(4))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a takeover by an update, rolled back by both: the taker's text does not come back", ses: "Q=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(b.create(2, "Q", "2")), batch(b.update(3, "Q", "P", "3")),
				batch(a.update(4, "P", "P", "1")), batch(b.update(5, "Q", "Q", "2")), batch(a.delete(6, "P"))},
			want: [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "two stacks with one name", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(other.create(2, "P", "2")), batch(other.undo(3)), batch(other.delete(4, "P"))},
			want:    [][]string{{"Applied"}, {"OwnedByStack"}, {"Applied"}, {"Applied"}}},
		{name: "two stacks with one name, shared: AdoptExisting takes no stack's policy", ses: "P=1", share: true,
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(other.adopt(2, "P", "2"))},
			want:    [][]string{{"Applied"}, {"AlreadyExists"}}},
		{name: "a create on a policy made by hand", ses: "P=hand", has: map[string]string{"P": "hand"},
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.undo(2))},
			want:    [][]string{{"AlreadyExists"}, {"Applied"}}},
		{name: "equal text claims nothing", ses: "P=1", has: map[string]string{"P": "1"},
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.undo(2))},
			want:    [][]string{{"AlreadyExists"}, {"Applied"}}},
		{name: "adopted and deleted", ses: "", has: map[string]string{"P": "hand"},
			batches: [][]ledger.Request{batch(a.adopt(1, "P", "1")), batch(a.delete(2, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}}},
		{name: "a bare request for a stack's policy", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(bare("m", 2, "2")), batch(remove("n", 3))},
			want:    [][]string{{"Applied"}, {"OwnedByStack"}, {"OwnedByStack"}}},
		{name: "shared: a bare put never changes the owner", ses: "", share: true,
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(bare("m", 2, "2")), batch(a.delete(3, "P"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "the stack's delete and another stack's create in one batch", ses: "P=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(other.create(3, "P", "2"), a.delete(2, "P"))},
			want:    [][]string{{"Applied"}, {"Applied", "Applied"}}},
		{name: "a create that its stack deleted, the delete first", ses: "",
			batches: [][]ledger.Request{batch(a.undo(2)), batch(a.create(1, "P", "1"))},
			want:    [][]string{{"Applied"}, {"Cancelled"}}},
		{name: "a create that its stack deleted, in one batch", ses: "",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1"), a.undo(2))},
			want:    [][]string{{"Cancelled", "Applied"}}},
		{name: "a create that its stack deleted, the delete last", ses: "",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.undo(2))},
			want:    [][]string{{"Applied"}, {"Applied"}}},
		{name: "a create that was deleted and created again", ses: "P=3",
			batches: [][]ledger.Request{batch(a.undo(2)), batch(a.create(3, "P", "3")), batch(a.create(1, "P", "1"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Cancelled"}}},
		{name: "a forged delete before its victim", ses: "P=1",
			batches: [][]ledger.Request{batch(forged.undo(2)), batch(a.create(1, "P", "1"))},
			want:    [][]string{{"Applied"}, {"Applied"}}},
		{name: "a forged delete in its victim's batch", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1"), forged.undo(2))},
			want:    [][]string{{"Applied", "Applied"}}},
		{name: "a forged delete after its victim", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(forged.delete(2, "P"), forged.undo(3))},
			want:    [][]string{{"Applied"}, {"Applied", "Applied"}}},
		{name: "a forged delete through another topic, before and after", ses: "P=2",
			batches: [][]ledger.Request{batch(elsewhere.undo(2)), batch(a.create(1, "P", "1")), batch(elsewhere.delete(4, "P")), batch(a.update(3, "P", "P", "2"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a forged delete through the topic: the stack is not told SUCCESS", ses: "",
			batches: [][]ledger.Request{batch(a.undo(2)), batch(a.create(1, "P", "1"))},
			want:    [][]string{{"Applied"}, {"Cancelled"}}},
		{name: "a forged delete of another stack's", ses: "P=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(other.delete(4, "P")), batch(a.update(2, "P", "P", "2"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Applied"}}},
		{name: "a delete with a made-up id", ses: "P=1",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.asks(2, "Delete", "arn:aws:ses:us-east-1:1:identity/example.com/P", "", ""))},
			want:    [][]string{{"Applied"}, {"Applied"}}},
		{name: "overtaken by its own stack", ses: "P=2",
			batches: [][]ledger.Request{batch(a.create(1, "P", "1")), batch(a.update(3, "P", "P", "2")), batch(a.update(2, "P", "P", "x"))},
			want:    [][]string{{"Applied"}, {"Applied"}, {"Superseded by own stack"}}},
		{name: "overtaken by somebody else", ses: "P=2",
			batches: [][]ledger.Request{batch(bare("m", 3, "2")), batch(a.create(1, "P", "1"))},
			want:    [][]string{{"Applied"}, {"Superseded"}}},
		{name: "the newest of a batch is applied alone", ses: "P=3",
			batches: [][]ledger.Request{batch(bare("m1", 1, "1"), bare("m3", 3, "3"), bare("m2", 2, "2"))},
			want:    [][]string{{"Superseded", "Applied", "Superseded"}}},
		{name: "one millisecond: the message id decides", ses: "P=b",
			batches: [][]ledger.Request{batch(bare("b", 1, "b")), batch(bare("a", 1, "a"))},
			want:    [][]string{{"Applied"}, {"Superseded"}}},
		{name: "a revoked grant stays revoked", ses: "",
			batches: [][]ledger.Request{batch(remove("m2", 2)), batch(bare("m1", 1, "1"))},
			want:    [][]string{{"Applied"}, {"Superseded"}}},
		{name: "no record, as after the table was lost: the stack's delete takes effect", ses: "", has: map[string]string{"P": "1"},
			batches: [][]ledger.Request{batch(a.delete(2, "P"))},
			want:    [][]string{{"Applied"}}},
		{name: "no record: the stack's update takes ownership", ses: "P=2", has: map[string]string{"P": "1"},
			batches: [][]ledger.Request{batch(a.update(2, "P", "P", "2")), batch(bare("m", 3, "3"))},
			want:    [][]string{{"Applied"}, {"OwnedByStack"}}},
	} {
		t.Run(life.name, func(t *testing.T) {
			i := newInstance(t)
			i.ledger.SharePolicies = life.share
			for name, text := range life.has {
				i.ses.policies[ledger.Name{Identity: "example.com", PolicyName: name}] = text
			}
			var got [][]string
			for _, b := range life.batches {
				ended, err := i.deliver(t.Context(), b...)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, ended)
			}
			if diff := cmp.Diff(life.want, got); diff != "" {
				t.Error(diff)
			}
			if i.ses.String() != life.ses {
				t.Errorf("SES has %q, want %q", i.ses, life.ses)
			}
			calls := i.ses.calls
			for n, b := range life.batches {
				ended, err := i.deliver(t.Context(), b...)
				if err != nil || !cmp.Equal(ended, life.want[n]) {
					t.Errorf("delivered again: got %q, %v, want %q", ended, err, life.want[n])
				}
			}
			if i.ses.calls != calls {
				t.Errorf("delivered again: %d calls of SES, want none", i.ses.calls-calls)
			}
		})
	}
}
