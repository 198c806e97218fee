package template

import (
	"slices"
	"time"
)

// readers add the resources that run locally to a stack, by type. Their errors are the YAML library's.
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
	Name, ARN           string
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
	BatchingWindow          time.Duration
	MaximumConcurrency      int // 0 is no limit of its own
	ReportBatchItemFailures bool
	Enabled                 bool
}

// addFunction reads a function. The defaults are Lambda's.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
func (s *Stack) addFunction(r resource) error {
	p := struct {
		Timeout     int `yaml:"Timeout"`
		MemorySize  int `yaml:"MemorySize"`
		Reserved    int `yaml:"ReservedConcurrentExecutions"`
		Environment struct {
			Variables map[string]string `yaml:"Variables"`
		} `yaml:"Environment"`
	}{Timeout: 3, MemorySize: 128}
	if err := r.properties.Decode(&p); err != nil {
		return err
	}
	f := Function{
		Name: r.name, ARN: r.arn, Timeout: time.Duration(p.Timeout) * time.Second,
		MemorySize: p.MemorySize, ReservedConcurrency: p.Reserved, Environment: p.Environment.Variables,
	}
	for name, event := range entries(member(r.properties, "Events")) {
		if kind := text(event, "Type"); kind != "SQS" {
			return r.errorAt(name, "event %s of %s has Type %q, only SQS runs locally", name.Value, r.name, kind)
		}
		p := struct {
			Queue         string `yaml:"Queue"`
			BatchSize     int    `yaml:"BatchSize"`
			Window        int    `yaml:"MaximumBatchingWindowInSeconds"`
			ScalingConfig struct {
				MaximumConcurrency int `yaml:"MaximumConcurrency"`
			} `yaml:"ScalingConfig"`
			ResponseTypes []string `yaml:"FunctionResponseTypes"`
			Enabled       bool     `yaml:"Enabled"`
		}{BatchSize: 10, Enabled: true}
		if err := member(event, "Properties").Decode(&p); err != nil {
			return err
		}
		f.EventSources = append(f.EventSources, EventSource{
			Name: name.Value, QueueARN: p.Queue, BatchSize: p.BatchSize, BatchingWindow: time.Duration(p.Window) * time.Second,
			MaximumConcurrency: p.ScalingConfig.MaximumConcurrency, Enabled: p.Enabled,
			ReportBatchItemFailures: slices.Contains(p.ResponseTypes, "ReportBatchItemFailures"),
		})
	}
	s.Functions = append(s.Functions, f)
	return nil
}

// Queue is a standard SQS queue.
type Queue struct {
	Name, ARN, URL string
	Attributes     map[string]string // as CreateQueue takes them, which have the names of the properties
}

func (s *Stack) addQueue(r resource) error {
	q := Queue{Name: r.name, ARN: r.arn, URL: r.ref, Attributes: map[string]string{}}
	for name, value := range entries(r.properties) {
		if name.Value == "Tags" { // they change nothing about how it runs
			continue
		}
		attribute := text(value)
		if attribute == "" {
			var err error
			if attribute, err = toJSON(value); err != nil {
				return err
			}
		}
		q.Attributes[name.Value] = attribute
	}
	s.Queues = append(s.Queues, q)
	return nil
}

// Topic is an SNS topic.
type Topic struct {
	Name             string `yaml:"-"`
	ARN              string `yaml:"-"`
	SignatureVersion string `yaml:"SignatureVersion"` // "1" (SHA1) or "2" (SHA256)
}

func (s *Stack) addTopic(r resource) error {
	t := Topic{Name: r.name, ARN: r.ref, SignatureVersion: "1"} // SNS's default
	err := r.properties.Decode(&t)
	s.Topics = append(s.Topics, t)
	return err
}

// Subscription is one subscription of a topic.
type Subscription struct {
	TopicARN           string `yaml:"TopicArn"`
	Protocol           string `yaml:"Protocol"`
	Endpoint           string `yaml:"Endpoint"`
	RawMessageDelivery bool   `yaml:"RawMessageDelivery"`
}

func (s *Stack) addSubscription(r resource) error {
	var subscription Subscription
	err := r.properties.Decode(&subscription)
	s.Subscriptions = append(s.Subscriptions, subscription)
	return err
}

// Rule is an EventBridge rule: which events of which bus go where.
type Rule struct {
	Name, ARN    string
	EventBusName string
	EventPattern string // JSON
	Enabled      bool
	Targets      []string // ARNs
}

// defaultBus is the bus of a rule that names none.
const defaultBus = "default"

func (s *Stack) addRule(r resource) error {
	p := struct {
		EventBusName string `yaml:"EventBusName"`
		State        string `yaml:"State"`
		Targets      []struct {
			ARN string `yaml:"Arn"`
		} `yaml:"Targets"`
	}{EventBusName: defaultBus, State: "ENABLED"}
	if err := r.properties.Decode(&p); err != nil {
		return err
	}
	pattern, err := toJSON(member(r.properties, "EventPattern"))
	rule := Rule{Name: r.name, ARN: r.arn, EventBusName: p.EventBusName, EventPattern: pattern, Enabled: p.State == "ENABLED"}
	for _, target := range p.Targets {
		rule.Targets = append(rule.Targets, target.ARN)
	}
	s.Rules = append(s.Rules, rule)
	return err
}

// Table is a DynamoDB table with string keys and on-demand capacity.
type Table struct {
	Name, PartitionKey, SortKey string
}

func (s *Stack) addTable(r resource) error {
	var p struct {
		KeySchema []struct {
			AttributeName string `yaml:"AttributeName"`
			KeyType       string `yaml:"KeyType"`
		} `yaml:"KeySchema"`
	}
	if err := r.properties.Decode(&p); err != nil {
		return err
	}
	t := Table{Name: r.name}
	for _, key := range p.KeySchema {
		if key.KeyType == "HASH" {
			t.PartitionKey = key.AttributeName
		} else {
			t.SortKey = key.AttributeName
		}
	}
	s.Tables = append(s.Tables, t)
	return nil
}
