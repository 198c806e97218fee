package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/local/email"
	"sespolicy/shared/outcome"
)

// backup copies the ledger's table; the function that it returns restores it to
// that time.
func (w *world) backup(t *testing.T) (restore func()) {
	t.Helper()
	client := dynamodb.NewFromConfig(w.config)
	table := ledgerTable
	page, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil || page.LastEvaluatedKey != nil {
		t.Fatal(page, err)
	}
	return func() {
		t.Helper()
		if err := w.table.Clear(table); err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The table is restored to an earlier time under a running deployment. What was
// recorded since is forgotten: the owners go on with their policies, nobody else
// gets hold of them, and what still waits is decided once more.
func TestATableRestoredUnderTheFunction(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, stackBody("Create", "", "P"), putBody("b.com", "R", "revoked"))
		restore := w.backup(t)
		w.deliver(t, stackBody("Create", "", "Q"), deleteBody("b.com", "R"))
		// Applied after the backup, its answer not delivered: it waits on the queue.
		w.bucket.SetFault(refuse(503))
		expect(t, "handed back", len(w.deliver(t, stackBody("Update", "a.com/P", "P"))), 1)
		w.bucket.SetFault(nil)
		restore()

		before := w.puts()
		time.Sleep(outcome.FirstDelay)
		expect(t, "handed back", len(w.receive(t)), 0)
		expect(t, "calls for what waited", w.puts()-before, 1)
		expect(t, "told", w.told(), "SUCCESS SUCCESS SUCCESS")
		expect(t, "the revoked one", len(w.ses.Policies()["b.com"]), 0)

		w.deliver(t, stackRequest(foreignStack, "L", "Delete", "a.com/P", "{}"), deleteBody("a.com", "P"))
		expect(t, "after a foreign Delete", slices.Sorted(maps.Keys(w.ses.Policies()["a.com"])), "[P Q]")
		w.deliver(t, stackBody("Delete", "a.com/P", "P"), stackBody("Delete", "a.com/Q", "Q"))
		expect(t, "after their own", len(w.ses.Policies()["a.com"]), 0)
		expect(t, "letters", w.codes(), "[OwnedByStack]")
	})
}

// The last retry's cause is in the ledger, until the request has an outcome.
func TestARetryIsRecordedWithItsCause(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		for _, test := range []struct{ name, body, action string }{
			{"a put", putBody("a.com", "P", ""), "PutIdentityPolicy"},
			{"a look before a create", stackBody("Create", "", "Q"), "GetIdentityPolicies"},
		} {
			w.ses.SetFault(func(c email.Call) email.Fault {
				if c.Action != test.action {
					return email.Fault{}
				}
				return email.Fault{Status: 403, Code: "AccessDenied", Message: "not authorized to perform ses:" + test.action}
			})
			w.send(t, test.body)
			id := w.requests.Snapshot()[len(w.requests.Snapshot())-1].ID
			w.receive(t)
			entries, err := w.ledger.Status(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			got := entries[id].Outcome
			if got.Kind != "" || got.Code != outcome.CauseAccessDenied || !strings.Contains(got.Message, test.action) {
				t.Errorf("%s: got %+v", test.name, got)
			}
			w.ses.SetFault(nil)
			time.Sleep(outcome.MaxDelay)
			w.receive(t)
			if entries, err = w.ledger.Status(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			expect(t, test.name, entries[id].Outcome, "{Applied   false}")
		}
	})
}

// An event is known by EventBridge's id, which PutEvents returns.
func TestStatusByTheEventsID(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		w.deliver(t, `{"version":"0","id":"e-1","detail-type":"SES Identity Policy Request","source":"com.example","account":"123456789012","time":"2026-01-02T03:04:05Z","region":"us-east-1","resources":[],"detail":`+putBody("a.com", "P", "")+`}`)
		entries, err := w.ledger.Status(t.Context(), "e-1")
		if err != nil {
			t.Fatal(err)
		}
		expect(t, "outcome", entries["e-1"].Outcome.Kind, ledger.Applied)
	})
}
