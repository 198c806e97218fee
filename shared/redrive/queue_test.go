package redrive

import (
	"testing"
)

// URL and ARN of a queue tell each other without a call.
func TestParseQueue(t *testing.T) {
	const arn = "arn:aws:sqs:eu-west-1:123456789012:Q"
	for reason, test := range map[string]struct {
		name, endpoint string
		want           Queue
	}{
		"an ARN":              {arn, "", Queue{URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/Q", ARN: arn}},
		"an ARN in China":     {"arn:aws-cn:sqs:cn-north-1:123456789012:Q", "", Queue{URL: "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/Q", ARN: "arn:aws-cn:sqs:cn-north-1:123456789012:Q"}},
		"an ARN, served here": {arn, "http://127.0.0.1:4566", Queue{URL: "http://127.0.0.1:4566/123456789012/Q", ARN: arn}},
		"a URL":               {"https://sqs.eu-west-1.amazonaws.com/123456789012/Q", "", Queue{ARN: arn}},
		"a URL of old":        {"https://eu-west-1.queue.amazonaws.com/123456789012/Q", "", Queue{ARN: arn}},
		"a VPC endpoint":      {"https://vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com/123456789012/Q", "", Queue{ARN: arn}},
		"a FIPS endpoint":     {"https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/Q", "", Queue{ARN: "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:Q"}},
		"a URL here":          {"http://127.0.0.1:4566/123456789012/Q", "", Queue{ARN: "arn:aws:sqs:us-east-2:123456789012:Q"}},
		"a path before it":    {"http://localhost:9324/sqs/123456789012/Q", "", Queue{ARN: "arn:aws:sqs:us-east-2:123456789012:Q"}},
		"no account":          {"http://localhost:9324/queue/Q", "", Queue{}},
		"no name":             {"http://localhost:9324/123456789012/", "", Queue{}},
	} {
		if test.want.URL == "" {
			test.want.URL = test.name
		}
		if got := ParseQueue(test.name, "us-east-2", test.endpoint); got != test.want {
			t.Errorf("%s: got %+v, want %+v", reason, got, test.want)
		}
	}
}

func TestRegionOf(t *testing.T) {
	for name, want := range map[string]string{
		"arn:aws:sns:eu-west-1:123456789012:T":                   "eu-west-1",
		"https://sqs.eu-central-1.amazonaws.com/123456789012/Q":  "eu-central-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/Q": "cn-north-1",
		"http://127.0.0.1:4566/123456789012/RequestQueue":        "",
		"": "",
	} {
		if got := RegionOf(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
