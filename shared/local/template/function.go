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
	ReservedConcurrency            int // 0 if none is reserved
	Environment                    map[string]string
	EventSources                   []EventSource
}

// EventSource is an SQS event source mapping.
type EventSource struct {
	LogicalID               string // the event's name in the function
	QueueARN                string
	BatchSize               int
	BatchingWindow          time.Duration
	MaximumConcurrency      int // 0 is no limit of its own
	ReportBatchItemFailures bool
	Metrics                 []string // groups of the mapping's own metrics
	Enabled                 bool
}

// Lambda's defaults.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
const (
	defaultTimeout    = 3   // seconds
	defaultMemorySize = 128 // MB
	defaultBatchSize  = 10  // messages, of an SQS mapping
)

func (b *builder) function(res resource, p properties) Function {
	f := Function{
		LogicalID:           res.logicalID,
		Name:                res.logicalID,
		ARN:                 b.attribute(res, "Arn"),
		Handler:             p.text("Handler"),
		Runtime:             p.text("Runtime"),
		Architecture:        "x86_64",
		Timeout:             p.seconds("Timeout", defaultTimeout),
		MemorySize:          p.integer("MemorySize", defaultMemorySize),
		ReservedConcurrency: p.integer("ReservedConcurrentExecutions", 0),
		Environment:         map[string]string{},
	}
	if architectures := p.list("Architectures"); len(architectures) > 0 {
		f.Architecture = architectures[0].text
	}
	environment := p.object("Environment")
	for _, m := range environment.members("Variables") {
		f.Environment[m.name] = environment.object("Variables").text(m.name)
	}
	for _, event := range p.members("Events") {
		if kind, _ := event.value.member("Type").value().(string); kind != "SQS" {
			b.fail(event.at, "event %s of %s has Type %q, only SQS runs locally", event.name, f.LogicalID, kind)
			continue
		}
		f.EventSources = append(f.EventSources, eventSource(event.name, b.properties(event.value).object("Properties")))
	}
	return f
}

func eventSource(name string, p properties) EventSource {
	source := EventSource{
		LogicalID:          name,
		QueueARN:           p.text("Queue"),
		BatchSize:          p.integer("BatchSize", defaultBatchSize),
		BatchingWindow:     p.seconds("MaximumBatchingWindowInSeconds", 0),
		MaximumConcurrency: p.object("ScalingConfig").integer("MaximumConcurrency", 0),
		Enabled:            p.boolean("Enabled", true),
	}
	for _, kind := range p.list("FunctionResponseTypes") {
		source.ReportBatchItemFailures = source.ReportBatchItemFailures || kind.text == "ReportBatchItemFailures"
	}
	for _, group := range p.object("MetricsConfig").list("Metrics") {
		source.Metrics = append(source.Metrics, group.text)
	}
	return source
}
