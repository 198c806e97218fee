package topic

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of Publish, from its API reference.
const (
	maxSize    = 262144 // bytes of a message, and of a whole batch, with attributes
	maxSubject = 100    // characters
)

// signature stands where SNS signs a notification.
const signature = "EXAMPLE-a-local-topic-signs-nothing"

// serviceError is an error answer of SNS.
type serviceError struct {
	code    string
	message string
	status  int
}

func (e *serviceError) Error() string { return e.code + ": " + e.message }

func invalid(what string) *serviceError {
	return &serviceError{"InvalidParameter", "Invalid parameter: " + what, http.StatusBadRequest}
}

func attributeInvalid(name, what string) *serviceError {
	return &serviceError{"ParameterValueInvalid", fmt.Sprintf("The message attribute '%s' %s", name, what), http.StatusBadRequest}
}

// size is what SNS counts a publication as, in bytes.
func (p Publication) size() int {
	n := len(p.Message)
	for name, attribute := range p.Attributes {
		n += len(name) + len(attribute.DataType) + len(attribute.StringValue) + len(attribute.BinaryValue)
	}
	return n
}

// check holds a publication against the documented limits.
func (p Publication) check(hasSubject bool) *serviceError {
	switch {
	case p.Message == "":
		return invalid("Empty message")
	case p.size() > maxSize:
		return invalid("Message too long")
	case hasSubject && !validSubject(p.Subject):
		return invalid("Subject")
	}
	for name, attribute := range p.Attributes {
		if err := attribute.check(name); err != nil {
			return err
		}
	}
	return nil
}

func validSubject(subject string) bool {
	return subject != "" && utf8.RuneCountInString(subject) <= maxSubject &&
		!strings.ContainsFunc(subject, unicode.IsControl) && strings.TrimLeft(subject, " ") == subject
}

func (a Attribute) check(name string) *serviceError {
	value := a.StringValue
	switch a.DataType {
	case "Binary":
		value = string(a.BinaryValue)
	case "String", "String.Array", "Number":
	default:
		return attributeInvalid(name, fmt.Sprintf("has an invalid message attribute type '%s'.", a.DataType))
	}
	if value == "" {
		return attributeInvalid(name, fmt.Sprintf("must contain non-empty message attribute value for message attribute type '%s'.", a.DataType))
	}
	return nil
}

// forQueue takes the part for queues out of a message with MessageStructure json.
func forQueue(message string) (string, *serviceError) {
	var parts map[string]any
	if err := json.Unmarshal([]byte(message), &parts); err != nil {
		return "", invalid("Message Structure - JSON message body failed to parse")
	}
	text, ok := parts["default"].(string)
	if !ok {
		return "", invalid("Message Structure - No default entry in JSON message body")
	}
	if own, ok := parts["sqs"].(string); ok {
		text = own
	}
	return text, nil
}

// publish delivers one publication to every subscription of its topic.
func (s *Server) publish(ctx context.Context, p Publication) (messageID string, err error) {
	subscriptions, ok := s.subscriptionsOf(p.TopicARN)
	if !ok {
		return "", &serviceError{"NotFound", "Topic does not exist", http.StatusNotFound}
	}
	p.MessageID, p.Time = newID(), time.Now()
	for _, subscription := range subscriptions {
		if err := s.deliver(ctx, subscription, p); err != nil {
			return "", &serviceError{
				"InternalError", fmt.Sprintf("%s would not take the message: %v", subscription.QueueARN, err), http.StatusInternalServerError,
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publications = append(s.publications, p)
	return p.MessageID, nil
}

func (s *Server) deliver(ctx context.Context, subscription Subscription, p Publication) error {
	message := Message{Body: p.Message, Attributes: p.Attributes, MessageGroupID: p.MessageGroupID}
	if !subscription.Raw {
		body, err := s.notification(subscription, p)
		if err != nil {
			return err
		}
		message.Body, message.Attributes = body, nil
	}
	return subscription.Send(ctx, message)
}

// notification writes a publication as a queue without raw message delivery gets it.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
func (s *Server) notification(subscription Subscription, p Publication) (string, error) {
	type value struct{ Type, Value string }
	attributes := map[string]value{}
	for name, attribute := range p.Attributes {
		text := attribute.StringValue
		if attribute.DataType == "Binary" {
			text = base64.StdEncoding.EncodeToString(attribute.BinaryValue)
		}
		attributes[name] = value{attribute.DataType, text}
	}
	home := "https://sns." + s.config.Region + ".amazonaws.com/"
	text, err := json.Marshal(struct {
		Type              string
		MessageID         string `json:"MessageId"`
		TopicARN          string `json:"TopicArn"`
		Subject           string `json:",omitempty"`
		Message           string
		Timestamp         string
		SignatureVersion  string
		Signature         string
		SigningCertURL    string
		UnsubscribeURL    string
		MessageAttributes map[string]value `json:",omitempty"`
	}{
		"Notification", p.MessageID, p.TopicARN, p.Subject, p.Message,
		p.Time.UTC().Format("2006-01-02T15:04:05.000Z"), "1", signature,
		home + "SimpleNotificationService-local.pem",
		home + "?Action=Unsubscribe&SubscriptionArn=" + subscription.arn,
		attributes,
	}, jsontext.WithIndent("  "), json.Deterministic(true))
	return string(text), err
}
