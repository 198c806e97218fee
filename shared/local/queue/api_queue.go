package queue

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

type nothing struct{}

type createQueueRequest struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

func (r createQueueRequest) queueName() string { return r.QueueName }

type queueURLAnswer struct {
	QueueURL string `json:"QueueUrl"`
}

func (s *Server) apiCreateQueue(_ context.Context, r createQueueRequest) (queueURLAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.QueueName == "" {
		return queueURLAnswer{}, missingParameter("QueueName")
	}
	q, err := s.create(r.QueueName, r.Attributes, r.Tags)
	if err != nil {
		return queueURLAnswer{}, err
	}
	return queueURLAnswer{q.URL()}, nil
}

func (s *Server) apiDeleteQueue(_ context.Context, r onQueue) (nothing, error) {
	return locked(s, r, func(q *Queue) (nothing, error) {
		s.remove(q)
		return nothing{}, nil
	})
}

type getQueueURLRequest struct {
	QueueName              string
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

func (r getQueueURLRequest) queueName() string { return r.QueueName }

func (s *Server) apiGetQueueURL(_ context.Context, r getQueueURLRequest) (queueURLAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.QueueName == "" {
		return queueURLAnswer{}, missingParameter("QueueName")
	}
	q, found := s.queues[r.QueueName]
	if !found || r.QueueOwnerAWSAccountID != "" && r.QueueOwnerAWSAccountID != s.config.Account {
		return queueURLAnswer{}, missingQueue(r.QueueName)
	}
	return queueURLAnswer{q.URL()}, nil
}

// page is how the two lists of queues are cut into pages.
type page struct {
	NextToken  string
	MaxResults *int
}

// maxResults is the largest page, and the size of one when none is asked for.
const maxResults = 1000

// cut returns one page of URLs and the token of the next. A token is the last
// name of its page. Without MaxResults there is one page and no token.
func (p page) cut(queues []*Queue) (urls []string, token string, err error) {
	limit := maxResults
	if p.MaxResults != nil {
		limit = *p.MaxResults
	}
	if limit < 1 || limit > maxResults {
		return nil, "", invalidValue(limit, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
	}
	after, err := base64.StdEncoding.DecodeString(p.NextToken)
	if err != nil {
		return nil, "", invalidValue(p.NextToken, "NextToken", "It is not a token of an earlier answer.")
	}
	for _, q := range queues {
		if q.name <= string(after) {
			continue
		}
		if len(urls) == limit {
			if p.MaxResults != nil {
				token = base64.StdEncoding.EncodeToString(after)
			}
			break
		}
		urls, after = append(urls, q.URL()), []byte(q.name)
	}
	return urls, token, nil
}

type listQueuesRequest struct {
	page
	QueueNamePrefix string
}

func (listQueuesRequest) queueName() string { return "" }

type listQueuesAnswer struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitzero"`
}

func (s *Server) apiListQueues(_ context.Context, r listQueuesRequest) (listQueuesAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queues := slices.DeleteFunc(s.sorted(), func(q *Queue) bool { return !strings.HasPrefix(q.name, r.QueueNamePrefix) })
	urls, token, err := r.cut(queues)
	return listQueuesAnswer{urls, token}, err
}

type listSourcesRequest struct {
	onQueue
	page
}

type listSourcesAnswer struct {
	QueueURLs []string `json:"queueUrls"`
	NextToken string   `json:",omitzero"`
}

func (s *Server) apiListDeadLetterSourceQueues(_ context.Context, r listSourcesRequest) (listSourcesAnswer, error) {
	return locked(s, r.onQueue, func(q *Queue) (listSourcesAnswer, error) {
		urls, token, err := r.cut(s.sourcesOf(q))
		return listSourcesAnswer{urls, token}, err
	})
}

type getAttributesRequest struct {
	onQueue
	AttributeNames []string
}

type attributesAnswer struct {
	Attributes map[string]string `json:",omitzero"`
}

func (s *Server) apiGetQueueAttributes(_ context.Context, r getAttributesRequest) (attributesAnswer, error) {
	return locked(s, r.onQueue, func(q *Queue) (attributesAnswer, error) {
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
	})
}

type setAttributesRequest struct {
	onQueue
	Attributes map[string]string
}

func (s *Server) apiSetQueueAttributes(_ context.Context, r setAttributesRequest) (nothing, error) {
	return locked(s, r.onQueue, func(q *Queue) (nothing, error) { return nothing{}, q.setAttributes(r.Attributes) })
}

func (s *Server) apiPurgeQueue(_ context.Context, r onQueue) (nothing, error) {
	return locked(s, r, func(q *Queue) (nothing, error) { return nothing{}, q.purge() })
}
