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

// message is what a publisher sends: the parameters of Publish, or of one entry
// of a batch.
type message struct {
	ID                string `json:"Id"` // of an entry
	Subject           *string
	Message           string
	MessageStructure  string
	MessageGroupID    string `json:"MessageGroupId"`
	MessageAttributes map[string]wire.Attribute
}

// check refuses what SNS refuses in a message, its attributes apart.
func (m message) check() error {
	switch {
	case m.Message == "":
		return invalid("Empty message")
	case m.size() > maxSize:
		return invalid("Message too long")
	case m.Subject != nil && !validSubject(*m.Subject):
		return invalid("Subject")
	case m.MessageStructure != "":
		return invalid("MessageStructure Reason: not served here, subscriptions are all of queues")
	}
	return nil
}

func (m message) size() int { return wire.Size(m.Message, m.MessageAttributes) }

func validSubject(subject string) bool {
	return subject != "" && utf8.RuneCountInString(subject) <= maxSubject &&
		!strings.ContainsFunc(subject, unicode.IsControl) && strings.TrimLeft(subject, " ") == subject
}

func (m message) checkAttributes() error {
	for name, a := range m.MessageAttributes {
		if problem := a.Problem(name); problem != "" {
			return wire.Errorf("ParameterValueInvalid", "The message attribute '%s' %s", name, problem)
		}
	}
	return nil
}

// publish checks a message and delivers it to every subscription of a topic.
func (s *Server) publish(ctx context.Context, topicARN string, m message) (id string, err error) {
	if err := m.check(); err != nil {
		return "", err
	}
	to, err := s.snapshot(topicARN)
	if err != nil {
		return "", err
	}
	if s.config.Rewrite != nil {
		m.Message = s.config.Rewrite(m.Message)
	}
	n := notification{
		Type: "Notification", MessageID: wire.NewID(), TopicARN: to.arn, Subject: m.Subject, Message: m.Message,
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), SignatureVersion: to.version,
	}
	for _, subscription := range to.subscriptions {
		delivered := Message{Body: m.Message, Attributes: m.MessageAttributes, MessageGroupID: m.MessageGroupID, TraceHeader: wire.TraceHeader(ctx)}
		if !subscription.Raw {
			delivered.Attributes = nil
			if delivered.Body, err = s.write(n, subscription, m.MessageAttributes); err != nil {
				return "", err
			}
		}
		if err := subscription.Send(ctx, delivered); err != nil {
			return "", wire.Errorf("InternalError", "%s would not take the message: %v", subscription.QueueARN, err)
		}
	}
	return n.MessageID, nil
}

// notification is a message as a queue without raw message delivery gets it.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type notification struct {
	Type              string
	MessageID         string  `json:"MessageId"`
	TopicARN          string  `json:"TopicArn"`
	Subject           *string `json:",omitzero"`
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string
	MessageAttributes map[string]value `json:",omitempty"`
}

type value struct{ Type, Value string }

// write completes a notification for one subscription and signs it.
func (s *Server) write(n notification, to Subscription, attributes map[string]wire.Attribute) (string, error) {
	own, err := newSigner()
	if err != nil {
		return "", err
	}
	home := cmp.Or(s.config.Endpoint, "https://sns."+wire.Region+".amazonaws.com")
	n.SigningCertURL, n.UnsubscribeURL = home+own.path, home+"/?Action=Unsubscribe&SubscriptionArn="+to.arn
	n.MessageAttributes = map[string]value{}
	for name, attribute := range attributes {
		text := attribute.StringValue
		if attribute.Binary() {
			text = base64.StdEncoding.EncodeToString(attribute.BinaryValue)
		}
		n.MessageAttributes[name] = value{attribute.DataType, text}
	}
	if n.Signature, err = own.signature(n); err != nil {
		return "", err
	}
	text, err := json.Marshal(n, jsontext.WithIndent("  "), json.Deterministic(true))
	return string(text), err
}
