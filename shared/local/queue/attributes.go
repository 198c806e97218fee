package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// settings are a queue's attributes as the engine uses them. Values holds all
// of them as text, the defaults included, as GetQueueAttributes answers them.
type settings struct {
	values             map[string]string
	delay              time.Duration
	maximumMessageSize int
	retention          time.Duration
	wait               time.Duration
	visibilityTimeout  time.Duration
	contentBased       bool
	deduplicationScope string
	redrive            redrivePolicy
	redriveAllow       redriveAllowPolicy
}

// rule says what values one attribute takes. Ranges and defaults are those of
// the CreateQueue page of the API reference.
type rule struct {
	standard string   // default; "" means the attribute is absent
	fifo     bool     // for FIFO queues only
	min, max int      // of an integer, if max > 0
	oneOf    []string // of a word, if any
	object   bool     // a JSON object
}

var boolean = []string{"true", "false"}

var rules = map[string]rule{
	"DelaySeconds":                  {standard: "0", max: 900},
	"MaximumMessageSize":            {standard: "1048576", min: 1024, max: maxPayload},
	"MessageRetentionPeriod":        {standard: "345600", min: 60, max: 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {standard: "0", max: 20},
	"VisibilityTimeout":             {standard: "30", max: 43_200},
	"KmsMasterKeyId":                {},
	"KmsDataKeyReusePeriodSeconds":  {min: 60, max: 86_400},
	"SqsManagedSseEnabled":          {standard: "true", oneOf: boolean},
	"Policy":                        {object: true},
	"RedrivePolicy":                 {object: true},
	"RedriveAllowPolicy":            {object: true},
	"FifoQueue":                     {standard: "true", fifo: true, oneOf: []string{"true"}},
	"ContentBasedDeduplication":     {standard: "false", fifo: true, oneOf: boolean},
	"DeduplicationScope":            {standard: "queue", fifo: true, oneOf: []string{"queue", "messageGroup"}},
	"FifoThroughputLimit":           {standard: "perQueue", fifo: true, oneOf: []string{"perQueue", "perMessageGroupId"}},
}

// counters are the attributes that a queue reports and nobody sets.
var counters = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
}

// normal checks a value and returns it in the one form that is stored.
func (r rule) normal(name, value string) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", failf(codeInvalidAttributeValue, "Invalid value for the parameter %s: %q. Reason: %s.", name, value, fmt.Sprintf(format, args...))
	}
	switch {
	case value == "" && r.standard == "":
		return "", nil // takes the attribute away
	case r.max > 0:
		n, err := strconv.Atoi(value)
		if err != nil || n < r.min || n > r.max {
			return refuse("it must be an integer from %d to %d", r.min, r.max)
		}
		return strconv.Itoa(n), nil
	case r.oneOf != nil && !slices.Contains(r.oneOf, value):
		return refuse("it must be one of %v", r.oneOf)
	case r.object:
		object := jsontext.Value(value)
		if err := object.Canonicalize(); err != nil || object.Kind() != '{' {
			return refuse("it must be a JSON object")
		}
		return string(object), nil
	}
	return value, nil
}

// lookupRule finds the rule of an attribute that a queue of this kind has.
func lookupRule(name string, fifo bool) (rule, error) {
	r, found := rules[name]
	if !found || r.fifo && !fifo {
		return rule{}, failf(codeInvalidAttributeName, "Unknown Attribute %s.", name)
	}
	return r, nil
}

// configure applies attributes over the present ones, all or nothing.
func (q *Queue) configure(attributes map[string]string, creating bool) error {
	values := maps.Clone(q.settings.values)
	if creating {
		values = defaults(q.fifo)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		r, err := lookupRule(name, q.fifo)
		if err != nil {
			return err
		}
		if name == "FifoQueue" && !creating {
			return failf(codeInvalidAttributeName, "FifoQueue can be given only when a queue is created.")
		}
		if values[name], err = r.normal(name, attributes[name]); err != nil {
			return err
		}
	}
	if values["KmsMasterKeyId"] != "" && attributes["SqsManagedSseEnabled"] == "true" {
		return failf(codeInvalidAttributeValue, "You can use one type of server-side encryption (SSE) at one time: KmsMasterKeyId or SqsManagedSseEnabled.")
	}
	if values["KmsMasterKeyId"] != "" {
		values["SqsManagedSseEnabled"] = "false"
	}
	if values["FifoThroughputLimit"] == "perMessageGroupId" && values["DeduplicationScope"] != "messageGroup" {
		return failf(codeInvalidAttributeValue, "FifoThroughputLimit perMessageGroupId needs DeduplicationScope messageGroup.")
	}
	return q.adopt(values)
}

func defaults(fifo bool) map[string]string {
	values := map[string]string{}
	for name, r := range rules {
		if fifo || !r.fifo {
			values[name] = r.standard
		}
	}
	return values
}

// adopt turns normal values into settings.
func (q *Queue) adopt(values map[string]string) error {
	redrive := q.settings.redrive
	if text := values["RedrivePolicy"]; text != q.settings.values["RedrivePolicy"] { // an unchanged one may outlive its target
		var err error
		if redrive, err = q.parseRedrivePolicy(text); err != nil {
			return err
		}
	}
	allow, err := parseRedriveAllowPolicy(values["RedriveAllowPolicy"])
	if err != nil {
		return err
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(values[name]) // was checked by its rule
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
		contentBased:       values["ContentBasedDeduplication"] == "true",
		deduplicationScope: values["DeduplicationScope"],
		redrive:            redrive,
		redriveAllow:       allow,
	}
	return nil
}

// hasAttributes reports whether the queue could have been made with these.
func (q *Queue) hasAttributes(attributes map[string]string) bool {
	for name, value := range attributes {
		r, err := lookupRule(name, q.fifo)
		if err != nil {
			return false
		}
		if value, err = r.normal(name, value); err != nil || value != q.settings.values[name] {
			return false
		}
	}
	return q.fifo == (attributes["FifoQueue"] == "true")
}

// SetAttributes changes attributes, all or none. A value of "" takes
// RedrivePolicy, RedriveAllowPolicy, Policy or KmsMasterKeyId away.
func (q *Queue) SetAttributes(ctx context.Context, attributes map[string]string) error {
	_, err := act(ctx, q.server, Call{"SetQueueAttributes", q.name}, func() (struct{}, error) {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		return struct{}{}, q.setAttributes(attributes)
	})
	return err
}

func (q *Queue) setAttributes(attributes map[string]string) error {
	if err := q.exists(); err != nil {
		return err
	}
	if err := q.configure(attributes, false); err != nil {
		return err
	}
	q.modified = time.Now()
	q.settle(q.modified)
	return nil
}

// Attributes returns all attributes, as GetQueueAttributes does for All.
func (q *Queue) Attributes() map[string]string {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	return q.attributes()
}

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
