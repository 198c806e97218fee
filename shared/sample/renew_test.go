package sample_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/message"
	"sespolicy/shared/sample"
)

// A renewed event asks for the same, now, and by messages of their own.
func TestRenew(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, name := range []string{"accepted-by-name", "accepted-object-policy", "accepted-sns", "accepted-eventbridge", "accepted-cloudformation-create", "mixed-batch", "rejected-malformed-request-duplicate-member"} {
		text, err := os.ReadFile("../../events/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var before, after events.SQSEvent
		if err := json.Unmarshal(text, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(sample.Renew(text, now), &after); err != nil || len(after.Records) != len(before.Records) {
			t.Fatalf("%s: %v", name, err)
		}
		for i, record := range after.Records {
			old, _, oldRefused := message.Open(before.Records[i])
			m, _, refused := message.Open(record)
			if record.MessageId == before.Records[i].MessageId || !m.Sent.Equal(now) || !m.RequestedAt.Equal(now) {
				t.Errorf("%s: got id %s, sent %v, requested %v", name, record.MessageId, m.Sent, m.RequestedAt)
			}
			if m.Origin != old.Origin || m.Request.Key() != old.Request.Key() || m.Request.Policy != old.Request.Policy || (refused == nil) != (oldRefused == nil) {
				t.Errorf("%s: got %s, want %s", name, m.Request.Key(), old.Request.Key())
			}
			if old.Origin == "SQS" && record.Body != before.Records[i].Body {
				t.Errorf("%s: a bare request was changed", name)
			}
			if m.Origin != "SQS" && !strings.Contains(m.Origin, "CloudFormation") && m.OriginID == old.OriginID {
				t.Errorf("%s: the envelope has the same id", name)
			}
		}
	}
}
