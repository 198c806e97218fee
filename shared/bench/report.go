package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
)

// report is what a run found.
type report struct {
	Date     string    `json:"date"`
	Machine  string    `json:"machine"` // what the figures were measured on
	Sections []section `json:"sections"`
}

// section is one thing measured: a table, each line a contender.
type section struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	About   string   `json:"about"` // what was measured and how
	Columns []string `json:"columns"`
	Lines   []line   `json:"lines"`
	Goals   []goal   `json:"goals,omitempty"`
}

// line is one contender's figures, one for each column; NaN for none.
type line struct {
	Name   string  `json:"name"`
	Values []value `json:"values"`
}

func lineOf(name string, figures ...float64) line {
	l := line{Name: name}
	for _, f := range figures {
		l.Values = append(l.Values, value(f))
	}
	return l
}

// value is a figure that may be missing, which JSON writes as null.
type value float64

// none is a missing value.
var none = value(math.NaN())

// MarshalJSON writes what is missing as null.
func (v value) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(v)) {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(v)*1e4) / 1e4)
}

// goal is an upper bound. Most are for the ratio of two contenders in one run,
// which holds on any machine.
type goal struct {
	What   string `json:"what"`
	Value  value  `json:"value"`
	AtMost value  `json:"atMost"`

	alarm value // the bound of -check, which allows for busy machines
}

func atMost(what string, v, bound float64) goal {
	return goal{What: what, Value: value(v), AtMost: value(bound), alarm: value(bound)}
}

// alarmed sets another bound for -check.
func (g goal) alarmed(bound float64) goal {
	g.alarm = value(bound)
	return g
}

// met reports whether the value was measured and is within the bound.
func (g goal) met() bool { return g.Value <= g.AtMost }

func newReport() report {
	cpu := []byte("unknown processor")
	text, _ := os.ReadFile("/proc/cpuinfo") // only Linux has it
	if found := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(text); found != nil {
		cpu = found[1]
	}
	return report{Date: time.Now().UTC().Format(time.DateOnly),
		Machine: fmt.Sprintf("%s, %d cores, %s/%s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
}

// missed returns the goals missed by more than -check allows.
func (r report) missed() []goal {
	var list []goal
	for _, s := range r.Sections {
		for _, g := range s.Goals {
			if !(g.Value <= g.alarm) { // a missing value, NaN, is a miss
				list = append(list, g)
			}
		}
	}
	return list
}

// write writes the report in both its forms.
func (r report) write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for name, content := range map[string][]byte{"report.json": append(text, '\n'), "report.md": []byte(r.markdown())} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}
