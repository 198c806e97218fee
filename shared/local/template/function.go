package template

import (
	"time"
)

// Function is a Lambda function and what feeds it.
type Function struct {
	LogicalID, Name, ARN           string
	Handler, Runtime, Architecture string
	Timeout                        time.Duration
	MemorySize                     int // MB
	ReservedConcurrency            int // Unreserved when none is reserved
	Environment                    map[string]string
	EventSources                   []EventSource
}

// Unreserved is the ReservedConcurrency of a function that shares the account's.
const Unreserved = -1

// EventSource is an SQS event source mapping.
type EventSource struct {
	LogicalID               string // the event's name in the function
	QueueARN                string
	BatchSize               int
	BatchingWindow          time.Duration
	MaximumConcurrency      int // 0 is no limit of its own
	ReportBatchItemFailures bool
	Enabled                 bool
}

// What Lambda assumes where the template says nothing.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
const (
	defaultTimeout    = 3   // seconds
	defaultMemorySize = 128 // MB
	defaultBatchSize  = 10  // messages, of an SQS mapping
)

func (b *builder) function(res resource, p properties) Function {
	name, arn := b.name(res, "Arn")
	f := Function{
		LogicalID:           res.logicalID,
		Name:                name,
		ARN:                 arn,
		Handler:             p.text("Handler", ""),
		Runtime:             p.text("Runtime", ""),
		Architecture:        "x86_64",
		Timeout:             p.seconds("Timeout", defaultTimeout),
		MemorySize:          p.integer("MemorySize", defaultMemorySize),
		ReservedConcurrency: p.integer("ReservedConcurrentExecutions", Unreserved),
		Environment:         map[string]string{},
	}
	if architectures := p.list("Architectures"); len(architectures) > 0 {
		f.Architecture = architectures[0].text
	}
	if variables := p.object("Environment").object("Variables"); variables.node != nil {
		for _, m := range variables.node.members {
			f.Environment[m.name] = variables.text(m.name, "")
		}
	}
	if events := p.object("Events"); events.node != nil {
		for _, event := range events.node.members {
			b.addEventSource(&f, event)
		}
	}
	return f
}

func (b *builder) addEventSource(f *Function, event member) {
	if kind := event.value.member("Type"); kind == nil || kind.text != "SQS" {
		b.fail(event.at, "event %s of %s: only events of Type SQS are run locally", event.name, f.LogicalID)
		return
	}
	p := b.properties(event.value).object("Properties")
	source := EventSource{
		LogicalID:          event.name,
		QueueARN:           p.text("Queue", ""),
		BatchSize:          p.integer("BatchSize", defaultBatchSize),
		BatchingWindow:     p.seconds("MaximumBatchingWindowInSeconds", 0),
		MaximumConcurrency: p.object("ScalingConfig").integer("MaximumConcurrency", 0),
		Enabled:            p.boolean("Enabled", true),
	}
	for _, kind := range p.list("FunctionResponseTypes") {
		source.ReportBatchItemFailures = source.ReportBatchItemFailures || kind.text == "ReportBatchItemFailures"
	}
	f.EventSources = append(f.EventSources, source)
}
