package message_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
)

// hostile are messages of about 1 MiB made to cost much.
func hostile() map[string]string {
	const size = 1<<20 - 200
	var members strings.Builder
	for i := 0; members.Len() < size; i++ {
		fmt.Fprintf(&members, `"k%d":0,`, i)
	}
	request := func(policy string) string { return `{"Identity":"a.com","PolicyName":"P","Policy":` + policy + `}` }
	return map[string]string{
		"unknown members": `{` + members.String() + `"k":0}`,
		"numbers":         request(`{"Statement":[` + strings.Repeat("0,", size/2) + `0]}`),
		"statements":      request(`{"Statement":[` + strings.Repeat("{},", size/3) + `0]}`),
		"duplicates":      request(`{` + strings.Repeat(`"a":0,`, size/6) + `"a":0}`),
		"in a string":     request(`"{` + strings.Repeat(`\"a\":0,`, size/8) + `\"a\":0}"`),
	}
}

// Of a message with faults without end so many are said as a dead letter can
// carry, and that there are more.
func TestViolationsStayBounded(t *testing.T) {
	_, refused := open(hostile()["unknown members"])
	last := refused.Violations[len(refused.Violations)-1]
	if len(refused.Violations) != finding.MaxFindings+1 || last.Rule != finding.RuleMore || refused.Code != "MalformedRequest" {
		t.Errorf("%d violations, the last is %s", len(refused.Violations), last.Rule)
	}
}

// Five hostile messages come in one batch of 6 MB at most, and the function has
// 256 MB. Once a message is released, little more than its text is held.
func TestAReleasedMessageHoldsLittleMoreThanItsText(t *testing.T) {
	for name, body := range hostile() {
		before := held()
		m, refused := message.Open(events.SQSMessage{Body: body})
		open := held() - before
		m.Release()
		released := held() - before
		if limit := 24 << 20; open > limit {
			t.Errorf("%s: %d KiB are held", name, open>>10)
		}
		if limit := 3 << 20; released > limit {
			t.Errorf("%s: %d KiB are held after the release", name, released>>10)
		}
		runtime.KeepAlive(m)
		runtime.KeepAlive(refused)
	}
}

// held is how many bytes are in use.
func held() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
