package queue

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func newFIFO(t *testing.T, more map[string]string) *Queue {
	t.Helper()
	attributes := map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
	for name, value := range more {
		attributes[name] = value
	}
	return create(t, newServer(), "Q.fifo", attributes)
}

func TestGroupsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newFIFO(t, nil)
		for _, body := range []string{"a1", "b1", "a2", "b2", "a3"} {
			send(t, q, Input{Body: body, GroupID: body[:1]})
		}
		two, err := q.Receive(t.Context(), ReceiveOptions{MaxMessages: 2})
		if err != nil || !slices.Equal(bodies(two), []string{"a1", "a2"}) {
			t.Fatalf("first %v (%v), want as many of one group as asked for", bodies(two), err)
		}
		other := receive(t, q)
		if !slices.Equal(bodies(other), []string{"b1", "b2"}) {
			t.Fatalf("then %v, want the other group alone", bodies(other))
		}
		wantCode(t, q.Delete(t.Context(), two[0].ReceiptHandle), "")
		if got := receive(t, q); len(got) != 0 {
			t.Fatalf("%v delivered while a2 is in flight", bodies(got))
		}
		wantCode(t, q.ChangeVisibility(t.Context(), two[1].ReceiptHandle, 0), "")
		if got := receive(t, q); !slices.Equal(bodies(got), []string{"a2", "a3"}) {
			t.Fatalf("%v after a2 was given back, want it before a3", bodies(got))
		}
		time.Sleep(30 * time.Second)
		var all []string
		for _, m := range receive(t, q) {
			all = append(all, m.Body)
		}
		slices.Sort(all)
		if !slices.Equal(all, []string{"a2", "a3", "b1", "b2"}) {
			t.Errorf("after the visibility timeout %v", all)
		}
	})
}

func TestGroupWaitsForItsDelayedHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newFIFO(t, map[string]string{"DelaySeconds": "60"})
		send(t, q, Input{Body: "1", GroupID: "g"})
		wantCode(t, q.SetAttributes(t.Context(), map[string]string{"DelaySeconds": "0"}), "")
		send(t, q, Input{Body: "2", GroupID: "g"})
		if got := receive(t, q); len(got) != 0 {
			t.Fatalf("%v overtook the one before it", bodies(got))
		}
		time.Sleep(60 * time.Second)
		if got := receive(t, q); !slices.Equal(bodies(got), []string{"1", "2"}) {
			t.Errorf("delivered %v", bodies(got))
		}
	})
}

func TestGroupDeliversNoneThatIsDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newFIFO(t, nil)
		send(t, q, Input{Body: "1", GroupID: "g"})
		wantCode(t, q.SetAttributes(t.Context(), map[string]string{"DelaySeconds": "60"}), "")
		send(t, q, Input{Body: "2", GroupID: "g"})
		if got := receive(t, q); !slices.Equal(bodies(got), []string{"1"}) {
			t.Errorf("delivered %v", bodies(got))
		}
	})
}

func TestDeletingWakesTheNextOfTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newFIFO(t, nil)
		send(t, q, Input{Body: "1", GroupID: "g"})
		m := receiveOne(t, q)
		send(t, q, Input{Body: "2", GroupID: "g"})
		waiting := poll(t.Context(), q, 20*time.Second)
		time.Sleep(4 * time.Second)
		wantCode(t, q.Delete(t.Context(), m.ReceiptHandle), "")
		if got := <-waiting; !slices.Equal(bodies(got.messages), []string{"2"}) || got.after != 4*time.Second {
			t.Errorf("%v after %v, want 2 after 4s", bodies(got.messages), got.after)
		}
	})
}

func TestDeduplication(t *testing.T) {
	for _, c := range []struct {
		reason      string
		attributes  map[string]string
		first, then Input
		after       time.Duration
		same        bool
	}{
		{"same id", nil, Input{Body: "1", GroupID: "g", DeduplicationID: "x"}, Input{Body: "2", GroupID: "g", DeduplicationID: "x"}, 0, true},
		{"same id, other group", nil, Input{Body: "1", GroupID: "g", DeduplicationID: "x"}, Input{Body: "1", GroupID: "h", DeduplicationID: "x"}, 0, true},
		{"same id, other group, scope group", map[string]string{"DeduplicationScope": "messageGroup"}, Input{Body: "1", GroupID: "g", DeduplicationID: "x"}, Input{Body: "1", GroupID: "h", DeduplicationID: "x"}, 0, false},
		{"same content", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "1", GroupID: "g"}, 0, true},
		{"same content, other attributes", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "1", GroupID: "g", Attributes: map[string]Attribute{"a": {DataType: "String", StringValue: "b"}}}, 0, true},
		{"same content, own id", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "1", GroupID: "g", DeduplicationID: "x"}, 0, false},
		{"own id is the hash of the content", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "2", GroupID: "g", DeduplicationID: "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}, 0, true},
		{"a moment before five minutes", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "1", GroupID: "g"}, 5*time.Minute - 1, true},
		{"after five minutes", nil, Input{Body: "1", GroupID: "g"}, Input{Body: "1", GroupID: "g"}, 5 * time.Minute, false},
	} {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newFIFO(t, c.attributes)
				first := send(t, q, c.first)
				wantCode(t, q.Delete(t.Context(), receiveOne(t, q).ReceiptHandle), "")
				time.Sleep(c.after)
				then := send(t, q, c.then)
				if (then == first) != c.same {
					t.Errorf("answered %+v after %+v", then, first)
				}
				if delivered := len(receive(t, q)); delivered == 1 == c.same {
					t.Errorf("delivered %d", delivered)
				}
			})
		})
	}
}

func TestSequenceNumbersGrow(t *testing.T) {
	q := newFIFO(t, nil)
	last := ""
	for n := range 100 {
		got := send(t, q, Input{Body: strconv.Itoa(n), GroupID: "g"}).SequenceNumber
		if len(got) != 20 || got <= last {
			t.Fatalf("%q after %q", got, last)
		}
		last = got
	}
}

func TestWhatFIFORefuses(t *testing.T) {
	strict := map[string]string{"ContentBasedDeduplication": "false"}
	for reason, c := range map[string]struct {
		attributes map[string]string
		in         Input
		code       string
	}{
		"no group":               {nil, Input{Body: "x"}, codeMissingParameter.name},
		"a space in the group":   {nil, Input{Body: "x", GroupID: "a b"}, codeInvalidParameterValue.name},
		"a delay":                {nil, Input{Body: "x", GroupID: "g", Delay: new(time.Second)}, codeInvalidParameterValue.name},
		"a delay of 0":           {nil, Input{Body: "x", GroupID: "g", Delay: new(time.Duration(0))}, ""},
		"no deduplication id":    {strict, Input{Body: "x", GroupID: "g"}, codeInvalidParameterValue.name},
		"a deduplication id":     {strict, Input{Body: "x", GroupID: "g", DeduplicationID: "1"}, ""},
		"a deduplication id, ü":  {strict, Input{Body: "x", GroupID: "g", DeduplicationID: "ü"}, codeInvalidParameterValue.name},
		"punctuation everywhere": {strict, Input{Body: "x", GroupID: "!~[]", DeduplicationID: "{|}"}, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			_, err := newFIFO(t, c.attributes).Send(t.Context(), c.in)
			wantCode(t, err, c.code)
		})
	}
}

func TestStandardQueueTakesGroupsButNoDeduplication(t *testing.T) {
	q := create(t, newServer(), "Q", nil)
	send(t, q, Input{Body: "1", GroupID: "tenant"})
	send(t, q, Input{Body: "1", GroupID: "tenant"})
	if got := receive(t, q); len(got) != 2 || got[0].GroupID != "tenant" || got[0].SequenceNumber != "" {
		t.Errorf("delivered %+v", got)
	}
	_, err := q.Send(t.Context(), Input{Body: "x", DeduplicationID: "1"})
	wantCode(t, err, codeInvalidParameterValue.name)
}
