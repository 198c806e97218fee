package queue

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// rule says what values one attribute takes. Ranges and defaults are those of
// the CreateQueue page of the API reference.
type rule struct {
	standard string // default; "" means the attribute is absent
	min, max int    // of an integer, if max > 0; otherwise it is any text
}

var rules = map[string]rule{
	"DelaySeconds":                  {"0", 0, maxDelay},
	"MaximumMessageSize":            {"1048576", 1024, maxPayload},
	"MessageRetentionPeriod":        {"345600", 60, 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {"0", 0, 20},
	"VisibilityTimeout":             {"30", 0, maxVisibility},
	"KmsMasterKeyId":                {},
	"KmsDataKeyReusePeriodSeconds":  {},
	"SqsManagedSseEnabled":          {standard: "true"},
	"Policy":                        {},
	"RedrivePolicy":                 {},
	"RedriveAllowPolicy":            {},
}

// check refuses a name that is not on the list, and a value out of its range.
func check(name, value string) error {
	r, found := rules[name]
	if !found {
		return fail(invalidAttributeName, "Unknown Attribute %s.", name)
	}
	if n, err := strconv.Atoi(value); r.max > 0 && (err != nil || n < r.min || n > r.max) {
		return fail(invalidAttributeValue, "Invalid value for the parameter %s: %q. Reason: it must be an integer from %d to %d.", name, value, r.min, r.max)
	}
	return nil
}

func defaults() map[string]string {
	values := map[string]string{}
	for name, r := range rules {
		values[name] = r.standard
	}
	return values
}

// seconds is the value of an attribute that is a time.
func (q *Queue) seconds(name string) time.Duration {
	n, _ := strconv.Atoi(q.attributes[name]) // its rule checked it
	return time.Duration(n) * time.Second
}

// configure applies attributes over the present ones, all or nothing.
func (q *Queue) configure(attributes map[string]string) error {
	values := maps.Clone(q.attributes)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := check(name, attributes[name]); err != nil {
			return err
		}
		values[name] = attributes[name]
	}
	if text := values["RedrivePolicy"]; text != q.attributes["RedrivePolicy"] { // an unchanged one may outlive its target
		redrive, err := q.parseRedrivePolicy(text)
		if err != nil {
			return err
		}
		q.redrive = redrive
	}
	q.attributes = values
	return nil
}

// SetAttributes changes attributes, all or none. A value of "" removes
// RedrivePolicy, RedriveAllowPolicy, Policy or KmsMasterKeyId.
func (q *Queue) SetAttributes(_ context.Context, attributes map[string]string) error {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	return q.configure(attributes)
}

// report returns all attributes, as GetQueueAttributes does for All.
func (q *Queue) report() map[string]string {
	counts := q.count(time.Now())
	all := maps.Clone(q.attributes)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	all["ApproximateNumberOfMessages"] = strconv.Itoa(counts.Visible)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(counts.Delayed)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(counts.InFlight)
	all["QueueArn"] = q.ARN()
	return all
}

// redrivePolicy is the attribute RedrivePolicy of a source queue.
type redrivePolicy struct {
	target          string // ARN of the dead-letter queue
	maxReceiveCount int
}

// parseRedrivePolicy reads and checks the attribute; "" means none. The number
// may be a JSON string, as it often is in templates, and is 10 if absent.
func (q *Queue) parseRedrivePolicy(text string) (redrivePolicy, error) {
	given := struct {
		Target          string         `json:"deadLetterTargetArn"`
		MaxReceiveCount jsontext.Value `json:"maxReceiveCount"`
	}{MaxReceiveCount: jsontext.Value("10")}
	if text == "" {
		return redrivePolicy{}, nil
	}
	err := json.Unmarshal([]byte(text), &given, json.RejectUnknownMembers(true))
	count, notNumber := strconv.Atoi(strings.Trim(string(given.MaxReceiveCount), `"`))
	_, found := q.server.byARN(given.Target)
	var reason string
	switch {
	case err != nil:
		reason = "It must be a JSON object of deadLetterTargetArn and maxReceiveCount: " + err.Error()
	case notNumber != nil || count < 1 || count > 1000:
		reason = "Invalid value for maxReceiveCount: " + string(given.MaxReceiveCount) + ", valid values are from 1 to 1000 both inclusive."
	case !found || given.Target == q.ARN():
		reason = "The deadLetterTargetArn must be that of another queue, which exists."
	default:
		return redrivePolicy{given.Target, count}, nil
	}
	return redrivePolicy{}, invalidValue(text, "RedrivePolicy", reason)
}

// deadLetter moves an entry to the dead-letter queue if one more receive would
// exceed maxReceiveCount. It keeps its message id, its attributes and its enqueue
// time. Without such a queue it is delivered once more: nothing is lost.
func (q *Queue) deadLetter(e *entry, now time.Time) (moved bool) {
	dlq, found := q.server.byARN(q.redrive.target)
	if !found || e.receives < q.redrive.maxReceiveCount {
		return false
	}
	q.take(e)
	m := e.Message
	m.DeadLetterSource = q.ARN()
	dlq.put(m, now)
	dlq.ring(0)
	return true
}

// isTargetOf reports whether q is the dead-letter queue of source.
func (q *Queue) isTargetOf(source *Queue) bool { return source.redrive.target == q.ARN() }
