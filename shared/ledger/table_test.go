package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	"sespolicy/shared/ledger"
)

// items are all items of the table.
func items(t *testing.T, w wire) []map[string]types.AttributeValue {
	t.Helper()
	out, err := client(w).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
	must(t, err)
	return out.Items
}

func TestAtMostFiftyEarlierVersionsAreKept(t *testing.T) {
	w := newTable(t)
	i := &instance{ledger: ledger.New(client(w), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
	for n := range 54 {
		mustEnd(t, i, bare(fmt.Sprint("m", n), n, fmt.Sprint(n)), "Applied")
	}
	history, err := i.ledger.History(t.Context(), policyP)
	must(t, err)
	if len(history) != 51 || history[0].Text != "53" || history[1].Text != "52" || history[50].Text != "3" {
		t.Errorf("got %d records, the first %q, the last %q", len(history), history[0].Text, history[len(history)-1].Text)
	}
}

// Whatever a requester writes, no item comes near DynamoDB's 400 KB, and no key
// near its 2 KB.
func TestItemsStayBounded(t *testing.T) {
	w := newTable(t)
	i := &instance{ledger: ledger.New(client(w), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
	huge := strings.Repeat("é\xff", 3_000)
	hostile := resource{huge, huge, "T"}
	for n := range 26 {
		text := fmt.Sprint(n, strings.Repeat("x", 4090))
		create := hostile.create(n, fmt.Sprint("P", n), text)
		create.MessageID, create.SenderID = fmt.Sprint("m", n), huge
		mustEnd(t, i, create, "Applied")
		update := hostile.update(n, huge, "Q", text)
		update.MessageID, update.NotificationID, update.TaskToken = fmt.Sprint("u", n), huge, huge
		i.lost = true
		if _, err := i.deliver(t.Context(), update); err != nil {
			t.Fatal(err)
		}
		i.lost = false
		update.Refusal = &ledger.Outcome{Kind: ledger.Rejected, Code: "InvalidPolicy", Message: huge}
		update.Identity, update.PolicyName = huge, huge
		mustEnd(t, i, update, "InvalidPolicy")
	}
	for _, item := range items(t, w) {
		text, err := json.Marshal(item)
		must(t, err)
		if len(text) > 100_000 {
			t.Errorf("an item of %d bytes", len(text))
		}
		if pk := item["PK"].(*types.AttributeValueMemberS).Value; len(pk) > 100 {
			t.Errorf("a key of %d bytes", len(pk))
		}
	}
}

// Requests expire 30 days after their last write; the current record of a
// policy and what a resource has put never do.
func TestWhatExpires(t *testing.T) {
	w := newTable(t)
	i := &instance{ledger: ledger.New(client(w), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
	a, b := resource{"S", "A", "T"}, resource{"S", "B", "T"}
	mustEnd(t, i, a.create(1, "P", "1"), "Applied")
	mustEnd(t, i, a.update(2, "P", "P", "2"), "Applied")
	mustEnd(t, i, b.undo(3), "Applied")
	for _, item := range items(t, w) {
		pk := item["PK"].(*types.AttributeValueMemberS).Value
		kind, _, _ := strings.Cut(pk, "#")
		_, made := item["Made"]
		expires, ok := item["ExpiresAt"].(*types.AttributeValueMemberN)
		if want := kind == "request" || kind == "alias" || kind == "resource" && !made; ok != want {
			t.Errorf("%s expires: %v, want %v", kind, ok, want)
		}
		if ok && expires.Value != fmt.Sprint(at(1000).Add(30*24*time.Hour).Unix()) {
			t.Errorf("%s expires at %s", kind, expires.Value)
		}
	}
}

func TestUnprocessedItemsAreUnreadNotAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		minidyn := server.NewServer()
		w := createTable(t, serve(minidyn))
		i := &instance{ledger: ledger.New(client(w), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
		r := bare("m1", 1, "1")
		mustEnd(t, i, r, "Applied")
		asked := 0
		minidyn.EmulateUnprocessedItems(table, func(_ int, item map[string]*server.AttributeValue) bool {
			asked++
			return strings.HasPrefix(*item["PK"].S, "request#")
		})
		begun := time.Now()
		if d := mustRead(t, i.ledger, r).Decide(r, nil, at(1000)); d.Do != ledger.Unread {
			t.Errorf("got %s, want Unread", d.Do)
		}
		if took := time.Since(begun); took != 140*time.Millisecond {
			t.Errorf("took %v, want 140ms: 20, 40 and 80", took)
		}
		if _, err := i.ledger.Status(t.Context(), "m1"); err == nil {
			t.Error("Status: got no error")
		}
		minidyn.ClearUnprocessedItems()
		mustEnd(t, i, r, "Applied")
	})
}

// Another instance waits for the lease, and no longer.
func TestALeaseHoldsUntilItsEnd(t *testing.T) {
	w := newTable(t)
	mine, theirs := ledger.New(client(w), table), ledger.New(client(w), table)
	r, other := bare("m1", 1, "1"), bare("m2", 2, "2")
	v := mustRead(t, mine, r)
	must(t, v.Intend(t.Context(), r, v.Decide(r, nil, at(10)), at(60), at(10)))
	for second, want := range map[int]ledger.Do{59: ledger.Wait, 60: ledger.Apply} {
		if d := mustRead(t, theirs, other).Decide(other, nil, at(second)); d.Do != want {
			t.Errorf("at %d: got %s, want %s", second, d.Do, want)
		}
	}
	if d := mustRead(t, mine, other).Decide(other, nil, at(11)); d.Do != ledger.Apply {
		t.Errorf("the same instance: got %s, want Apply", d.Do)
	}
	stale := mustRead(t, theirs, other)
	must(t, v.Settle(t.Context(), r, ledger.Decision{Do: ledger.Apply, Change: ledger.Change{Action: ledger.Put, Name: policyP, Text: "1"}}, at(11)))
	if err := stale.Intend(t.Context(), other, ledger.Decision{Change: ledger.Change{Action: ledger.Put, Name: policyP, Text: "2"}}, at(99), at(61)); !errors.Is(err, ledger.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

func TestReleaseGivesUpTheOwner(t *testing.T) {
	i := newInstance(t)
	a := resource{"S", "A", "T"}
	mustEnd(t, i, a.create(1, "P", "1"), "Applied")
	owner, err := i.ledger.Release(t.Context(), policyP, at(2))
	if err != nil || owner == nil || owner.StackName() != "S" {
		t.Errorf("got %v, %v", owner, err)
	}
	if owner, err := i.ledger.Release(t.Context(), policyP, at(2)); err != nil || owner != nil {
		t.Errorf("a second time: got %v, %v", owner, err)
	}
	mustEnd(t, i, bare("m", 3, "3"), "Applied")
	mustEnd(t, i, a.delete(4, "P"), "Applied")
	if got := i.ses.String(); got != "P=3" {
		t.Errorf("SES has %q", got)
	}
}

func TestAllYieldsCurrentRecordsOnly(t *testing.T) {
	i := newInstance(t)
	mustEnd(t, i, bare("m1", 1, "1"), "Applied")
	mustEnd(t, i, bare("m2", 2, "2"), "Applied")
	q := bare("m3", 3, "3")
	q.PolicyName = "Q"
	mustEnd(t, i, q, "Applied")
	got := map[string]string{}
	for p, err := range i.ledger.All(t.Context()) {
		must(t, err)
		got[p.PolicyName] += p.Text
	}
	if len(got) != 2 || got["P"] != "2" || got["Q"] != "3" {
		t.Errorf("got %v", got)
	}
}

// The table goes back to what it was after the first request: what was applied
// since is applied again if it still waits, and no policy is removed that its
// own stack did not delete.
func TestATableRestoredToAnEarlierTime(t *testing.T) {
	a, other := resource{"S", "A", "T"}, resource{"O", "A", "T"}
	minidyn := server.NewServer()
	w := createTable(t, serve(minidyn))
	i := &instance{ledger: ledger.New(client(w), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
	create, update := a.create(1, "P", "1"), a.update(2, "P", "P", "2")
	mustEnd(t, i, create, "Applied")
	kept := items(t, w)
	mustEnd(t, i, update, "Applied")
	must(t, minidyn.ClearTable(table))
	for _, item := range kept {
		_, err := client(w).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item})
		must(t, err)
	}
	i.ledger = ledger.New(client(w), table)
	mustEnd(t, i, create, "Applied")
	mustEnd(t, i, other.delete(3, "P"), "Applied")
	if got := i.ses.String(); got != "P=2" {
		t.Errorf("SES has %q, want what was applied last", got)
	}
	mustEnd(t, i, update, "Applied")
	mustEnd(t, i, a.delete(4, "P"), "Applied")
	if got := i.ses.String(); got != "" {
		t.Errorf("SES has %q after the stack's own delete", got)
	}
}

// A write costs one call, a batch's read one, and another if something is named
// by what was read.
func TestHowManyCallsOneRequestCosts(t *testing.T) {
	calls := map[string]int{}
	w := newTable(t)
	counted := wire(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		calls[operation]++
		return w(r)
	})
	i := &instance{ledger: ledger.New(client(counted), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
	var batch []ledger.Request
	for n := range 10 {
		r := bare(fmt.Sprint("m", n), n, "1")
		r.PolicyName = fmt.Sprint("P", n)
		batch = append(batch, r)
	}
	if _, err := i.deliver(t.Context(), batch...); err != nil {
		t.Fatal(err)
	}
	if calls["BatchGetItem"] != 1 || calls["TransactWriteItems"] != 20 {
		t.Errorf("got %v, want one read and 20 writes", calls)
	}
}
