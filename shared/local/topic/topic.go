// Package topic is Amazon SNS in memory: what is published to a topic goes to
// the topic's queues, as SNS's notification JSON or raw.
//
// It serves publishing, and the making, listing and deleting of standard topics
// and of their SQS subscriptions. Notifications are signed as SNS signs them,
// with a key and a self-signed certificate made at the first one. It filters
// nothing and retries no delivery: when a queue refuses, the publisher gets an
// InternalError and may publish again.
//
// Protocol: AWS Query, Version 2010-03-31.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
package topic

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"sync"

	"sespolicy/shared/local/wire"
)

// Version is the Version parameter of every call of this service.
const Version = "2010-03-31"

// Config says how a Server is reached and where it delivers.
type Config struct {
	// Endpoint is where the signing certificate is served, as notifications name
	// it; empty for SNS's own endpoint in the Region.
	Endpoint string
	// Queue returns how to send to the queue of an ARN, for Subscribe over HTTP.
	// Without it only the method Subscribe makes subscriptions.
	Queue func(arn string) (Send, bool)
	// Rewrite, if set, replaces the message of each publication before it is
	// signed.
	Rewrite func(message string) string
}

// Message is what a queue gets.
type Message struct {
	Body           string
	Attributes     map[string]wire.Attribute // of a raw delivery
	MessageGroupID string                    // fair queues; empty if the publisher gave none
	TraceHeader    string                    // the publisher's X-Amzn-Trace-Id
}

// Send puts one message on a queue.
type Send func(ctx context.Context, message Message) error

// Subscription passes what is published to a topic on to one queue.
type Subscription struct {
	TopicARN string
	QueueARN string
	Raw      bool // RawMessageDelivery
	Send     Send

	arn string
}

// topic is one topic with its subscriptions.
type topic struct {
	arn           string
	version       string // SignatureVersion
	subscriptions []Subscription
}

// Server is one account's SNS. Make it with New; all methods are safe for
// concurrent use.
type Server struct {
	wire.Switch[*http.Request]
	config Config

	mu     sync.Mutex
	topics []*topic // in the order they were made
}

// New returns a Server without topics.
func New(config Config) *Server { return &Server{config: config} }

// Create makes the topic, if there is none of that name yet, and returns its ARN.
func (s *Server) Create(name string) (arn string) {
	arn = wire.ARN("sns", name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(arn); err != nil {
		s.topics = append(s.topics, &topic{arn: arn, version: "1"})
	}
	return arn
}

// SetSignatureVersion sets the topic's attribute: "1" (SHA1, the default) or "2"
// (SHA256).
func (s *Server) SetSignatureVersion(topicARN, version string) error {
	if version != "1" && version != "2" {
		return invalid("Attributes Reason: SignatureVersion must be 1 or 2")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(topicARN)
	if err != nil {
		return err
	}
	t.version = version
	return nil
}

// Subscribe adds a subscription; it gets what is published from then on.
func (s *Server) Subscribe(subscription Subscription) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(subscription.TopicARN)
	if err != nil {
		return "", err
	}
	subscription.arn = subscription.TopicARN + ":" + wire.NewID()
	t.subscriptions = append(t.subscriptions, subscription)
	return subscription.arn, nil
}

var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// find fails for a malformed ARN and for a topic that is not there. The lock
// must be held.
func (s *Server) find(arn string) (*topic, error) {
	if !topicARN.MatchString(arn) {
		return nil, invalid("TopicArn")
	}
	at := slices.IndexFunc(s.topics, func(t *topic) bool { return t.arn == arn })
	if at < 0 {
		return nil, &wire.Error{Code: "NotFound", Message: "Topic does not exist", Status: http.StatusNotFound}
	}
	return s.topics[at], nil
}

// snapshot is a topic as it is now.
func (s *Server) snapshot(arn string) (topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.find(arn)
	if err != nil {
		return topic{}, err
	}
	return topic{t.arn, t.version, slices.Clone(t.subscriptions)}, nil
}
