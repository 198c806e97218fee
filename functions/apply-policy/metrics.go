package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"sespolicy/shared/apply"
	"sespolicy/shared/outcome"
	"sespolicy/shared/reply"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "sespolicy"

// The metrics, each by FunctionName; Rejected also by Code, Retried also by Cause.
// Identities and policy names are fields of the log, never dimensions.
const (
	metricApplied     = "Applied"
	metricDeleted     = "Deleted"
	metricRejected    = "Rejected"
	metricSuperseded  = "Superseded"
	metricRetried     = "Retried"
	metricReplyFailed = "ReplyFailed" // requests whose requester could not be told
	metricThrottled   = "Throttled"   // attempts that SES throttled
	metricQueueTime   = "QueueTime"   // ms from SentTimestamp to the outcome
	metricCallTime    = "CallTime"    // ms that a request's SES call took, without waiting for its turn
	metricPacingTime  = "PacingTime"  // ms that the batch's SES calls waited for their turn
	metricBatchSize   = "BatchSize"
)

// The dimensions.
const (
	dimensionFunction = "FunctionName"
	dimensionCode     = "Code"
	dimensionCause    = "Cause"
)

// maxValues is the format's limit of values of one metric in a document.
const maxValues = 100

// metrics writes a batch's figures in CloudWatch's embedded metric format: logs
// that CloudWatch turns into metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metrics struct {
	out      io.Writer
	function string
}

// metricDefinition and directive are named as in the format's specification.
type metricDefinition struct {
	Name string
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricDefinition
}

// write writes one document for the batch, and one for each code and cause in it,
// because a document has one value of each dimension.
func (m *metrics) write(requests []*request, calls apply.Stats) error {
	batch := map[string]any{
		metricApplied: 0, metricDeleted: 0, metricRejected: 0, metricSuperseded: 0, metricRetried: 0, metricReplyFailed: 0,
		metricThrottled: calls.Throttled, metricPacingTime: calls.Waited.Milliseconds(), metricBatchSize: len(requests),
	}
	codes, causes := map[string]int{}, map[string]int{}
	var queued, called []int64
	for _, r := range requests {
		batch[metricOf(r)] = batch[metricOf(r)].(int) + 1
		if r.replyFailed {
			batch[metricReplyFailed] = batch[metricReplyFailed].(int) + 1
		}
		switch r.outcome.Kind {
		case outcome.Rejected:
			codes[r.outcome.Code]++
		case outcome.Retry:
			causes[r.outcome.Code]++
			continue
		}
		queued = append(queued, r.queued().Milliseconds())
		if r.call > 0 {
			called = append(called, r.call.Milliseconds())
		}
	}
	if len(queued) > 0 {
		batch[metricQueueTime] = queued[:min(len(queued), maxValues)]
	}
	if len(called) > 0 {
		batch[metricCallTime] = called[:min(len(called), maxValues)]
	}
	return errors.Join(
		m.emit("", "", batch),
		m.emitEach(dimensionCode, metricRejected, codes),
		m.emitEach(dimensionCause, metricRetried, causes),
	)
}

// metricOf is the metric that counts a request's outcome.
func metricOf(r *request) string {
	if r.outcome.Kind == outcome.Retry {
		return metricRetried
	}
	return reply.Word(r.Message, r.outcome)
}

// emitEach writes the metric once for each value of the dimension.
func (m *metrics) emitEach(dimension, metric string, counts map[string]int) error {
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if err := m.emit(dimension, value, map[string]any{metric: counts[value]}); err != nil {
			return err
		}
	}
	return nil
}

// emit writes one document: the values, each a number or a list of numbers, by
// FunctionName and, unless it is empty, by one more dimension.
func (m *metrics) emit(dimension, of string, values map[string]any) error {
	about := directive{Namespace: Namespace, Dimensions: [][]string{{dimensionFunction}}}
	root := map[string]any{dimensionFunction: m.function}
	if dimension != "" {
		about.Dimensions[0] = append(about.Dimensions[0], dimension)
		root[dimension] = of
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		about.Metrics = append(about.Metrics, metricDefinition{name, unit(name)})
		root[name] = values[name]
	}
	root["_aws"] = map[string]any{"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": []directive{about}}
	line, err := json.Marshal(root)
	if err != nil {
		return err
	}
	_, err = m.out.Write(append(line, '\n'))
	return err
}

func unit(metric string) string {
	switch metric {
	case metricQueueTime, metricCallTime, metricPacingTime:
		return "Milliseconds"
	}
	return "Count"
}
