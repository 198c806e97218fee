package local

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesOfTheFunction(t *testing.T) {
	var requests, others []string
	s := &Stack{config: Config{Observer: Observer{
		Request: func(r Request) { requests = append(requests, r.MessageID+" "+r.Outcome) },
		Line:    func(line string) { others = append(others, line) },
	}}}
	for _, line := range []string{
		`{"message":"request","messageId":"1","outcome":"Applied"}`,
		`{"_aws":{"CloudWatchMetrics":[]},"message":"request","messageId":"2"}`, // a metric
		`{"message":"request"}`,
		`{"message":"reply","messageId":"3"}`,
		`{"message":`,
		`panic: oh no`,
	} {
		s.readLine(line)
	}
	if diff := cmp.Diff([]string{"1 Applied"}, requests); diff != "" {
		t.Errorf("requests:\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"message":"request"}`, `{"message":"reply","messageId":"3"}`, `{"message":`, `panic: oh no`}, others); diff != "" {
		t.Errorf("other lines:\n%s", diff)
	}
}
