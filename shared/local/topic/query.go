package topic

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"sespolicy/shared/local/wire"
)

// request has the parameters of all operations.
type request struct {
	Name           string
	TopicARN       string `json:"TopicArn"`
	TargetARN      string `json:"TargetArn"` // Publish: another name of TopicArn
	Protocol       string
	Endpoint       string
	Attributes     map[string]string
	AttributeName  string
	AttributeValue string

	message
	Entries []message `json:"PublishBatchRequestEntries"`
}

var service = wire.Service[*Server, request]{
	Query: wire.Query{Namespace: "http://sns.amazonaws.com/doc/2010-03-31/"},
	Operations: map[string]wire.Operation[*Server, request]{
		"CreateTopic":        createTopic,
		"DeleteTopic":        deleteTopic,
		"ListTopics":         listTopics,
		"SetTopicAttributes": setTopicAttributes,
		"Subscribe":          subscribe,
		"Publish":            publish,
		"PublishBatch":       publishBatch,
	},
}

// ServeHTTP answers one call, and a GET of the signing certificate.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, CertificatePrefix) {
		serveCertificate(w, r)
		return
	}
	service.Read(w, r, s).Serve(w, r, s.FaultOf(r))
}

type topicResult struct {
	ARN string `xml:"TopicArn"`
}

func createTopic(_ context.Context, s *Server, in request) (any, error) {
	if !topicARN.MatchString(wire.ARN("sns", in.Name)) {
		return nil, invalid("Topic Name")
	}
	arn := s.Create(in.Name)
	if version, given := in.Attributes["SignatureVersion"]; given {
		return topicResult{arn}, s.SetSignatureVersion(arn, version)
	}
	return topicResult{arn}, nil
}

// deleteTopic also succeeds if there is no such topic.
func deleteTopic(_ context.Context, s *Server, in request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics = slices.DeleteFunc(s.topics, func(t *topic) bool { return t.arn == in.TopicARN })
	return wire.Nothing{}, nil
}

func listTopics(_ context.Context, s *Server, _ request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var result struct {
		Members []topicResult `xml:"Topics>member"`
	}
	for _, each := range s.topics {
		result.Members = append(result.Members, topicResult{each.arn})
	}
	return result, nil
}

func setTopicAttributes(_ context.Context, s *Server, in request) (any, error) {
	if in.AttributeName != "SignatureVersion" {
		return nil, invalid("AttributeName Reason: only SignatureVersion is served here")
	}
	return wire.Nothing{}, s.SetSignatureVersion(in.TopicARN, in.AttributeValue)
}

// subscribe adds a subscription of a queue. It needs no confirmation, as within
// one account.
func subscribe(_ context.Context, s *Server, in request) (any, error) {
	if in.Protocol != "sqs" || s.config.Queue == nil {
		return nil, invalid("Protocol Reason: only sqs is served here")
	}
	send, found := s.config.Queue(in.Endpoint)
	if !found {
		return nil, invalid("Endpoint Reason: there is no queue " + in.Endpoint)
	}
	raw := strings.EqualFold(in.Attributes["RawMessageDelivery"], "true")
	arn, err := s.Subscribe(Subscription{TopicARN: in.TopicARN, QueueARN: in.Endpoint, Raw: raw, Send: send})
	return struct {
		ARN string `xml:"SubscriptionArn"`
	}{arn}, err
}

// published is the answer to a message. A batch's has the entry's id.
type published struct {
	ID        string `xml:"Id,omitempty"`
	MessageID string `xml:"MessageId"`
}

func publish(ctx context.Context, s *Server, in request) (any, error) {
	if err := in.checkAttributes(); err != nil {
		return nil, err
	}
	id, err := s.publish(ctx, cmp.Or(in.TopicARN, in.TargetARN), in.message)
	return published{MessageID: id}, err
}

// publishBatch publishes each entry on its own, but refuses the whole batch if
// an attribute of one entry is invalid, as recorded from SNS.
func publishBatch(ctx context.Context, s *Server, in request) (any, error) {
	if _, err := s.snapshot(in.TopicARN); err != nil {
		return nil, err
	}
	size := 0
	for _, entry := range in.Entries {
		if err := entry.checkAttributes(); err != nil {
			return nil, err
		}
		size += entry.size()
	}
	if size > maxSize {
		return nil, wire.Errorf("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	return wire.Batch(in.Entries, "", func(m message) string { return m.ID }, func(m message) (any, error) {
		id, err := s.publish(ctx, in.TopicARN, m)
		return published{m.ID, id}, err
	})
}
