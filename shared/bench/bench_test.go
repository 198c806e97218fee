package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local/email"
)

// The README's tables are the report's.
func TestTheREADMEHasTheReportsFigures(t *testing.T) {
	readme, err1 := os.ReadFile("../../README.md")
	report, err2 := os.ReadFile("report/report.md")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Benchmarks\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			rows++
			if !strings.Contains(string(report), "\n"+line) {
				t.Errorf("not in the report: %s", line)
			}
		}
	}
	if measured, _, _ := strings.Cut(strings.TrimSpace(section), " All contenders"); rows == 0 || !strings.Contains(string(report), measured) {
		t.Errorf("%d rows, %q", rows, measured)
	}
}

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
	for want, v := range map[string]value{"1": 1, "60": 60, "130,956": 130956.4, "1,000,000": 1e6, "1.05": 1.0512, "62.0": 62.04, "0.0012": 0.00123, "107": 107.3, "–": none} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", float64(v), got, want)
		}
	}
}

func TestGoals(t *testing.T) {
	for name, test := range map[string]struct {
		goal goal
		met  bool
	}{
		"below the most":        {atMost("", 1, 1.5), true},
		"at the most":           {atMost("", 0, 0), true},
		"over the most":         {atMost("", 1.51, 1.5), false},
		"at the least":          {atLeast("", 20, 20), true},
		"below the least":       {atLeast("", 19, 20), false},
		"what was not measured": {atMost("", float64(none), 1), false},
	} {
		if test.goal.met() != test.met {
			t.Errorf("%s: met is %v", name, !test.met)
		}
	}
	r := report{Sections: []section{{Goals: []goal{atMost("a", 1, 2), atMost("b", 3, 2), atMost("c", 3, 2).alarmed(4), atLeast("d", 3, 4).alarmed(3.5), atLeast("e", 3, 4).alarmed(2)}}}}
	names := ""
	for _, g := range r.missed() {
		names += g.What
	}
	if names != "bd" {
		t.Errorf("missed %s", names)
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
	if !slices.Equal(repeated(1), repeated(1)) || slices.Equal(repeated(1), repeated(2)) {
		t.Error("the requests do not follow the seed")
	}
}

func TestRepeatsAreAboutTenPolicies(t *testing.T) {
	of := map[string]int{}
	for _, r := range repeated(7) {
		of[r.Identity]++
	}
	for identity, n := range of {
		if n != burst/keys {
			t.Errorf("%s: %d", identity, n)
		}
	}
	if len(of) != keys {
		t.Errorf("%d policies", len(of))
	}
}

func TestRead(t *testing.T) {
	begun := time.Unix(100, 0)
	var d drained
	d.read(begun, []email.Call{
		{Time: begun.Add(2 * time.Second)}, {Time: begun.Add(time.Second)},
		{Time: begun.Add(3 * time.Second), Code: "Throttling"}, {Time: begun.Add(4 * time.Second), Code: email.NoAnswer},
	})
	if !slices.Equal(d.Taken, []time.Duration{time.Second, 2 * time.Second}) || d.Throttled != 1 {
		t.Errorf("%+v", d)
	}
}

func TestPlotIsXMLWithALineForEach(t *testing.T) {
	text := plot([]plotted{
		{Name: "all of it", Taken: make([]time.Duration, burst), Ended: time.Minute},
		{Name: "<half> & half", Taken: make([]time.Duration, burst/2), Ended: 5 * time.Second},
	})
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"all of it: 60 s", "&lt;half&gt; &amp; half: 30 given up after 5 s", "stroke-dasharray"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing", want)
		}
	}
}
