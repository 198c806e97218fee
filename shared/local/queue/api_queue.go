package queue

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// named is a request that names a queue by its name.
type named struct{ QueueName string }

func (r named) queueName() string { return r.QueueName }

type queueURLAnswer struct {
	QueueURL string `json:"QueueUrl"`
}

type createQueueRequest struct {
	named
	Attributes map[string]string
}

func createQueue(_ context.Context, s *Server, r createQueueRequest) (queueURLAnswer, error) {
	if r.QueueName == "" {
		return queueURLAnswer{}, missingParameter("QueueName")
	}
	q, err := s.create(r.QueueName, r.Attributes)
	if err != nil {
		return queueURLAnswer{}, err
	}
	return queueURLAnswer{q.URL()}, nil
}

type getQueueURLRequest struct {
	named
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

func getQueueURL(_ context.Context, s *Server, r getQueueURLRequest) (queueURLAnswer, error) {
	if r.QueueName == "" {
		return queueURLAnswer{}, missingParameter("QueueName")
	}
	q, found := s.queues[r.QueueName]
	if !found || r.QueueOwnerAWSAccountID != "" && r.QueueOwnerAWSAccountID != s.config.Account {
		return queueURLAnswer{}, missingQueue(r.QueueName)
	}
	return queueURLAnswer{q.URL()}, nil
}

type listQueuesRequest struct {
	named
	QueueNamePrefix string
}

type listQueuesAnswer struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
}

// listQueues answers all queues in one page.
func listQueues(_ context.Context, s *Server, r listQueuesRequest) (listQueuesAnswer, error) {
	var answer listQueuesAnswer
	for _, q := range s.sorted() {
		if strings.HasPrefix(q.name, r.QueueNamePrefix) {
			answer.QueueURLs = append(answer.QueueURLs, q.URL())
		}
	}
	return answer, nil
}

type listSourcesAnswer struct {
	QueueURLs []string `json:"queueUrls"` // an empty list, never absent
}

func listDeadLetterSourceQueues(_ context.Context, q *Queue, _ onQueue) (listSourcesAnswer, error) {
	var answer listSourcesAnswer
	for _, source := range q.server.sourcesOf(q) {
		answer.QueueURLs = append(answer.QueueURLs, source.URL())
	}
	return answer, nil
}

type getAttributesRequest struct {
	onQueue
	AttributeNames []string
}

type attributesAnswer struct {
	Attributes map[string]string `json:",omitzero"`
}

func getQueueAttributes(_ context.Context, q *Queue, r getAttributesRequest) (attributesAnswer, error) {
	for _, name := range r.AttributeNames {
		if _, settable := rules[name]; !settable && name != "All" && !slices.Contains(counters, name) {
			return attributesAnswer{}, failf(codeInvalidAttributeName, "Unknown Attribute %s.", name)
		}
	}
	attributes := q.attributes()
	if !slices.Contains(r.AttributeNames, "All") {
		maps.DeleteFunc(attributes, func(name, _ string) bool { return !slices.Contains(r.AttributeNames, name) })
	}
	return attributesAnswer{attributes}, nil
}

type setAttributesRequest struct {
	onQueue
	Attributes map[string]string
}
