package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sespolicy/shared/apply"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// emfSchema is the schema that the specification of the embedded metric format
// publishes.
func emfSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/emf-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func ended(action message.Action, err error, call time.Duration) *request {
	r := &request{outcome: outcome.Of(err, 1), call: call}
	r.Request.Action = action
	return r
}

func TestMetricsAreWhatTheSchemaAsks(t *testing.T) {
	requests := []*request{
		ended(message.Put, nil, time.Second),
		ended(message.Delete, nil, 70*time.Millisecond),
		ended(message.Put, &outcome.Rejection{Code: "InvalidPolicy"}, 0),
		ended(message.Put, &outcome.Rejection{Code: "InvalidPolicy"}, 0),
		ended(message.Put, &outcome.Rejection{Code: "Expired"}, 0),
		ended(message.Put, &outcome.Transient{Cause: outcome.CauseThrottled}, time.Second),
		{outcome: outcome.Outcome{Kind: outcome.Superseded}},
	}
	for range 200 { // more values than one metric of a document may have
		requests = append(requests, ended(message.Put, nil, time.Second))
	}
	var out strings.Builder
	if err := (&metrics{out: &out, function: "F"}).write(requests, apply.Stats{Waited: 3 * time.Second, Throttled: 2}); err != nil {
		t.Fatal(err)
	}
	schema, sums := emfSchema(t), map[string]any{}
	for line := range strings.Lines(out.String()) {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		for _, wrong := range targets(line, sums) {
			t.Errorf("%s: %s", line, wrong)
		}
	}
	for metric, want := range map[string]int{
		"Applied": 201, "Deleted": 1, "Rejected": 3, "Superseded": 1, "Retried": 1, "Throttled": 2, "PacingTime": 3000, "BatchSize": 207,
		"Rejected InvalidPolicy": 2, "Rejected Expired": 1, "Retried Throttled": 1,
	} {
		if got := fmt.Sprint(sums[metric]); got != fmt.Sprint(want) {
			t.Errorf("%s is %s, want %d", metric, got, want)
		}
	}
}

// targets says which metrics and dimensions of a document have no value that
// CloudWatch could take, and gathers the single values.
func targets(line string, values map[string]any) (wrong []string) {
	var root map[string]any
	var meta struct {
		AWS struct{ CloudWatchMetrics []directive } `json:"_aws"`
	}
	if err := errors.Join(json.Unmarshal([]byte(line), &root), json.Unmarshal([]byte(line), &meta)); err != nil {
		return []string{err.Error()}
	}
	for _, d := range meta.AWS.CloudWatchMetrics {
		by := ""
		for _, name := range d.Dimensions[0] {
			value, ok := root[name].(string)
			if !ok || value == "" {
				wrong = append(wrong, "dimension "+name+" has no value")
			}
			if name != dimensionFunction {
				by = " " + value
			}
		}
		for _, m := range d.Metrics {
			switch v := root[m.Name].(type) {
			case float64:
				values[m.Name+by] = v
			case []any:
				if len(v) == 0 || len(v) > maxValues {
					wrong = append(wrong, fmt.Sprintf("%s has %d values", m.Name, len(v)))
				}
			default:
				wrong = append(wrong, "metric "+m.Name+" has no value")
			}
		}
	}
	return wrong
}
