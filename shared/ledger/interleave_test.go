package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"sespolicy/shared/ledger"
)

// worker is one delivery that stops before each of its steps.
type worker struct {
	instance *instance
	request  ledger.Request
	arrived  chan string // the step that is next; closed when the delivery is over
	proceed  chan error
	ended    string
}

func start(t *testing.T, w wire, ses *sesModel, now time.Time, r ledger.Request) *worker {
	job := &worker{request: r, arrived: make(chan string), proceed: make(chan error)}
	job.instance = &instance{ledger: ledger.New(client(w), table), ses: ses, now: now, step: func(name string) error {
		job.arrived <- name
		return <-job.proceed
	}}
	go func() {
		defer close(job.arrived)
		if ended, err := job.instance.deliver(t.Context(), r); err == nil {
			job.ended = ended[0]
		}
	}()
	return job
}

// interleave runs two deliveries on one table. Bit n of order says whose n-th
// step comes first; killed is the step, of both counted together, that is not
// survived. It returns whose steps came in which order, and how many deliveries
// were killed that had called SES without settling.
func interleave(t *testing.T, w wire, ses *sesModel, clocks [2]time.Time, requests [2]ledger.Request, order uint, killed int) (jobs [2]*worker, schedule string, unsettled int) {
	next := [2]string{}
	alive := [2]bool{true, true}
	for i := range jobs {
		jobs[i] = start(t, w, ses, clocks[i], requests[i])
		next[i], alive[i] = receive(jobs[i])
	}
	for alive[0] || alive[1] {
		i := int(order>>len(schedule)) & 1
		if !alive[i] {
			i = 1 - i
		}
		var fate error
		if len(schedule) == killed {
			fate = errCrash
			if next[i] == "Settle" {
				unsettled++
			}
		}
		schedule += string(rune('a' + i))
		jobs[i].proceed <- fate
		next[i], alive[i] = receive(jobs[i])
	}
	return jobs, schedule, unsettled
}

func receive(job *worker) (string, bool) {
	name, ok := <-job.arrived
	return name, ok
}

// Two instances have a request for one policy each. Their steps come in every
// order, with a kill before each step or none. When both have been delivered
// again until they ended, SES has what the newest asks for, and no effect was
// made twice unless the kill lost it. Then the same without kills, but with a
// lease that ran out under one instance, whose call is then late.
func TestTwoInstancesInEveryOrder(t *testing.T) {
	a := resource{"S", "A", "T"}
	for _, test := range []struct {
		name     string
		requests [2]ledger.Request
		want     string
		kills    bool
	}{
		{"puts", [2]ledger.Request{bare("m1", 1, "1"), bare("m2", 2, "2")}, "P=2", true},
		{"put and delete", [2]ledger.Request{bare("m1", 1, "1"), remove("m2", 2)}, "", false},
		{"create and its undoing", [2]ledger.Request{a.create(1, "P", "1"), a.undo(2)}, "", true},
	} {
		for _, clocks := range [][2]time.Time{{at(1000), at(1000)}, {at(1000), at(2000)}, {at(2000), at(1000)}} {
			late := clocks[0] != clocks[1]
			t.Run(fmt.Sprint(test.name, clocks[1].Sub(clocks[0])), func(t *testing.T) {
				t.Parallel()
				cases, done := 0, map[string]bool{}
				for order := range uint(1 << 8) {
					for killed := -1; ; killed++ {
						w, ses := newTable(t), &sesModel{policies: map[ledger.Name]string{}}
						jobs, schedule, unsettled := interleave(t, w, ses, clocks, test.requests, order, killed)
						if killed >= len(schedule) || (late || !test.kills) && killed >= 0 || killed < 0 && done[schedule] {
							break
						}
						if cases++; killed < 0 {
							done[schedule] = true
						}
						for n := 0; jobs[0].ended == "" || jobs[1].ended == "" || waits(jobs[0]) || waits(jobs[1]); n++ {
							if n == 8 {
								t.Fatalf("order %b, killed before %d: not over, %q and %q", order, killed, jobs[0].ended, jobs[1].ended)
							}
							job := jobs[(n+1)%2]
							if job.ended != "" && !waits(job) {
								continue
							}
							again := &instance{ledger: ledger.New(client(w), table), ses: ses, now: at(3000 + 100*n)}
							ended, err := again.deliver(t.Context(), job.request)
							if err != nil {
								t.Fatal(err)
							}
							job.ended = ended[0]
						}
						if ses.String() != test.want {
							t.Fatalf("order %b, killed before %d: SES has %q, want %q", order, killed, ses, test.want)
						}
						if !late && ses.calls > 2+unsettled {
							t.Fatalf("order %b, killed before %d: %d calls of SES", order, killed, ses.calls)
						}
					}
				}
				t.Logf("%d cases", cases)
			})
		}
	}
}

func waits(job *worker) bool { return job.ended == "Wait" || job.ended == "Retry" }
