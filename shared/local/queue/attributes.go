package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// settings are a queue's attributes as the engine uses them. values holds all
// of them as text, the defaults included, as GetQueueAttributes answers them.
type settings struct {
	values             map[string]string
	delay              time.Duration
	maximumMessageSize int
	retention          time.Duration
	wait               time.Duration
	visibilityTimeout  time.Duration
	redrive            redrivePolicy
}

// rule says what values one attribute takes. Ranges and defaults are those of
// the CreateQueue page of the API reference.
type rule struct {
	standard string // default; "" means the attribute is absent
	min, max int    // of an integer, if max > 0
	boolean  bool   // true or false, in any case
	object   bool   // a JSON object
}

var rules = map[string]rule{
	"DelaySeconds":                  {standard: "0", max: 900},
	"MaximumMessageSize":            {standard: "1048576", min: 1024, max: maxPayload},
	"MessageRetentionPeriod":        {standard: "345600", min: 60, max: 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {standard: "0", max: 20},
	"VisibilityTimeout":             {standard: "30", max: 43_200},
	"KmsMasterKeyId":                {},
	"KmsDataKeyReusePeriodSeconds":  {min: 60, max: 86_400},
	"SqsManagedSseEnabled":          {standard: "true", boolean: true},
	"Policy":                        {object: true},
	"RedrivePolicy":                 {object: true},
	"RedriveAllowPolicy":            {object: true},
}

// counters are the attributes that a queue reports and nobody sets.
var counters = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
}

// normal checks a value and returns it in the one form that is stored.
func normal(name, value string) (string, error) {
	r, found := rules[name]
	if !found {
		return "", failf(codeInvalidAttributeName, "Unknown Attribute %s.", name)
	}
	refuse := func(format string, args ...any) (string, error) {
		return "", failf(codeInvalidAttributeValue, "Invalid value for the parameter %s: %q. Reason: %s.", name, value, fmt.Sprintf(format, args...))
	}
	switch {
	case value == "" && r.standard == "":
		return "", nil // removes the attribute
	case r.max > 0:
		n, err := strconv.Atoi(value)
		if err != nil || n < r.min || n > r.max {
			return refuse("it must be an integer from %d to %d", r.min, r.max)
		}
		return strconv.Itoa(n), nil
	case r.boolean:
		value = strings.ToLower(value)
		if value != "true" && value != "false" {
			return refuse("it must be true or false")
		}
	case r.object:
		object := jsontext.Value(value)
		if err := object.Canonicalize(); err != nil || object.Kind() != '{' {
			return refuse("it must be a JSON object")
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

// configure applies attributes over the present ones, all or nothing.
func (q *Queue) configure(attributes map[string]string) error {
	values := maps.Clone(q.settings.values)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		var err error
		if values[name], err = normal(name, attributes[name]); err != nil {
			return err
		}
	}
	redrive := q.settings.redrive
	if text := values["RedrivePolicy"]; text != q.settings.values["RedrivePolicy"] { // an unchanged one may outlive its target
		var err error
		if redrive, err = q.parseRedrivePolicy(text); err != nil {
			return err
		}
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(values[name]) // its rule checked it
		return n
	}
	duration := func(name string) time.Duration { return time.Duration(number(name)) * time.Second }
	q.settings = settings{
		values:             values,
		delay:              duration("DelaySeconds"),
		maximumMessageSize: number("MaximumMessageSize"),
		retention:          duration("MessageRetentionPeriod"),
		wait:               duration("ReceiveMessageWaitTimeSeconds"),
		visibilityTimeout:  duration("VisibilityTimeout"),
		redrive:            redrive,
	}
	return nil
}

// hasAttributes reports whether the queue could have been made with these.
func (q *Queue) hasAttributes(attributes map[string]string) bool {
	for name, value := range attributes {
		if value, err := normal(name, value); err != nil || value != q.settings.values[name] {
			return false
		}
	}
	return true
}

// SetAttributes changes attributes, all or none. A value of "" removes
// RedrivePolicy, RedriveAllowPolicy, Policy or KmsMasterKeyId.
func (q *Queue) SetAttributes(ctx context.Context, attributes map[string]string) error {
	_, err := under(ctx, q.server, Call{"SetQueueAttributes", q.name}, func() (nothing, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return nothing{}, q.setAttributes(attributes)
	})
	return err
}

func (q *Queue) setAttributes(attributes map[string]string) error {
	if err := q.exists(); err != nil {
		return err
	}
	if err := q.configure(attributes); err != nil {
		return err
	}
	q.modified = time.Now()
	q.settle(q.modified)
	return nil
}

// attributes returns all attributes, as GetQueueAttributes does for All.
func (q *Queue) attributes() map[string]string {
	q.advance(time.Now())
	all := maps.Clone(q.settings.values)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.counts[Visible])
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(q.counts[Delayed])
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.counts[InFlight])
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	all["QueueArn"] = q.ARN()
	return all
}
