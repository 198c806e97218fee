package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/table"
)

// A burst takes SES's own limit and the time of its answers, with a ledger that
// answers in 5 ms, and
// SES never sees two calls too close.
func TestABurstDrainsAsFastAsSESAllows(t *testing.T) {
	inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
		const burst, batches = 60, 6
		random, answers := rand.New(rand.NewPCG(1, 2)), time.Duration(0)
		var mu sync.Mutex
		w.ses.SetFault(func(email.Call) email.Fault {
			mu.Lock()
			defer mu.Unlock()
			there := 10*time.Millisecond + time.Duration(random.Int64N(int64(30*time.Millisecond)))
			back := 10*time.Millisecond + time.Duration(random.Int64N(int64(30*time.Millisecond)))
			answers += there + back
			return email.Fault{Before: there, After: back}
		})
		const ledger = 5 * time.Millisecond
		w.table.SetFault(func(table.Call) table.Fault { return table.Fault{After: ledger} })
		for n := range burst {
			if _, err := w.requests.Send(t.Context(), queue.Input{Body: putBody(fmt.Sprintf("d%d.com", n), "P", "")}); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		for range batches {
			expect(t, "handed back", len(w.receive(t)), 0)
		}
		took, ideal := time.Since(begun), (burst-1)*time.Second+answers/burst
		// The ledger's calls fit into the pauses, but for those around the burst: the first read and
		// intent, and the last settling.
		expect(t, "took", took, (burst-1)*time.Second+answers+3*ledger)
		if took > ideal*106/100 {
			t.Errorf("took %v, over 1.06 of the ideal %v", took, ideal)
		}
		for _, call := range w.ses.Calls() {
			expect(t, "SES's answer", call.Code, "")
		}
		expect(t, "calls", len(w.ses.Calls()), burst)
	})
}
