package queue

import (
	"context"
	"fmt"
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
	min, max int    // of an integer, if max > 0
	boolean  bool   // true or false, in any case
	object   bool   // a JSON object
}

var rules = map[string]rule{
	"DelaySeconds":                  {standard: "0", max: maxDelay},
	"MaximumMessageSize":            {standard: "1048576", min: 1024, max: maxPayload},
	"MessageRetentionPeriod":        {standard: "345600", min: 60, max: 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {standard: "0", max: 20},
	"VisibilityTimeout":             {standard: "30", max: maxVisibility},
	"KmsMasterKeyId":                {},
	"KmsDataKeyReusePeriodSeconds":  {min: 60, max: 86_400},
	"SqsManagedSseEnabled":          {standard: "true", boolean: true},
	"Policy":                        {object: true},
	"RedrivePolicy":                 {object: true},
	"RedriveAllowPolicy":            {object: true},
}

// normal checks a value and returns it in the one form that is stored.
func normal(name, value string) (string, error) {
	r, found := rules[name]
	if !found {
		return "", fail(invalidAttributeName, "Unknown Attribute %s.", name)
	}
	refuse := func(expected string) (string, error) {
		return "", fail(invalidAttributeValue, "Invalid value for the parameter %s: %q. Reason: it must be %s.", name, value, expected)
	}
	switch {
	case value == "" && r.standard == "":
		return "", nil // removes the attribute
	case r.max > 0:
		n, err := strconv.Atoi(value)
		if err != nil || n < r.min || n > r.max {
			return refuse(fmt.Sprintf("an integer from %d to %d", r.min, r.max))
		}
		return strconv.Itoa(n), nil
	case r.boolean:
		value = strings.ToLower(value)
		if value != "true" && value != "false" {
			return refuse("true or false")
		}
	case r.object:
		object := jsontext.Value(value)
		if err := object.Canonicalize(); err != nil || object.Kind() != '{' {
			return refuse("a JSON object")
		}
		return string(object), nil
	}
	return value, nil
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
		var err error
		if values[name], err = normal(name, attributes[name]); err != nil {
			return err
		}
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
	return q.setAttributes(attributes)
}

func (q *Queue) setAttributes(attributes map[string]string) error {
	if err := q.exists(); err != nil {
		return err
	}
	if err := q.configure(attributes); err != nil {
		return err
	}
	q.modified = time.Now()
	return nil
}

// report returns all attributes, as GetQueueAttributes does for All.
func (q *Queue) report() map[string]string {
	counts := q.count(time.Now())
	all := maps.Clone(q.attributes)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	all["ApproximateNumberOfMessages"] = strconv.Itoa(counts.Visible)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(counts.Delayed)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(counts.InFlight)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
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
	case given.Target == "":
		reason = "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
	case given.Target == q.ARN():
		reason = "Dead letter target can not be the queue itself."
	case !found:
		reason = "Dead letter target does not exist."
	default:
		return redrivePolicy{given.Target, count}, nil
	}
	return redrivePolicy{}, invalidValue(text, "RedrivePolicy", reason)
}

// deadLetter moves an entry to the dead-letter queue if one more receive would
// exceed maxReceiveCount. It keeps its message id, its attributes and its enqueue
// time, from which retention counts. Without such a queue it is delivered once
// more: nothing is lost.
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
