package deadletter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
)

// queue is SQS as far as a letter goes: it takes or refuses, and remembers.
type queue struct {
	refuse func(*sqs.SendMessageInput) error
	sent   []*sqs.SendMessageInput
}

func (q *queue) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	if q.refuse != nil {
		if err := q.refuse(in); err != nil {
			return nil, err
		}
	}
	q.sent = append(q.sent, in)
	return &sqs.SendMessageOutput{}, nil
}

func send(t *testing.T, q *queue, letter deadletter.Letter) *sqs.SendMessageInput {
	t.Helper()
	if err := deadletter.New(q, "https://sqs.example/1/Letters").Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	return q.sent[len(q.sent)-1]
}

func values(attributes map[string]types.MessageAttributeValue) map[string]string {
	texts := map[string]string{}
	for name, a := range attributes {
		if a.StringValue != nil {
			texts[name] = *a.StringValue
		} else {
			texts[name] = string(a.BinaryValue)
		}
	}
	return texts
}

func text(value string) events.SQSMessageAttribute {
	return events.SQSMessageAttribute{DataType: "String", StringValue: &value}
}

func record(attributes map[string]events.SQSMessageAttribute) events.SQSMessage {
	return events.SQSMessage{MessageId: "id-1", Body: "{ \"a\":\t1}", EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests", MessageAttributes: attributes}
}

var reason = deadletter.Letter{Code: "InvalidPolicy", Message: "no", Violations: []finding.Finding{{Path: "/Policy", Rule: "r", Message: "m"}}}

func TestSendCarriesBodyAttributesAndReason(t *testing.T) {
	letter := reason
	letter.Record = record(map[string]events.SQSMessageAttribute{"Team": text("mail"), "Raw": {DataType: "Binary", BinaryValue: []byte{1, 2}}})
	letter.AnsweredTo = "CloudFormation"
	sent := send(t, &queue{}, letter)
	if *sent.MessageBody != letter.Record.Body {
		t.Errorf("body %q", *sent.MessageBody)
	}
	want := map[string]string{
		"Team": "mail", "Raw": "\x01\x02", "ErrorCode": "InvalidPolicy", "ErrorMessage": "no", "AnsweredTo": "CloudFormation",
		"SourceMessageId": "id-1", "SourceQueueArn": letter.Record.EventSourceARN, "Violations": `[{"path":"/Policy","rule":"r","message":"m"}]`,
	}
	if got := values(sent.MessageAttributes); !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestSendPacksTheSendersAttributes(t *testing.T) {
	ten := map[string]events.SQSMessageAttribute{}
	for i := range 10 {
		ten[fmt.Sprint("a", i)] = text("v\x01")
	}
	for name, attributes := range map[string]map[string]events.SQSMessageAttribute{
		"more than fit beside the reason": ten,
		"a name that the reason has too":  {"ErrorCode": text("mine")},
		"the name of the packing itself":  {"OriginalAttributes": text("mine")},
	} {
		letter := reason
		letter.Record = record(attributes)
		sent := values(send(t, &queue{}, letter).MessageAttributes)
		var packed map[string]events.SQSMessageAttribute
		if err := json.Unmarshal([]byte(sent["OriginalAttributes"]), &packed); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(packed) != len(attributes) || sent["ErrorCode"] != "InvalidPolicy" || len(sent) > 10 {
			t.Errorf("%s: sent %q", name, sent)
		}
		for k, v := range attributes {
			if *packed[k].StringValue != *v.StringValue {
				t.Errorf("%s: %s became %q", name, k, *packed[k].StringValue)
			}
		}
	}
}

func TestSendReplacesTheReasonOfAnEarlierTime(t *testing.T) {
	for name, own := range map[string]map[string]events.SQSMessageAttribute{
		"side by side": {"Team": text("mail")},
		"packed":       {"ErrorCode": text("mine"), "Team": text("mail")},
	} {
		first := reason
		first.Record = record(own)
		first.AnsweredTo = "StepFunctions"
		redriven := map[string]events.SQSMessageAttribute{}
		for k, v := range values(send(t, &queue{}, first).MessageAttributes) {
			redriven[k] = text(v)
		}
		second := deadletter.Letter{Record: record(redriven), Code: "Throttled", Message: "again"}
		second.Record.MessageId = "id-2"
		sent := values(send(t, &queue{}, second).MessageAttributes)
		if sent["SourceMessageId"] != "id-2" || sent["ErrorCode"] != "Throttled" || sent["AnsweredTo"] != "" || sent["Violations"] != "" {
			t.Errorf("%s: sent %q", name, sent)
		}
		if name == "packed" && !strings.Contains(sent["OriginalAttributes"], "mine") || name != "packed" && sent["Team"] != "mail" {
			t.Errorf("%s: the sender's own were lost: %q", name, sent)
		}
	}
}

func TestSendGoesSmallerWhenSQSSaysTooLarge(t *testing.T) {
	tooLarge := &smithy.GenericAPIError{Code: "InvalidParameterValue", Message: "Message must be shorter than 1048576 bytes."}
	for want, limit := range map[string]int{
		"AnsweredTo ErrorCode ErrorMessage SourceMessageId SourceQueueArn": 5,
		"AnsweredTo ErrorCode": 2,
	} {
		q := &queue{refuse: func(in *sqs.SendMessageInput) error {
			if len(in.MessageAttributes) > limit {
				return tooLarge
			}
			return nil
		}}
		letter := reason
		letter.Record = record(nil)
		letter.AnsweredTo = "CloudFormation"
		sent := send(t, q, letter)
		if got := strings.Join(slices.Sorted(maps.Keys(sent.MessageAttributes)), " "); got != want {
			t.Errorf("sent with %s, want %s", got, want)
		}
	}
	for name, refusal := range map[string]error{"never small enough": tooLarge, "the queue is gone": errors.New("no connection")} {
		q := &queue{refuse: func(*sqs.SendMessageInput) error { return refusal }}
		letter := reason
		letter.Record = record(nil)
		if err := deadletter.New(q, "u/Letters").Send(t.Context(), letter); !errors.Is(err, refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorMessageIsWhatSQSTakes(t *testing.T) {
	for name, message := range map[string]string{
		"longer than a kilobyte": strings.Repeat("é", 2000),
		"control characters":     "a\x00b\x1fc\ufffe\xff",
		"nothing at all":         "",
	} {
		letter := reason
		letter.Record = record(nil)
		letter.Message = message
		got := values(send(t, &queue{}, letter).MessageAttributes)["ErrorMessage"]
		if got == "" || len(got) > 1024 || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1f\ufffe") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// What a sender writes must not keep its message off the dead-letter queue, and
// what only looks like a reason is the sender's own.
func TestForgedReasonsAreTheSendersOwn(t *testing.T) {
	whole := func(packed string) map[string]events.SQSMessageAttribute {
		return map[string]events.SQSMessageAttribute{
			"ErrorCode": text("x"), "ErrorMessage": text("x"), "SourceMessageId": text("y"), "SourceQueueArn": text("z"), "OriginalAttributes": text(packed),
		}
	}
	for name, attributes := range map[string]map[string]events.SQSMessageAttribute{
		"packed without a type":       whole(`{"a":{}}`),
		"packed with a reserved name": whole(`{"AWS.x":{"stringValue":"v","dataType":"String"}}`),
		"packed with a bad name":      whole(`{"bad name":{"stringValue":"v","dataType":"String"}}`),
		"a number that is none":       whole(`{"n":{"stringValue":"v","dataType":"Number"}}`),
		"no packing at all":           whole(`nothing`),
		"two names alone":             {"ErrorCode": text("mine"), "SourceMessageId": text("mine too")},
	} {
		letter := reason
		letter.Record = record(attributes)
		sent := values(send(t, &queue{}, letter).MessageAttributes)
		var packed map[string]events.SQSMessageAttribute
		if err := json.Unmarshal([]byte(sent["OriginalAttributes"]), &packed); err != nil || len(packed) != len(attributes) {
			t.Errorf("%s: packed %q, %v", name, sent["OriginalAttributes"], err)
		}
	}
}

// A letter that went without most of its reason, because it was as large as the
// queue takes, goes again after a redrive.
func TestTheSmallestLetterDoesNotGrow(t *testing.T) {
	full := func(limit int) func(*sqs.SendMessageInput) error {
		return func(in *sqs.SendMessageInput) error {
			total := len(*in.MessageBody)
			for name, a := range values(in.MessageAttributes) {
				total += len(name) + len(a)
			}
			if total > limit {
				return &smithy.GenericAPIError{Code: "InvalidParameterValue"}
			}
			return nil
		}
	}
	letter := reason
	letter.Record = record(map[string]events.SQSMessageAttribute{"Team": text("mail")})
	q := &queue{refuse: full(len(letter.Record.Body) + len("ErrorCodeInvalidPolicyTeammail"))}
	redriven := map[string]events.SQSMessageAttribute{}
	for name, value := range values(send(t, q, letter).MessageAttributes) {
		redriven[name] = text(value)
	}
	letter.Record.MessageAttributes = redriven
	if got := values(send(t, q, letter).MessageAttributes); got["Team"] != "mail" || got["ErrorCode"] != "InvalidPolicy" || len(got) != 2 {
		t.Errorf("sent %q", got)
	}
}
