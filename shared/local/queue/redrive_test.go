package queue

import (
	"testing"
	"testing/synctest"
	"time"

	"sespolicy/shared/local/wire"
)

func TestRedriveAfterMaxReceiveCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, dlq := pair(t, newServer(), "3")
		sent := send(t, source, Input{Body: "x", Attributes: map[string]Attribute{"a": {DataType: "String", StringValue: "b"}}, TraceHeader: "Root=1"})
		began := time.Now()
		for want := 1; want <= 3; want++ {
			if m := receiveOne(t, source); m.ReceiveCount != want {
				t.Fatalf("receive count %d, want %d", m.ReceiveCount, want)
			}
			time.Sleep(30 * time.Second)
		}
		waiting := poll(t.Context(), dlq, 20*time.Second)
		time.Sleep(5 * time.Second)
		if got := receive(t, source); len(got) != 0 {
			t.Fatalf("delivered a fourth time: %v", got)
		}
		got := <-waiting
		if len(got.messages) != 1 || got.after != 5*time.Second {
			t.Fatalf("the poll of the dead-letter queue got %d messages after %v", len(got.messages), got.after)
		}
		m := got.messages[0]
		if m.ID != sent.MessageID || m.DeadLetterSource != source.ARN() || m.MD5OfAttributes != sent.MD5OfAttributes || m.TraceHeader != "Root=1" {
			t.Errorf("not the same message, or not from the source: %+v", m)
		}
		if m.ReceiveCount != 4 || !m.Sent.Equal(began) {
			t.Errorf("receive count %d, sent %v; want 4 (over all queues) and %v", m.ReceiveCount, m.Sent, began)
		}
		if source.Counts() != (Counts{}) {
			t.Errorf("left on the source: %+v", source.Counts())
		}
	})
}

func TestRedrivePolicy(t *testing.T) {
	s := newServer()
	dlq := create(t, s, "D", nil)
	q := create(t, s, "Q", nil)
	policy := func(target, count string) string {
		return `{"deadLetterTargetArn":"` + wire.ARN("sqs", target) + `","maxReceiveCount":` + count + `}`
	}
	const refused = "InvalidParameterValueException"
	for reason, c := range map[string]struct{ policy, code string }{
		"a number":          {policy("D", "20"), ""},
		"a number as text":  {policy("D", `"20"`), ""},
		"no number":         {`{"deadLetterTargetArn":"` + dlq.ARN() + `"}`, ""},
		"none":              {"", ""},
		"0":                 {policy("D", "0"), refused},
		"1001":              {policy("D", "1001"), refused},
		"not a number":      {policy("D", `"x"`), refused},
		"no target":         {`{"maxReceiveCount":3}`, refused},
		"no such target":    {policy("Nope", "3"), refused},
		"itself":            {policy("Q", "3"), refused},
		"a misspelt member": {`{"deadLetterTargetArn":"` + dlq.ARN() + `","maxRecieveCount":3}`, refused},
		"not an object":     {`[]`, refused},
		"not JSON":          {`{`, refused},
	} {
		t.Run(reason, func(t *testing.T) {
			wantCode(t, q.SetAttributes(t.Context(), map[string]string{"RedrivePolicy": c.policy}), c.code)
		})
	}
}

func TestMissingDeadLetterQueueLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		send(t, source, Input{Body: "x"})
		receiveOne(t, source)
		s.mu.Lock()
		dlq.remove()
		s.mu.Unlock()
		time.Sleep(30 * time.Second)
		receiveOne(t, source)
		wantCode(t, source.SetAttributes(t.Context(), map[string]string{"VisibilityTimeout": "60"}), "")
	})
}
