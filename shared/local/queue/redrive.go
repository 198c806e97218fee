package queue

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// redrivePolicy is the attribute RedrivePolicy of a source queue.
type redrivePolicy struct {
	target          string // ARN of the dead-letter queue
	maxReceiveCount int
}

// parseRedrivePolicy reads and checks the attribute; "" means none. The number
// may be a JSON string, as it often is in templates.
func (q *Queue) parseRedrivePolicy(text string) (redrivePolicy, error) {
	refuse := func(reason string) (redrivePolicy, error) {
		return redrivePolicy{}, invalidValue(text, "RedrivePolicy", reason)
	}
	var given struct {
		Target          string         `json:"deadLetterTargetArn"`
		MaxReceiveCount jsontext.Value `json:"maxReceiveCount"`
	}
	if text == "" {
		return redrivePolicy{}, nil
	}
	if err := json.Unmarshal([]byte(text), &given, json.RejectUnknownMembers(true)); err != nil {
		return refuse("It must be a JSON object of deadLetterTargetArn and maxReceiveCount: " + err.Error())
	}
	policy := redrivePolicy{target: given.Target, maxReceiveCount: defaultMaxReceiveCount}
	if given.MaxReceiveCount != nil {
		policy.maxReceiveCount = integer(given.MaxReceiveCount)
	}
	if policy.maxReceiveCount < 1 || policy.maxReceiveCount > 1000 {
		return refuse("Invalid value for maxReceiveCount: " + string(given.MaxReceiveCount) + ", valid values are from 1 to 1000 both inclusive.")
	}
	if policy.target == "" {
		return refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if policy.target == q.ARN() {
		return refuse("Dead letter target can not be the queue itself.")
	}
	if _, found := q.server.byARN(policy.target); !found {
		return refuse("Dead letter target does not exist.")
	}
	return policy, nil
}

const defaultMaxReceiveCount = 10

// integer reads a JSON number or a JSON string of digits; -1 if it is neither.
func integer(value jsontext.Value) int {
	text := string(value)
	if value.Kind() == '"' {
		text, _ = strconv.Unquote(text)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// exhausted reports whether one more receive would exceed maxReceiveCount.
func (q *Queue) exhausted(e *entry) bool {
	if q.settings.redrive.target == "" || e.receives < q.settings.redrive.maxReceiveCount {
		return false
	}
	_, found := q.server.byARN(q.settings.redrive.target)
	return found // otherwise it is delivered once more: nothing is lost
}

// deadLetter moves an entry to the dead-letter queue. It keeps its message id,
// its attributes and its enqueue time, from which retention counts.
func (q *Queue) deadLetter(e *entry, now time.Time) {
	dlq, _ := q.server.byARN(q.settings.redrive.target)
	q.take(e)
	m := e.Message
	m.DeadLetterSource = q.ARN()
	dlq.put(m, now)
	dlq.ring()
}

// sourcesOf returns the queues that have q as their dead-letter queue, by name.
func (s *Server) sourcesOf(q *Queue) []*Queue {
	return slices.DeleteFunc(s.sorted(), func(source *Queue) bool {
		return source.settings.redrive.target != q.ARN()
	})
}
