// Package topic plays Amazon SNS for local running: what is published to a topic goes to the
// topic's queues, as SNS's notification JSON or raw.
//
// It serves Publish, PublishBatch, ListTopics and ListSubscriptionsByTopic of standard topics with
// SQS subscriptions. It signs nothing (Signature is a constant), filters nothing and retries no
// delivery: when a queue refuses, the publisher gets an InternalError and may publish again.
// Topics and subscriptions are made by Create and Subscribe, not over the wire.
//
// Protocol: AWS Query, Version 2010-03-31.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
package topic

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Version is the Version parameter of every request that belongs here.
const Version = "2010-03-31"

// Config says whose SNS this is.
type Config struct {
	Account string // 12 digits
	Region  string
}

// Attribute is a message attribute, field for field as SQS has it.
type Attribute struct {
	DataType    string // String, String.Array, Number or Binary
	StringValue string
	BinaryValue []byte // when DataType is Binary
}

// Message is what a queue gets.
type Message struct {
	Body           string
	Attributes     map[string]Attribute // of a raw delivery
	MessageGroupID string               // fair queues; empty if the publisher gave none
}

// Send puts one message on a queue.
type Send func(ctx context.Context, message Message) error

// Subscription passes what is published to a topic on to one queue.
type Subscription struct {
	TopicARN string
	QueueARN string
	Raw      bool // RawMessageDelivery
	Send     Send
	arn      string
}

// Publication is one message as its publisher wrote it.
type Publication struct {
	MessageID      string
	TopicARN       string
	Subject        string
	Message        string // for queues: of a JSON structure, the part that is theirs
	MessageGroupID string
	Attributes     map[string]Attribute
	Time           time.Time
}

// Fault answers a request in the service's place. It reports whether it has.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Server plays SNS. Make it with New; all methods are safe for concurrent use.
type Server struct {
	config Config

	mu            sync.Mutex
	topics        []string // ARNs, in the order they were made
	subscriptions []Subscription
	publications  []Publication
	fault         Fault
}

// New returns a Server without topics.
func New(config Config) *Server {
	return &Server{config: config}
}

// Create makes the topic, if there is none of that name yet, and returns its ARN.
func (s *Server) Create(name string) (arn string) {
	arn = fmt.Sprintf("arn:aws:sns:%s:%s:%s", s.config.Region, s.config.Account, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.topics, arn) {
		s.topics = append(s.topics, arn)
	}
	return arn
}

// Subscribe adds a subscription; it gets what is published from then on.
func (s *Server) Subscribe(subscription Subscription) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.topics, subscription.TopicARN) {
		return "", fmt.Errorf("subscribing %s: there is no topic %s", subscription.QueueARN, subscription.TopicARN)
	}
	subscription.arn = subscription.TopicARN + ":" + newID()
	s.subscriptions = append(s.subscriptions, subscription)
	return subscription.arn, nil
}

// Publications returns what was published and delivered, oldest first.
func (s *Server) Publications() []Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.publications)
}

// SetFault lets fault answer every request first; nil ends that.
func (s *Server) SetFault(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// subscriptionsOf returns the topic's subscriptions, and false if there is no such topic.
func (s *Server) subscriptionsOf(topicARN string) ([]Subscription, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.topics, topicARN) {
		return nil, false
	}
	var own []Subscription
	for _, subscription := range s.subscriptions {
		if subscription.TopicARN == topicARN {
			own = append(own, subscription)
		}
	}
	return own, true
}

// newID returns a random UUID, the form of SNS's ids.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
