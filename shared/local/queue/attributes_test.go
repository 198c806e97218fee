package queue

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAttributesOfANewQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		standard := map[string]string{
			"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
			"DelaySeconds":       "0",
			"MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:Q",
			"ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
		}
		if diff := cmp.Diff(standard, create(t, s, "Q", nil).report()); diff != "" {
			t.Errorf("standard (-want +got):\n%s", diff)
		}
	})
}

func TestAttributesChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := create(t, newServer(), "Q", map[string]string{"KmsMasterKeyId": "alias/aws/sqs", "Policy": `{"Version": "2012-10-17"}`})
		time.Sleep(time.Hour)
		wantCode(t, q.SetAttributes(t.Context(), map[string]string{"VisibilityTimeout": "360", "Policy": ""}), "")
		send(t, q, Input{Body: "visible"})
		send(t, q, Input{Body: "in flight"})
		if _, err := q.Receive(t.Context(), ReceiveOptions{}); err != nil {
			t.Fatal(err)
		}
		send(t, q, Input{Body: "delayed", Delay: new(time.Minute)})
		got := q.report()
		for name, want := range map[string]string{
			"VisibilityTimeout": "360", "Policy": "", "KmsMasterKeyId": "alias/aws/sqs",
			"ApproximateNumberOfMessages":           "1",
			"ApproximateNumberOfMessagesNotVisible": "1", "ApproximateNumberOfMessagesDelayed": "1",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
		if q.VisibilityTimeout() != 6*time.Minute {
			t.Errorf("visibility timeout %v", q.VisibilityTimeout())
		}
	})
}

func TestAttributeRanges(t *testing.T) {
	const (
		value = "InvalidAttributeValue"
		name  = "InvalidAttributeName"
	)
	type attributes = map[string]string
	for _, c := range []struct {
		attributes attributes
		code       string
	}{
		{attributes{"DelaySeconds": "900"}, ""},
		{attributes{"DelaySeconds": "901"}, value},
		{attributes{"DelaySeconds": "-1"}, value},
		{attributes{"MaximumMessageSize": "1024"}, ""},
		{attributes{"MaximumMessageSize": "1023"}, value},
		{attributes{"MaximumMessageSize": "1048577"}, value},
		{attributes{"MessageRetentionPeriod": "60"}, ""},
		{attributes{"MessageRetentionPeriod": "59"}, value},
		{attributes{"MessageRetentionPeriod": "1209600"}, ""},
		{attributes{"MessageRetentionPeriod": "1209601"}, value},
		{attributes{"ReceiveMessageWaitTimeSeconds": "20"}, ""},
		{attributes{"ReceiveMessageWaitTimeSeconds": "21"}, value},
		{attributes{"VisibilityTimeout": "43200"}, ""},
		{attributes{"VisibilityTimeout": "43201"}, value},
		{attributes{"VisibilityTimeout": ""}, value},
		{attributes{"VisibilityTimeout": "1.5"}, value},
		{attributes{"KmsDataKeyReusePeriodSeconds": "60"}, ""},
		{attributes{"SqsManagedSseEnabled": "True"}, ""},
		{attributes{"RedriveAllowPolicy": `{"redrivePermission":"allowAll"}`}, ""},
		{attributes{"QueueArn": "x"}, name},
		{attributes{"Nope": "x"}, name},
		{attributes{"visibilityTimeout": "30"}, name},
		{attributes{"FifoQueue": "false"}, name},
		{attributes{"ContentBasedDeduplication": "true"}, name},
	} {
		_, err := newServer().Create("Q", c.attributes)
		t.Run(slices.Sorted(maps.Keys(c.attributes))[0], func(t *testing.T) { wantCode(t, err, c.code) })
	}
}

func TestRefusedChangeChangesNothing(t *testing.T) {
	q := create(t, newServer(), "Q", nil)
	wantCode(t, q.SetAttributes(t.Context(), map[string]string{"DelaySeconds": "5", "VisibilityTimeout": "x"}), invalidAttributeValue.Code)
	if got := q.report()["DelaySeconds"]; got != "0" {
		t.Errorf("DelaySeconds is %s", got)
	}
}
