package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local/email"
)

func TestMedian(t *testing.T) {
	for want, figures := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 2, 3}, 7: {7}} {
		if got := median(figures); got != want {
			t.Errorf("%v: got %v, want %v", figures, got, want)
		}
	}
	if got := median(nil); got == got {
		t.Errorf("of nothing: %v", got)
	}
}

func TestNumber(t *testing.T) {
	for want, v := range map[string]value{"1": 1, "60": 60, "130956": 130956.4, "1000000": 1e6, "1.05": 1.0512, "62.0": 62.04, "0.00123": 0.001234, "107": 107.3, "–": none} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", float64(v), got, want)
		}
	}
}

func TestWhatIsMissingIsNullInJSON(t *testing.T) {
	text, err := json.Marshal(line{"x", []value{1.23456789, none}})
	if err != nil || string(text) != `{"name":"x","values":[1.2346,null]}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestReadBenchmarks(t *testing.T) {
	found := readBenchmarks([]byte("goos: linux\nBenchmarkWork-2   \t 384\t 2955015 ns/op\t 101.8 cpu-us/request\nBenchmarkWork-2 \t 390\t 3000000 ns/op\t 102 cpu-us/request\nPASS\n"))
	if got := found["BenchmarkWork"]["cpu-us/request"]; !slices.Equal(got, []float64{101.8, 102}) || len(found) != 1 {
		t.Errorf("%v", found)
	}
}

// A burst is the same for all contenders of a run, and another in another run.
func TestTheSeedDecides(t *testing.T) {
	row := func(seed uint64) (list []time.Duration) {
		next := latencies(seed)
		for range 100 {
			f := next(email.Call{})
			if f.Before != f.After || 2*f.Before < fastest-1 || 2*f.Before > slowest {
				t.Fatalf("%+v", f)
			}
			list = append(list, f.Before)
		}
		return list
	}
	if !slices.Equal(row(1), row(1)) || slices.Equal(row(1), row(2)) {
		t.Error("the answer times do not follow the seed")
	}
}

func TestFinishCountsThrottledCalls(t *testing.T) {
	var d drained
	d.finish(time.Now().Add(-time.Minute), []email.Call{{}, {Code: "Throttling"}, {Code: email.NoAnswer}, {Code: "Throttling"}})
	if d.Throttled != 2 || d.Took < time.Minute {
		t.Errorf("%+v", d)
	}
}

func TestGoals(t *testing.T) {
	for name, test := range map[string]struct {
		goal        goal
		met, missed bool // missed: by more than -check allows
	}{
		"below":          {atMost("", 1, 1.5), true, false},
		"equal":          {atMost("", 0, 0), true, false},
		"over":           {atMost("", 1.51, 1.5), false, true},
		"over, allowed":  {atMost("", 3, 2).alarmed(4), false, false},
		"over the alarm": {atMost("", 5, 2).alarmed(4), false, true},
		"not measured":   {atMost("", float64(none), 1), false, true},
	} {
		missed := report{Sections: []section{{Goals: []goal{test.goal}}}}.missed()
		if test.goal.met() != test.met || (len(missed) > 0) != test.missed {
			t.Errorf("%s: met %v, missed %d", name, test.goal.met(), len(missed))
		}
	}
}

// The report names what this code measures.
func TestTheReportHasEverySection(t *testing.T) {
	text, err := os.ReadFile("report/report.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"Drain", "Start", "Work per request", "Memory over time", "Cost"} {
		if !strings.Contains(string(text), "\n## "+title+"\n") {
			t.Errorf("no section %s", title)
		}
	}
}
