package deadletter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/deadletter"
)

// lying is what was sent as a message lying on the dead-letter queue.
func lying(sent *sqs.SendMessageInput, system map[string]string) types.Message {
	return types.Message{
		MessageId: aws.String("letter-1"), ReceiptHandle: aws.String("h"), Body: sent.MessageBody,
		MessageAttributes: sent.MessageAttributes, Attributes: system,
	}
}

func attributes(n int, more map[string]events.SQSMessageAttribute) map[string]events.SQSMessageAttribute {
	all := map[string]events.SQSMessageAttribute{"Raw": {DataType: "Binary.x", BinaryValue: []byte{0, 1, 255}}}
	for i := range n - 1 {
		all[fmt.Sprint("a", i)] = text("v")
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func TestReadIsTheOtherWayOfSend(t *testing.T) {
	tooLarge := &smithy.GenericAPIError{Code: "InvalidParameterValue"}
	for name, test := range map[string]struct {
		own   map[string]events.SQSMessageAttribute
		limit int // attributes that the queue takes
	}{
		"side by side":                   {attributes(2, nil), 10},
		"packed":                         {attributes(10, nil), 10},
		"names of the reason":            {attributes(1, map[string]events.SQSMessageAttribute{"ErrorCode": text("mine"), "OriginalAttributes": text("{}")}), 10},
		"without room for violations":    {attributes(2, nil), 7},
		"the smallest":                   {attributes(2, nil), 4},
		"the smallest, packed":           {attributes(9, nil), 3},
		"no attributes":                  {map[string]events.SQSMessageAttribute{}, 10},
		"packed attribute of many bytes": {attributes(5, map[string]events.SQSMessageAttribute{"N": {DataType: "Number", StringValue: aws.String("7")}}), 10},
	} {
		q := &queue{refuse: func(in *sqs.SendMessageInput) error {
			if len(in.MessageAttributes) > test.limit {
				return tooLarge
			}
			return nil
		}}
		letter := reason
		letter.Record = record(test.own)
		letter.AnsweredTo = "CloudFormation"
		sent := send(t, q, letter)
		got := deadletter.Read(lying(sent, map[string]string{"SentTimestamp": "1700000000123", "MessageGroupId": "g"}))
		if got.RanOut || got.ID != "letter-1" || got.Code != letter.Code || got.AnsweredTo != letter.AnsweredTo || got.Sent.UnixMilli() != 1700000000123 {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Record.Body != letter.Record.Body || !cmp.Equal(got.Record.MessageAttributes, test.own) {
			t.Errorf("%s: body %q, %s", name, got.Record.Body, cmp.Diff(test.own, got.Record.MessageAttributes))
		}
		if len(got.SenderAttributes()) != len(test.own) {
			t.Errorf("%s: %d attributes to send, want %d", name, len(got.SenderAttributes()), len(test.own))
		}
		if test.limit == 10 && (!cmp.Equal(got.Violations, letter.Violations) || got.Record.MessageId != "id-1" || got.Record.EventSourceARN != letter.Record.EventSourceARN) {
			t.Errorf("%s: %+v", name, got.Letter)
		}
	}
}

func TestReadKnowsWhatSQSMoved(t *testing.T) {
	moved := map[string]string{"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:123456789012:Requests"}
	letter := reason
	letter.Record = record(map[string]events.SQSMessageAttribute{"Team": text("mail")})
	redriven := send(t, &queue{}, letter)
	plain := func(own map[string]types.MessageAttributeValue) *sqs.SendMessageInput {
		return &sqs.SendMessageInput{MessageBody: aws.String("{}"), MessageAttributes: own}
	}
	mine := map[string]types.MessageAttributeValue{"ErrorCode": {DataType: aws.String("String"), StringValue: aws.String("mine")}}
	for name, test := range map[string]struct {
		sent   *sqs.SendMessageInput
		system map[string]string
		ranOut bool
		code   string
		own    int
	}{
		"moved by SQS":                           {plain(nil), moved, true, "", 0},
		"moved, by a queue that does not say so": {plain(nil), nil, true, "", 0},
		"moved, with the sender's own ErrorCode": {plain(mine), moved, true, "", 1},
		"redriven with its reason, then moved":   {redriven, moved, true, "InvalidPolicy", 1},
		"sent by the function":                   {redriven, nil, false, "InvalidPolicy", 1},
	} {
		got := deadletter.Read(lying(test.sent, test.system))
		if got.RanOut != test.ranOut || got.Code != test.code || len(got.SenderAttributes()) != test.own {
			t.Errorf("%s: %+v", name, got)
		}
		if test.ranOut && got.Record.MessageId != "letter-1" {
			t.Errorf("%s: SQS keeps the id when it moves a message, got %s", name, got.Record.MessageId)
		}
	}
}

// What goes back says which request it is: the one that the letter was written
// for, or the message that SQS moved, whatever its attributes claim.
func TestRedriveAttributes(t *testing.T) {
	moved := map[string]string{"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:123456789012:Requests"}
	letter := reason
	letter.Record = record(map[string]events.SQSMessageAttribute{"Team": text("mail")})
	written := send(t, &queue{}, letter)
	smallest := &sqs.SendMessageInput{MessageBody: aws.String("{}"), MessageAttributes: map[string]types.MessageAttributeValue{
		"ErrorCode": {DataType: aws.String("String"), StringValue: aws.String("InvalidPolicy")}}}
	large := &sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("a", 1<<20-50))}
	for name, test := range map[string]struct {
		sent         *sqs.SendMessageInput
		system       map[string]string
		source, code string
	}{
		"written by the function": {written, nil, "id-1", "InvalidPolicy"},
		"redriven, then moved":    {written, moved, "letter-1", deadletter.RanOutOfReceives},
		"moved":                   {&sqs.SendMessageInput{MessageBody: aws.String("{}")}, moved, "letter-1", deadletter.RanOutOfReceives},
		"the smallest reason":     {smallest, nil, "", ""},
		"a body too large":        {large, moved, "", deadletter.RanOutOfReceives},
	} {
		got := deadletter.Read(lying(test.sent, test.system)).RedriveAttributes()
		if source, code := aws.ToString(got["SourceMessageId"].StringValue), aws.ToString(got["ErrorCode"].StringValue); source != test.source || code != test.code {
			t.Errorf("%s: got %q with %q, want %q with %q", name, source, code, test.source, test.code)
		}
	}
}

func TestARedrivenLetterSaysWhoWasTold(t *testing.T) {
	for name, test := range map[string]struct {
		attributes map[string]events.SQSMessageAttribute
		want       string
	}{
		"a letter's":                   {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": text("CloudFormation")}, "CloudFormation"},
		"a sender's own of that name":  {map[string]events.SQSMessageAttribute{"AnsweredTo": text("CloudFormation")}, ""},
		"somebody whom nobody answers": {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": text("me")}, ""},
		"binary":                       {map[string]events.SQSMessageAttribute{"ErrorCode": text("X"), "AnsweredTo": {DataType: "Binary", BinaryValue: []byte("CloudFormation")}}, ""},
	} {
		if got := deadletter.Answered(test.attributes); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
