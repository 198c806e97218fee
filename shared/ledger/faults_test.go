package ledger_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"sespolicy/shared/ledger"
)

// fault is what happens to one call of DynamoDB.
type fault string

const (
	fails     fault = "fails"
	loses     fault = "loses its answer"
	losesBoth fault = "loses its answer, and the next read fails"
)

// faulty is a wire on which the n-th write has a fault; it counts the writes.
func faulty(w wire, kind fault, n int, writes *int) wire {
	blind := false
	return func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") {
			if blind {
				blind = false
				return unavailable(r), nil
			}
			return w(r)
		}
		if *writes++; *writes != n {
			return w(r)
		}
		if kind != fails {
			response, err := w(r)
			if err != nil || response.StatusCode != http.StatusOK {
				return response, err
			}
			blind = kind == losesBoth
		}
		return unavailable(r), nil
	}
}

func unavailable(r *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusInternalServerError, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"__type":"InternalServerError"}`))}
}

// story is two requests for one policy, with what becomes of them.
type story struct {
	name     string
	first    ledger.Request
	second   ledger.Request
	want     [2]string
	ses      string
	hasFirst string // SES at the start
}

func stories() []story {
	a, other := resource{"S", "A", "T"}, resource{"O", "A", "T"}
	return []story{
		{"two puts", bare("m1", 1, "1"), bare("m2", 2, "2"), [2]string{"Applied", "Applied"}, "P=2", ""},
		{"put and delete", bare("m1", 1, "1"), remove("m2", 2), [2]string{"Applied", "Applied"}, "", ""},
		{"create and update", a.create(1, "P", "1"), a.update(2, "P", "P", "2"), [2]string{"Applied", "Applied"}, "P=2", ""},
		{"create and delete", a.create(1, "P", "1"), a.delete(2, "P"), [2]string{"Applied", "Applied"}, "", ""},
		{"create and refused create", a.create(1, "P", "1"), other.create(2, "P", "2"), [2]string{"Applied", "OwnedByStack"}, "P=1", ""},
		{"create on an existing policy", a.create(1, "P", "1"), a.undo(2), [2]string{"AlreadyExists", "Applied"}, "P=hand", "hand"},
	}
}

// run delivers the two requests, each until it has ended, by i and then by
// fresh instances after its lease.
func (s story) run(t *testing.T, i *instance, w wire) {
	t.Helper()
	for n, r := range []ledger.Request{s.first, s.second} {
		for try := 0; ; try++ {
			if try == 6 {
				t.Fatalf("request %d has not ended after %d deliveries", n+1, try)
			}
			ended, err := i.deliver(t.Context(), r)
			if err == nil && ended[0] != "Retry" && ended[0] != "Wait" {
				if ended[0] != s.want[n] {
					t.Errorf("request %d: got %s, want %s", n+1, ended[0], s.want[n])
				}
				break
			}
			i = &instance{ledger: ledger.New(client(w), table), ses: i.ses, now: i.now.Add(120e9), step: i.step}
		}
	}
	if i.ses.String() != s.ses {
		t.Errorf("SES has %q, want %q", i.ses, s.ses)
	}
}

func (s story) start() *sesModel {
	model := &sesModel{policies: map[ledger.Name]string{}}
	if s.hasFirst != "" {
		model.policies[ledger.Name{Identity: "example.com", PolicyName: "P"}] = s.hasFirst
	}
	return model
}

// Each write fails, or succeeds and its answer is lost. At most one call of SES
// is made again, and nothing else changes.
func TestEachWriteMayFailOrLoseItsAnswer(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			plain := &instance{ses: s.start(), now: at(1000)}
			writes := 0
			w := faulty(newTable(t), fails, 0, &writes)
			plain.ledger = ledger.New(client(w), table)
			s.run(t, plain, w)
			for _, kind := range []fault{fails, loses, losesBoth} {
				for n := 1; n <= writes; n++ {
					count := 0
					w := faulty(newTable(t), kind, n, &count)
					i := &instance{ledger: ledger.New(client(w), table), ses: s.start(), now: at(1000)}
					s.run(t, i, w)
					extra := i.ses.calls - plain.ses.calls
					if kind == loses && extra > 0 || extra > 1 {
						t.Errorf("write %d %s: %d calls of SES more", n, kind, extra)
					}
				}
			}
		})
	}
}

// The process is killed before each step. At most one call is made again.
func TestEachStepMayBeTheLast(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			var steps []string
			plain := &instance{ses: s.start(), now: at(1000), step: func(name string) error { steps = append(steps, name); return nil }}
			w := newTable(t)
			plain.ledger = ledger.New(client(w), table)
			s.run(t, plain, w)
			for n, last := range steps {
				w := newTable(t)
				count := 0
				i := &instance{ledger: ledger.New(client(w), table), ses: s.start(), now: at(1000), step: func(string) error {
					if count++; count == n+1 {
						return errCrash
					}
					return nil
				}}
				s.run(t, i, w)
				extra := i.ses.calls - plain.ses.calls
				if extra > 1 || extra == 1 && last != "Settle" {
					t.Errorf("killed before step %d, %s: %d calls of SES more", n+1, last, extra)
				}
			}
		})
	}
}

func TestAnUnreachableLedgerIsAnErrorAndAnUnprocessedItemUnread(t *testing.T) {
	r := bare("m1", 1, "1")
	down := ledger.New(client(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }), table)
	if _, err := down.Read(t.Context(), []ledger.Request{r}); err == nil {
		t.Error("got no error")
	}
	if _, err := down.Status(t.Context(), "m1"); err == nil {
		t.Error("Status: got no error")
	}
}
