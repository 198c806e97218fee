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
	dlq, found := q.server.byARN(policy.target)
	switch {
	case !found && policy.target != q.ARN():
		return refuse("Dead letter target does not exist.")
	case policy.target == q.ARN():
		return refuse("Dead letter target can not be the queue itself.")
	case dlq.fifo != q.fifo:
		return refuse("Dead-letter queue must be same type of queue as the source.")
	case !dlq.settings.redriveAllow.allows(q.ARN()):
		return refuse("Queue does not have permission to use the dead letter queue: see its RedriveAllowPolicy.")
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

// redriveAllowPolicy is the attribute RedriveAllowPolicy of a dead-letter
// queue. The zero value allows every queue of the account.
type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

func parseRedriveAllowPolicy(text string) (redriveAllowPolicy, error) {
	var policy redriveAllowPolicy
	if text == "" {
		return policy, nil
	}
	if err := json.Unmarshal([]byte(text), &policy, json.RejectUnknownMembers(true)); err != nil {
		return policy, invalidValue(text, "RedriveAllowPolicy", "It must be a JSON object of redrivePermission and sourceQueueArns: "+err.Error())
	}
	byQueue := policy.Permission == "byQueue"
	switch {
	case !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, policy.Permission):
		return policy, invalidValue(text, "RedriveAllowPolicy", "redrivePermission must be allowAll, denyAll or byQueue.")
	case byQueue != (len(policy.Sources) > 0):
		return policy, invalidValue(text, "RedriveAllowPolicy", "sourceQueueArns must be given with byQueue, and only with it.")
	case len(policy.Sources) > 10:
		return policy, invalidValue(text, "RedriveAllowPolicy", "sourceQueueArns may hold up to 10 ARNs.")
	}
	return policy, nil
}

func (p redriveAllowPolicy) allows(source string) bool {
	switch p.Permission {
	case "denyAll":
		return false
	case "byQueue":
		return slices.Contains(p.Sources, source)
	default:
		return true
	}
}

// exhausted reports whether one more receive would exceed maxReceiveCount.
func (q *Queue) exhausted(e *entry) bool {
	if q.settings.redrive.target == "" || e.receives < q.settings.redrive.maxReceiveCount {
		return false
	}
	_, found := q.server.byARN(q.settings.redrive.target)
	return found // a message is better delivered once more than lost
}

// deadLetter moves an entry to the dead-letter queue. It keeps its message id
// and attributes. On a standard queue it keeps its enqueue time too, so that
// retention counts from there; on a FIFO queue that starts anew, and its
// deduplication id becomes its message id.
func (q *Queue) deadLetter(e *entry, now time.Time) {
	dlq, _ := q.server.byARN(q.settings.redrive.target)
	q.take(e)
	m := e.Message
	m.DeadLetterSource = q.ARN()
	if q.fifo {
		m.Sent, m.DeduplicationID, m.SequenceNumber = now, m.ID, q.server.sequenceNumber()
	}
	dlq.put(m, now)
	dlq.ring()
}

// sourcesOf returns the queues that have q as their dead-letter queue, by name.
func (s *Server) sourcesOf(q *Queue) []*Queue {
	return slices.DeleteFunc(s.sorted(), func(source *Queue) bool {
		return source.settings.redrive.target != q.ARN()
	})
}
