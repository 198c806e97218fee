package topic

import (
	"cmp"
	"context"
	"encoding/base64"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// Limits of Publish, from its API reference.
const (
	maxSize    = 262144 // bytes of a message, and of a whole batch, with attributes
	maxSubject = 100    // characters
)

func invalid(what string) error {
	return wire.Errorf("InvalidParameter", "Invalid parameter: %s", what)
}

func attributeInvalid(name, what string) error {
	return wire.Errorf("ParameterValueInvalid", "The message attribute '%s' %s", name, what)
}

// size is what SNS counts a publication as, in bytes.
func (p Publication) size() int {
	n := len(p.Message)
	for name, attribute := range p.Attributes {
		n += len(name) + len(attribute.DataType) + len(attribute.StringValue) + len(attribute.BinaryValue)
	}
	return n
}

// check refuses what SNS refuses in a publication, its attributes apart.
func (p Publication) check(hasSubject bool) error {
	switch {
	case p.Message == "":
		return invalid("Empty message")
	case p.size() > maxSize:
		return invalid("Message too long")
	case hasSubject && !validSubject(p.Subject):
		return invalid("Subject")
	}
	return nil
}

func validSubject(subject string) bool {
	return subject != "" && utf8.RuneCountInString(subject) <= maxSubject &&
		!strings.ContainsFunc(subject, unicode.IsControl) && strings.TrimLeft(subject, " ") == subject
}

func checkAttribute(name string, a Attribute) error {
	switch {
	case !wire.ValidAttributeName(name):
		return attributeInvalid(name, "has an invalid name: at most 256 letters, digits, hyphens and underscores, and single periods inside.")
	case !a.ValidType():
		return attributeInvalid(name, "has an invalid message attribute type '"+a.DataType+"'.")
	case a.Binary() && len(a.BinaryValue) == 0, !a.Binary() && a.StringValue == "":
		return attributeInvalid(name, "must contain non-empty message attribute value for message attribute type '"+a.DataType+"'.")
	}
	return nil
}

// forQueue takes the part for queues out of a message with MessageStructure json.
func forQueue(message string) (string, error) {
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
	subscriptions, version, err := s.subscriptionsOf(p.TopicARN)
	if err != nil {
		return "", err
	}
	p.MessageID, p.Time = wire.NewID(), time.Now()
	if s.config.Rewrite != nil {
		p.Message = s.config.Rewrite(p.Message)
	}
	for _, subscription := range subscriptions {
		if err := s.deliver(ctx, subscription, version, p); err != nil {
			return "", wire.Errorf("InternalError", "%s would not take the message: %v", subscription.QueueARN, err)
		}
	}
	return p.MessageID, nil
}

func (s *Server) deliver(ctx context.Context, subscription Subscription, version string, p Publication) error {
	message := Message{Body: p.Message, Attributes: p.Attributes, MessageGroupID: p.MessageGroupID, TraceHeader: p.TraceHeader}
	if !subscription.Raw {
		body, err := s.notification(subscription, version, p)
		if err != nil {
			return err
		}
		message.Body, message.Attributes = body, nil
	}
	return subscription.Send(ctx, message)
}

// notification is a publication as a queue without raw message delivery gets it.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type notification struct {
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
}

type value struct{ Type, Value string }

func (s *Server) notification(subscription Subscription, version string, p Publication) (string, error) {
	own, err := newSigner()
	if err != nil {
		return "", err
	}
	home := cmp.Or(s.config.Endpoint, "https://sns."+s.config.Region+".amazonaws.com")
	n := notification{
		Type: "Notification", MessageID: p.MessageID, TopicARN: p.TopicARN, Subject: p.Subject, Message: p.Message,
		Timestamp: p.Time.UTC().Format("2006-01-02T15:04:05.000Z"), SignatureVersion: version,
		SigningCertURL: home + own.path, UnsubscribeURL: home + "/?Action=Unsubscribe&SubscriptionArn=" + subscription.arn,
		MessageAttributes: map[string]value{},
	}
	for name, attribute := range p.Attributes {
		text := attribute.StringValue
		if attribute.Binary() {
			text = base64.StdEncoding.EncodeToString(attribute.BinaryValue)
		}
		n.MessageAttributes[name] = value{attribute.DataType, text}
	}
	if n.Signature, err = own.signature(version, n); err != nil {
		return "", err
	}
	text, err := json.Marshal(n, jsontext.WithIndent("  "), json.Deterministic(true))
	return string(text), err
}
