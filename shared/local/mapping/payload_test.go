package mapping_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
)

func TestPayloadUnderSixMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		for range 10 { // 1 MB each, 2 MB as JSON: three go into 6 MB
			send(t, source, strings.Repeat(`"`, 1000*1000))
		}
		h := &handler{handle: func(event events.SQSEvent) (string, error) {
			if len(event.Records) > 3 {
				t.Errorf("%d records", len(event.Records))
			}
			return "", nil
		}}
		m := run(t, mapping.Config{Queue: source, Function: h})
		synctest.Wait()
		if stats := m.Stats(); stats.Deleted != 10 || stats.Invocations < 4 {
			t.Errorf("%+v", stats)
		}
	})
}

// JSON writers of Go escape < as six bytes unless told not to.
func TestPayloadIsNotInflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := queueOf(t, "Requests", nil)
		for range 5 {
			send(t, source, strings.Repeat(`<`, 1000*1000))
		}
		m := run(t, mapping.Config{Queue: source, Function: &handler{handle: func(events.SQSEvent) (string, error) { return "", nil }}})
		synctest.Wait()
		if stats := m.Stats(); stats.Deleted != 5 || stats.Invocations != 1 {
			t.Errorf("%+v", stats)
		}
	})
}

// payloads is a function that keeps what it was invoked with.
type payloads struct {
	mu   sync.Mutex
	seen []string
}

func (p *payloads) Invoke(_ context.Context, payload []byte) (function.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, string(payload))
	return function.Result{Payload: []byte("null")}, nil
}

// Recorded from Lambda: without attributes their digest is absent.
func TestDigestOfAttributes(t *testing.T) {
	for _, test := range []struct {
		reason     string
		attributes map[string]queue.Attribute
		want       string
	}{
		{"no attribute", nil, ""},
		{"an attribute", map[string]queue.Attribute{"timestamp": {DataType: "Number", StringValue: "1493147359900"}}, "235c5c510d26fb653d073faed50ae77c"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, _ := queueOf(t, "Requests", nil)
				if _, err := source.Send(t.Context(), queue.Input{Body: "x", Attributes: test.attributes}); err != nil {
					t.Fatal(err)
				}
				var p payloads
				run(t, mapping.Config{Queue: source, Function: &p})
				synctest.Wait()
				p.mu.Lock()
				defer p.mu.Unlock()
				if len(p.seen) != 1 {
					t.Fatalf("invoked with %s", p.seen)
				}
				digest := `"md5OfMessageAttributes":"` + test.want + `"`
				if strings.Contains(p.seen[0], "md5OfMessageAttributes") != (test.want != "") || test.want != "" && !strings.Contains(p.seen[0], digest) {
					t.Errorf("invoked with %s, want digest %q", p.seen[0], test.want)
				}
			})
		})
	}
}
