package ledger_test

import (
	"testing"

	"sespolicy/shared/ledger"
)

// redriven is the request as it comes back from the dead-letter queue.
func redriven(r ledger.Request, id string, second int) ledger.Request {
	r.SourceMessageID, r.MessageID, r.Sent = r.MessageID, id, at(second)
	return r
}

func TestWhatARedriveMayDo(t *testing.T) {
	a := resource{"S", "A", "T"}
	for _, test := range []struct {
		name     string
		request  ledger.Request
		outcome  ledger.Outcome
		answer   ledger.Answer
		redriven func(ledger.Request) ledger.Request
		want     ledger.Decision
	}{
		{"a failure nobody was told of is decided again", a.create(1, "P", "1"), ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted"}, ledger.Pending,
			nil, ledger.Decision{Do: ledger.AskExists, AfterOlder: true}},
		{"a failure that was told is not", a.create(1, "P", "1"), ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted"}, ledger.Told,
			nil, ledger.Decision{Do: ledger.Finish, Outcome: ledger.Outcome{Kind: ledger.Rejected, Code: ledger.AlreadyAnswered}}},
		{"an effect whose answer was not delivered is only answered", a.create(1, "P", "1"), ledger.Outcome{Kind: ledger.Applied, Code: ledger.AnswerUndelivered}, ledger.Pending,
			nil, ledger.Decision{Do: ledger.Repeat, Answer: true, Outcome: ledger.Outcome{Kind: ledger.Applied, Code: ledger.AnswerUndelivered}}},
		{"an effect, though it has expired since", a.create(1, "P", "1"), ledger.Outcome{Kind: ledger.Applied}, ledger.Told,
			func(r ledger.Request) ledger.Request {
				r.Refusal = &ledger.Outcome{Kind: ledger.Rejected, Code: "Expired"}
				return r
			}, ledger.Decision{Do: ledger.Repeat, Outcome: ledger.Outcome{Kind: ledger.Applied}}},
		{"a letter of another body is another request", bare("m1", 1, "1"), ledger.Outcome{Kind: ledger.Applied}, ledger.Told,
			func(r ledger.Request) ledger.Request { r.BodyDigest, r.Text = "other", "2"; return r }, ledger.Decision{Do: ledger.Apply}},
		{"a bare failure is decided again", bare("m1", 1, "1"), ledger.Outcome{Kind: ledger.Rejected, Code: "InvalidPolicy"}, ledger.Pending,
			nil, ledger.Decision{Do: ledger.Apply}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := ledger.New(client(newTable(t)), table)
			v := mustRead(t, l, test.request)
			must(t, v.Record(t.Context(), test.request, test.outcome, false, at(10)))
			must(t, v.NoteLetter(t.Context(), test.request, at(10)))
			must(t, v.NoteAnswer(t.Context(), test.request, test.answer, at(10)))
			again := redriven(test.request, "m9", 20)
			if test.redriven != nil {
				again = test.redriven(again)
			}
			got := mustRead(t, l, again).Decide(again, nil, at(20))
			if got.Do != test.want.Do || got.Outcome.Kind != test.want.Outcome.Kind || got.Outcome.Code != test.want.Outcome.Code || got.Answer != test.want.Answer || got.Letter {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A redriven letter that fails again gets a letter again, and the redrive of
// that one is still the same request.
func TestALetterOfALetter(t *testing.T) {
	l := ledger.New(client(newTable(t)), table)
	first := bare("m1", 1, "1")
	failed := ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted"}
	v := mustRead(t, l, first)
	must(t, v.Record(t.Context(), first, failed, false, at(10)))
	must(t, v.NoteLetter(t.Context(), first, at(10)))
	second := redriven(first, "m2", 20)
	v = mustRead(t, l, second)
	must(t, v.Record(t.Context(), second, failed, false, at(20)))
	if d := v.Decide(second, nil, at(20)); d.Do != ledger.Repeat || !d.Letter {
		t.Errorf("got %+v, want Repeat with a letter", d)
	}
	third := redriven(second, "m3", 30)
	v = mustRead(t, l, third)
	d := v.Decide(third, nil, at(30))
	must(t, v.Intend(t.Context(), third, d, at(60), at(30)))
	must(t, v.Settle(t.Context(), third, d, at(31)))
	for _, r := range []ledger.Request{first, second, third} {
		if d := mustRead(t, l, r).Decide(r, nil, at(40)); d.Do != ledger.Repeat || d.Outcome.Kind != ledger.Applied {
			t.Errorf("%s: got %+v, want Repeat of Applied", r.MessageID, d)
		}
	}
	found, err := l.Status(t.Context(), "m1", "m2", "m3", "m4")
	if err != nil || len(found) != 3 || found["m3"].MessageID != "m1" {
		t.Errorf("got %v, %v", found, err)
	}
}

// SNS may deliver one publish twice, under two ids of SQS. What a requester
// claims makes nobody else's request look done.
func TestASecondDeliveryIsTheSameRequest(t *testing.T) {
	a := resource{"S", "A", ""}
	token := bare("m1", 1, "1")
	token.TaskToken = "token"
	signed := bare("m1", 1, "1")
	signed.Topic, signed.NotificationID = "T", "sns-1"
	unsigned := signed
	unsigned.Topic = ""
	for _, test := range []struct {
		name   string
		first  ledger.Request
		change func(*ledger.Request)
		same   bool
	}{
		{"a stack's", a.create(1, "P", "1"), func(*ledger.Request) {}, true},
		{"a stack's id with another answer's address", a.create(1, "P", "1"), func(r *ledger.Request) { r.ResponseURL = "https://other" }, false},
		{"a stack's id with another text", a.create(1, "P", "1"), func(r *ledger.Request) { r.Text = "2" }, false},
		{"a stack's id through a topic", a.create(1, "P", "1"), func(r *ledger.Request) { r.Topic = "T" }, false},
		{"a workflow's", token, func(*ledger.Request) {}, true},
		{"a workflow's, through another topic", token, func(r *ledger.Request) { r.Topic = "T" }, false},
		{"another token", token, func(r *ledger.Request) { r.TaskToken = "other" }, false},
		{"a verified notification's", signed, func(r *ledger.Request) { r.BodyDigest = "reformatted" }, true},
		{"an unverified notification's id", unsigned, func(r *ledger.Request) { r.Text = "2" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newInstance(t)
			mustEnd(t, i, test.first, "Applied")
			second := test.first
			second.MessageID, second.Sent = "second", at(5)
			test.change(&second)
			d := mustRead(t, i.ledger, second).Decide(second, nil, at(10))
			if (d.Do == ledger.Repeat) != test.same {
				t.Errorf("got %s", d.Do)
			}
		})
	}
}

func TestStatusByTheIDOfSNS(t *testing.T) {
	i := newInstance(t)
	r := bare("m1", 1, "1")
	r.NotificationID = "sns-1"
	mustEnd(t, i, r, "Applied")
	found, err := i.ledger.Status(t.Context(), "sns-1", "sns-1", "m1")
	if err != nil || found["sns-1"].MessageID != "m1" || len(found) != 2 {
		t.Errorf("got %v, %v", found, err)
	}
}

func mustRead(t *testing.T, l *ledger.Ledger, requests ...ledger.Request) *ledger.View {
	t.Helper()
	v, err := l.Read(t.Context(), requests)
	must(t, err)
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A stack's request that nobody was told of comes back after the stack has gone
// on: it does not override what was asked since.
func TestARedrivenRequestOfAStackIsAsOldAsItWas(t *testing.T) {
	a := resource{"S", "A", "T"}
	failed := ledger.Outcome{Kind: ledger.Rejected, Code: "RetriesExhausted"}
	for name, test := range map[string]struct {
		stale ledger.Request
		since []ledger.Request
		ses   string
	}{
		"an Update":           {a.update(2, "P", "P", "2"), []ledger.Request{a.update(3, "P", "P", "3")}, "P=3"},
		"a Delete":            {a.delete(2, "P"), []ledger.Request{a.create(3, "P", "3")}, "P=3"},
		"a rollback":          {a.update(2, "P", "P", "2"), []ledger.Request{a.update(3, "P", "Q", "3")}, "P=2 Q=3"},
		"a Delete with no id": {a.undo(2), []ledger.Request{a.create(3, "Q", "3")}, "Q=3"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstance(t)
			mustEnd(t, i, a.create(1, "P", "1"), "Applied")
			v := mustRead(t, i.ledger, test.stale)
			must(t, v.Record(t.Context(), test.stale, failed, false, i.now))
			for _, r := range test.since {
				mustEnd(t, i, r, "Applied")
			}
			ended, err := i.deliver(t.Context(), redriven(test.stale, "again", 20))
			if err != nil || i.ses.String() != test.ses {
				t.Errorf("%q, %v: SES has %q, want %q", ended, err, i.ses, test.ses)
			}
		})
	}
}
