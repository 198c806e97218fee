package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/wire"
)

// Send sends a message of a sample event by its service: an SNS notification is
// published to the topic, an EventBridge event is put on the bus, and any other
// message goes onto the request queue unchanged. A custom resource request for
// CloudFormation gets a ResponseURL of the local response bucket. Send returns
// the id of the message on the queue.
func (s *Stack) Send(ctx context.Context, sample events.SQSMessage) (messageID string, err error) {
	var envelope struct {
		Type, TopicArn, Subject, Message string         // SNS
		Source                           string         `json:"source"` // EventBridge
		DetailType                       string         `json:"detail-type"`
		Detail                           jsontext.Value `json:"detail"`
	}
	_ = json.Unmarshal([]byte(sample.Body), &envelope) // a body that is not a JSON object is not an envelope
	sent := new([]string)
	ctx = context.WithValue(ctx, sentKey{}, sent)
	switch {
	case envelope.Type == "Notification" && len(s.Resources.Topics) > 0:
		input := &sns.PublishInput{TopicArn: &envelope.TopicArn, Message: &envelope.Message}
		if envelope.Subject != "" {
			input.Subject = &envelope.Subject
		}
		_, err = sns.NewFromConfig(s.ClientConfig()).Publish(ctx, input)
	case envelope.DetailType != "" && envelope.Detail != nil && len(s.Resources.Rules) > 0:
		err = s.putEvent(ctx, types.PutEventsRequestEntry{
			Source: &envelope.Source, DetailType: &envelope.DetailType, Detail: aws.String(string(envelope.Detail)),
		})
	default:
		err = s.enqueue(ctx, sample)
	}
	if err == nil && len(*sent) == 0 {
		err = fmt.Errorf("it was accepted, but no rule or subscription delivered it to the queue %s", sourceID)
	}
	if err != nil {
		return "", fmt.Errorf("sending the message %s: %w", sample.MessageId, err)
	}
	return (*sent)[0], nil
}

// enqueue puts a sample onto the request queue.
func (s *Stack) enqueue(ctx context.Context, sample events.SQSMessage) error {
	input := queue.Input{Body: s.redirect(sample.Body), Attributes: map[string]queue.Attribute{}}
	for name, attribute := range sample.MessageAttributes {
		value := queue.Attribute{DataType: attribute.DataType, BinaryValue: attribute.BinaryValue}
		if attribute.StringValue != nil {
			value.StringValue = *attribute.StringValue
		}
		input.Attributes[name] = value
	}
	return deliver(ctx, s.Source(), input)
}

func (s *Stack) putEvent(ctx context.Context, entry types.PutEventsRequestEntry) error {
	out, err := eventbridge.NewFromConfig(s.ClientConfig()).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err == nil && out.FailedEntryCount > 0 {
		err = fmt.Errorf("EventBridge refused the event: %s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage))
	}
	return err
}

// ClientConfig is for the SDK's clients of the stack's own services.
func (s *Stack) ClientConfig() aws.Config {
	return aws.Config{
		Region: Region, BaseEndpoint: aws.String(s.URL), HTTPClient: wire.Client{Handler: s},
		Credentials: awscredentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

// redirect gives a custom resource request that AWS would be told about a
// ResponseURL of its own, of the local bucket. Any other message stays as it is.
func (s *Stack) redirect(message string) string {
	var members map[string]jsontext.Value
	var request cfn.Event
	answersHere := s.Variable("AWS_ENDPOINT_URL_S3") == s.URL
	if !answersHere || json.Unmarshal([]byte(message), &members) != nil || json.Unmarshal([]byte(message), &request) != nil ||
		!strings.HasPrefix(request.ResponseURL, awsBucket) {
		return message
	}
	own, _ := json.Marshal(response.URL(s.URL, Region, request.StackID, request.LogicalResourceID, request.RequestID)) // a string can be written
	members["ResponseURL"] = own
	text, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		return message
	}
	return string(text)
}

// awsBucket begins the ResponseURL of a request that CloudFormation sent.
const awsBucket = "https://cloudformation-custom-resource-response-"

// deliver puts a message onto a queue.
func deliver(ctx context.Context, target *queue.Queue, input queue.Input) error {
	sent, err := target.Send(ctx, input)
	if err != nil {
		return err
	}
	if ids, ok := ctx.Value(sentKey{}).(*[]string); ok {
		*ids = append(*ids, sent.MessageID)
	}
	return nil
}

// sentKey is the context key under which deliver records what it sent: the
// answers of a topic and a bus do not name the message that they led to.
type sentKey struct{}
