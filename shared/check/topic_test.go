package check_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/notification"
	"sespolicy/shared/outcome"
)

// The topic is asked only if a guardrail needs it, or the request is a stack's. What was verified, why it
// was not, and that it is not known now are three different answers.
func TestTopic(t *testing.T) {
	verified := notification.Verified{TopicARN: "arn:aws:sns:us-east-1:123456789012:T", TopicName: "T", MessageID: "1"}
	foreign := notification.Verified{TopicARN: "arn:aws:sns:us-east-1:999988887777:T", MessageID: "1"}
	const body = `{"Action":"DeleteIdentityPolicy","Identity":"a.com","PolicyName":"T-news"}`
	const nothing = `{"RequestType":"Delete","StackId":"s","RequestId":"r","LogicalResourceId":"L","PhysicalResourceId":"nothing",` +
		`"ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a"}`
	for _, test := range []struct {
		reason           string
		names            []string
		body             string
		verified         notification.Verified
		err              error
		asked            int
		refused, outcome string
		topic            string
		unsigned         bool
	}{
		{"verified", []string{"${topic}-*"}, body, verified, nil, 1, "", "", verified.TopicARN, false},
		{"verified, another account's", []string{"${topic}-*"}, body, foreign, nil, 1, outcome.GuardrailViolation, "", foreign.TopicARN, false},
		{"unsigned", []string{"${topic}-*"}, body, verified, notification.ErrUnsigned, 1, outcome.GuardrailViolation, "", "", true},
		{"unavailable", []string{"${topic}-*"}, body, verified, notification.ErrUnavailable, 1, "", outcome.CauseCertificate, "", false},
		{"the context has ended", []string{"${topic}-*"}, body, verified, context.DeadlineExceeded, 1, "", outcome.CauseCertificate, "", false},
		{"not needed", []string{"${topic}-*", "T-*"}, body, verified, notification.ErrUnavailable, 0, "", "", "", false},
		{"no pattern has it", []string{"Q"}, body, verified, notification.ErrUnavailable, 0, outcome.GuardrailViolation, "", "", false},
		{"a stack's, nothing to do", []string{"${topic}-*"}, nothing, verified, nil, 1, "", "", verified.TopicARN, false},
		{"a stack's, nothing to do, unavailable", []string{"${topic}-*"}, nothing, verified, notification.ErrUnavailable, 1, "", outcome.CauseCertificate, "", false},
		{"a stack's, another pattern matches", []string{"${topic}-*", "T-*"}, strings.Replace(nothing, "nothing", "a.com/T-news", 1), verified, nil, 1, "", "", verified.TopicARN, false},
		{"a stack's, unsigned", []string{"${topic}-*"}, strings.Replace(nothing, "nothing", "a.com/T-news", 1), verified, notification.ErrUnsigned, 1, outcome.GuardrailViolation, "", "", true},
		{"a stack's, no pattern has it", []string{"T-*"}, nothing, verified, notification.ErrUnavailable, 0, "", "", "", false},
	} {
		fence, err := guardrail.New(guardrail.Config{AllowedPolicyNames: test.names})
		if err != nil {
			t.Fatal(err)
		}
		m, source, _ := message.Open(events.SQSMessage{Body: test.body, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:Requests"})
		asked := 0
		v := check.Request(m, source, check.Rules{Guardrail: fence}, func() (notification.Verified, error) {
			asked++
			if test.err != nil {
				return notification.Verified{}, fmt.Errorf("%w: as the test says", test.err)
			}
			return test.verified, nil
		})
		refused, retried, topic := "", "", ""
		if v.Refused != nil {
			refused = v.Refused.Code
		}
		if v.Undecided != nil {
			retried = v.Undecided.Cause
		}
		if v.Verified != nil {
			topic = v.Verified.TopicARN
		}
		if refused != test.refused || retried != test.outcome || topic != test.topic || (v.Unsigned != nil) != test.unsigned || asked != test.asked {
			t.Errorf("%s: got %q, retry %q, topic %q (%v), asked %d times", test.reason, refused, retried, topic, v.Unsigned, asked)
		}
	}
}
