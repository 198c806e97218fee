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

// The violations are as many as a dead letter can carry, and the last one says
// that there are more.
func TestViolationsStayBounded(t *testing.T) {
	_, refused := open(hostile()["unknown members"])
	last := refused.Violations[len(refused.Violations)-1]
	if len(refused.Violations) != finding.MaxFindings+1 || last.Rule != finding.RuleMore || refused.Code != "MalformedRequest" {
		t.Errorf("%d violations, the last is %s", len(refused.Violations), last.Rule)
	}
}

// Five hostile messages may come in one batch of 6 MB, and the function has 256
// MB. Once the source is dropped, little more than the text is held.
func TestAMessageHoldsNoDocument(t *testing.T) {
	for name, body := range hostile() {
		before := held()
		m, source, refused := message.Open(events.SQSMessage{Body: body})
		open := held() - before
		runtime.KeepAlive(source)
		source = nil
		dropped := held() - before
		if limit := 26 << 20; open > limit {
			t.Errorf("%s: %d KiB are held with the source", name, open>>10)
		}
		if limit := 3 << 20; dropped > limit {
			t.Errorf("%s: %d KiB are held without the source", name, dropped>>10)
		}
		runtime.KeepAlive(m)
		runtime.KeepAlive(refused)
		_ = source
	}
}

// A thousand ordinary messages, as a look at a dead-letter queue holds them.
func TestAThousandMessagesAreSmall(t *testing.T) {
	body := `{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"{\"Identity\":\"example.com\",\"PolicyName\":\"P\",\"Policy\":{\"Statement\":[` +
		strings.Repeat(`{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Action\":\"ses:SendEmail\"},`, 15) + `{}]}}"}`
	before := held()
	opened := make([]message.Message, 1000)
	for i := range opened {
		opened[i], _, _ = message.Open(events.SQSMessage{Body: body})
	}
	each := (held() - before) / len(opened)
	t.Logf("%d bytes each, beside a body of %d", each, len(body))
	if each > 3000 {
		t.Errorf("got %d bytes each, want at most 3000", each)
	}
	runtime.KeepAlive(opened)
}

// held is how many bytes are in use.
func held() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
