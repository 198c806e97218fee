package queue

import (
	"context"
	"maps"
	"slices"
	"strings"

	"sespolicy/shared/local/wire"
)

type oneURL struct {
	URL string `json:"QueueUrl"`
}

func createQueue(_ context.Context, s *Server, in request) (any, error) {
	q, err := s.create(in.QueueName, in.Attributes)
	if err != nil {
		return nil, err
	}
	return oneURL{q.URL()}, nil
}

func getQueueURL(_ context.Context, s *Server, in request) (any, error) {
	q, found := s.queues[in.QueueName]
	if !found {
		return nil, missingQueue(in.QueueName)
	}
	return oneURL{q.URL()}, nil
}

// listQueues answers all queues in one page.
func listQueues(_ context.Context, s *Server, in request) (any, error) {
	return struct {
		URLs []string `json:"QueueUrls,omitempty"`
	}{s.urls(func(q *Queue) bool { return strings.HasPrefix(q.name, in.QueueNamePrefix) })}, nil
}

func listDeadLetterSourceQueues(_ context.Context, q *Queue, _ request) (any, error) {
	return struct {
		URLs []string `json:"queueUrls"` // an empty list, never absent
	}{q.server.urls(q.isTargetOf)}, nil
}

// urls are those of the queues of which a condition holds, by name.
func (s *Server) urls(holds func(*Queue) bool) []string {
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if q := s.queues[name]; holds(q) {
			urls = append(urls, q.URL())
		}
	}
	return urls
}

func deleteQueue(_ context.Context, q *Queue, _ request) (any, error) {
	q.remove()
	return wire.Nothing{}, nil
}

func purgeQueue(_ context.Context, q *Queue, _ request) (any, error) {
	return wire.Nothing{}, q.purge()
}

func setQueueAttributes(_ context.Context, q *Queue, in request) (any, error) {
	return wire.Nothing{}, q.setAttributes(in.Attributes)
}

func getQueueAttributes(_ context.Context, q *Queue, in request) (any, error) {
	attributes := q.report()
	for _, name := range in.AttributeNames {
		_, settable := rules[name]
		if _, present := attributes[name]; !present && !settable && name != "All" {
			return nil, fail(invalidAttributeName, "Unknown Attribute %s.", name)
		}
	}
	maps.DeleteFunc(attributes, func(name, _ string) bool { return !wants(in.AttributeNames, name) })
	return struct {
		Attributes map[string]string `json:",omitempty"`
	}{attributes}, nil
}

func startMessageMoveTask(_ context.Context, s *Server, in request) (any, error) {
	if err := checkRange(in.MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", 1, maxMoveRate); err != nil {
		return nil, err
	}
	rate := 0
	if in.MaxNumberOfMessagesPerSecond != nil {
		rate = *in.MaxNumberOfMessagesPerSecond
	}
	task, err := s.startMove(in.SourceArn, in.DestinationArn, rate)
	if err != nil {
		return nil, err
	}
	return struct{ TaskHandle string }{task.TaskHandle}, nil
}

// listMessageMoveTasks answers the newest first.
func listMessageMoveTasks(_ context.Context, s *Server, in request) (any, error) {
	limit := 1
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if err := checkRange(&limit, "MaxResults", 1, maxMoves); err != nil {
		return nil, err
	}
	q, err := s.resource("SourceArn", in.SourceArn)
	if err != nil {
		return nil, err
	}
	var answer struct{ Results []taskReport }
	for _, task := range slices.Backward(q.tasks[max(0, len(q.tasks)-limit):]) {
		answer.Results = append(answer.Results, task.taskReport)
	}
	return answer, nil
}

func cancelMessageMoveTask(_ context.Context, s *Server, in request) (any, error) {
	moved, err := s.cancelMove(in.TaskHandle)
	return struct {
		Moved int `json:"ApproximateNumberOfMessagesMoved"`
	}{moved}, err
}
