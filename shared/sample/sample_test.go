package sample

import (
	"crypto/md5" // SQS's own checksum
	"encoding/hex"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/outcome"
)

const folder = "../../events"

// load fails the test where the folder does not load.
func load(t *testing.T) []Sample {
	t.Helper()
	samples, err := LoadAll(folder)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Each record has what Lambda delivers, and checksums that hold.
func TestRecordsHaveTheShapeThatLambdaDelivers(t *testing.T) {
	ids := map[string]string{}
	for _, s := range load(t) {
		t.Run(s.Name, func(t *testing.T) {
			for i, r := range s.Records {
				checkRecord(t, i, r)
				if other, ok := ids[r.MessageId]; ok {
					t.Errorf("record %d: messageId %s stands in %s too", i, r.MessageId, other)
				}
				ids[r.MessageId] = s.Name
			}
		})
	}
}

func checkRecord(t *testing.T, i int, r events.SQSMessage) {
	t.Helper()
	sum := md5.Sum([]byte(r.Body))
	for what, ok := range map[string]bool{
		"messageId":       uuidForm.MatchString(r.MessageId),
		"receiptHandle":   strings.HasPrefix(r.ReceiptHandle, "AQEB"),
		"body":            r.Body != "", // SQS takes no empty one
		"md5OfBody":       r.Md5OfBody == hex.EncodeToString(sum[:]),
		"eventSource":     r.EventSource == "aws:sqs",
		"eventSourceARN":  r.EventSourceARN == "arn:aws:sqs:us-east-1:123456789012:RequestQueue",
		"awsRegion":       r.AWSRegion == "us-east-1",
		"SenderId":        r.Attributes["SenderId"] != "",
		"first receive":   r.Attributes["ApproximateReceiveCount"] == "1",
		"sent, received":  instant(r, "SentTimestamp").Before(instant(r, "ApproximateFirstReceiveTimestamp")),
		"attribute's MD5": r.Md5OfMessageAttributes == "" == (len(r.MessageAttributes) == 0),
	} {
		if !ok {
			t.Errorf("record %d: %s is not as Lambda delivers it", i, what)
		}
	}
}

func instant(r events.SQSMessage, attribute string) time.Time {
	ms, err := strconv.ParseInt(r.Attributes[attribute], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// Every code that a first request can get has a sample. The others need a request that waited, or failed before.
func TestEveryCodeHasASample(t *testing.T) {
	samples := load(t)
	for _, code := range codes {
		has := slices.ContainsFunc(samples, func(s Sample) bool { return s.Expect == Rejected && s.Code == code })
		needsHistory := code == outcome.Expired || code == outcome.AlreadyAnswered
		if has == needsHistory {
			t.Errorf("%s: has a sample: %v", code, has)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		name   string
		expect Expectation
		code   string
		ok     bool
	}{
		{"accepted-by-name", Accepted, "", true},
		{"mixed-batch", Mixed, "", true},
		{"rejected-invalid-policy", Rejected, outcome.InvalidPolicy, true},
		{"rejected-invalid-policy-name", Rejected, outcome.InvalidPolicyName, true},
		{"rejected-invalid-policy-named-badly", Rejected, outcome.InvalidPolicy, true},
		{"rejected-invalid-policyname", "", "", false},
		{"rejected", "", "", false},
		{"acceptable", "", "", false},
	} {
		s := Sample{Name: test.name}
		if err := s.readName(); (err == nil) != test.ok {
			t.Errorf("%s: got %v", test.name, err)
		} else if test.ok && (s.Expect != test.expect || s.Code != test.code) {
			t.Errorf("%s: got %v %q, want %v %q", test.name, s.Expect, s.Code, test.expect, test.code)
		}
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	if _, err := LoadAll(t.TempDir()); err == nil {
		t.Error("an empty folder has no samples, want an error")
	}
	if _, err := Load(filepath.Join(t.TempDir(), "accepted-nothing.json")); err == nil {
		t.Error("want an error for a file that is not there")
	}
}
