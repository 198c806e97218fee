package template

import (
	"encoding/json"
	"slices"
	"time"
)

// readers add the resources that run locally to a stack, by type.
var readers = map[string]func(*Stack, resource) error{
	"AWS::Serverless::Function": (*Stack).addFunction,
	"AWS::SQS::Queue":           (*Stack).addQueue,
	"AWS::SNS::Topic":           (*Stack).addTopic,
	"AWS::SNS::Subscription":    (*Stack).addSubscription,
	"AWS::Events::Rule":         (*Stack).addRule,
	"AWS::DynamoDB::Table":      (*Stack).addTable,
}

// Function is a Lambda function and what feeds it.
type Function struct {
	Name                string
	Timeout             time.Duration
	MemorySize          int // MB
	ReservedConcurrency int // 0 if none is reserved
	Environment         map[string]string
	EventSources        []EventSource
}

// EventSource is an SQS event source mapping.
type EventSource struct {
	Name                    string // the event's in the function
	QueueARN                string
	BatchSize               int
	MaximumConcurrency      int // 0 is no limit of its own
	ReportBatchItemFailures bool
}

// addFunction reads a function. The defaults are Lambda's.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
func (s *Stack) addFunction(r resource) error {
	p := struct{ Timeout, MemorySize, ReservedConcurrentExecutions int }{Timeout: 3, MemorySize: 128}
	if err := r.read(&p); err != nil {
		return err
	}
	f := Function{
		Name: r.name, Timeout: time.Duration(p.Timeout) * time.Second, MemorySize: p.MemorySize,
		ReservedConcurrency: p.ReservedConcurrentExecutions, Environment: map[string]string{},
	}
	for name, value := range entries(member(r.properties, "Environment", "Variables")) {
		f.Environment[name.Value] = text(value)
	}
	for name, event := range entries(member(r.properties, "Events")) {
		p := struct {
			Queue                                     string
			BatchSize, MaximumBatchingWindowInSeconds int
			ScalingConfig                             struct{ MaximumConcurrency int }
			FunctionResponseTypes                     []string
		}{BatchSize: 10}
		if err := r.read(&p, "Events", name.Value, "Properties"); err != nil {
			return err
		}
		if kind := text(event, "Type"); kind != "SQS" || p.MaximumBatchingWindowInSeconds != 0 {
			return r.errorAt(name, "event %s of %s has Type %q, only SQS without a batching window runs locally", name.Value, r.name, kind)
		}
		f.EventSources = append(f.EventSources, EventSource{
			Name: name.Value, QueueARN: p.Queue, BatchSize: p.BatchSize, MaximumConcurrency: p.ScalingConfig.MaximumConcurrency,
			ReportBatchItemFailures: slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures"),
		})
	}
	s.Functions[r.name] = f
	return nil
}

// Queue is a standard SQS queue.
type Queue struct {
	Name, ARN, URL string
	Attributes     map[string]string // as CreateQueue takes them, which have the names of the properties
}

func (s *Stack) addQueue(r resource) error {
	q := Queue{Name: r.name, ARN: r.attribute("Arn"), URL: r.attribute("QueueUrl"), Attributes: map[string]string{}}
	for name, value := range entries(r.properties) {
		switch {
		case name.Value == "Tags": // they change nothing about how it runs
		case len(value.Content) == 0:
			q.Attributes[name.Value] = value.Value
		default:
			q.Attributes[name.Value] = toJSON(value)
		}
	}
	s.Queues = append(s.Queues, q)
	return nil
}

// Topic is an SNS topic.
type Topic struct {
	Name, ARN        string
	SignatureVersion string // "1" (SHA1) or "2" (SHA256)
}

func (s *Stack) addTopic(r resource) error {
	t := Topic{Name: r.name, ARN: r.attribute("TopicArn"), SignatureVersion: "1"} // SNS's default
	err := r.read(&t)
	s.Topics = append(s.Topics, t)
	return err
}

// Subscription is one subscription of a topic.
type Subscription struct {
	TopicARN, Protocol, Endpoint string
	RawMessageDelivery           bool
}

func (s *Stack) addSubscription(r resource) error {
	var subscription Subscription
	err := r.read(&subscription)
	s.Subscriptions = append(s.Subscriptions, subscription)
	return err
}

// Rule is an EventBridge rule: which events of which bus go where.
type Rule struct {
	Name         string
	EventBusName string
	EventPattern json.RawMessage
	Targets      []struct{ ARN string }
}

// defaultBus is the bus of a rule that names none.
const defaultBus = "default"

func (s *Stack) addRule(r resource) error {
	rule := Rule{EventBusName: defaultBus}
	err := r.read(&rule)
	rule.Name = r.name
	s.Rules = append(s.Rules, rule)
	return err
}

// Table is a DynamoDB table with string keys and on-demand capacity.
type Table struct {
	Name, PartitionKey, SortKey string
}

func (s *Stack) addTable(r resource) error {
	var p struct {
		KeySchema []struct{ AttributeName, KeyType string }
	}
	err := r.read(&p)
	t := Table{Name: r.name}
	for _, key := range p.KeySchema {
		if key.KeyType == "HASH" {
			t.PartitionKey = key.AttributeName
		} else {
			t.SortKey = key.AttributeName
		}
	}
	s.Tables = append(s.Tables, t)
	return err
}
