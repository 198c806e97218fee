package check

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

const (
	usBucket = "cloudformation-custom-resource-response-useast1"
	euBucket = "cloudformation-custom-resource-response-euwest1"
)

// secret stands in the query of every URL: it must come back in no error.
const secret = "X-Amz-Signature=a1b2c3d4"

func TestResponseURLsOnAWS(t *testing.T) {
	for _, tt := range []struct {
		name   string
		region string
		url    string
		fine   bool
	}{
		{"us-east-1, without a Region", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com/arn%3Aaws", true},
		{"with a hyphen", "eu-west-1", "https://" + euBucket + ".s3-eu-west-1.amazonaws.com/arn", true},
		{"with a dot", "eu-west-1", "https://" + euBucket + ".s3.eu-west-1.amazonaws.com/arn", true},
		{"its own Region without one in the host", "eu-west-1", "https://" + euBucket + ".s3.amazonaws.com/arn", true},
		{"a Region of tomorrow", "nz-south-2", "https://cloudformation-custom-resource-response-nzsouth2.s3.nz-south-2.amazonaws.com/", true},
		{"China", "cn-north-1", "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn", true},
		{"GovCloud", "us-gov-west-1", "https://cloudformation-custom-resource-response-usgovwest1.s3.us-gov-west-1.amazonaws.com/arn", true},

		{"another Region of the partition", "us-east-1", "https://" + euBucket + ".s3.eu-west-1.amazonaws.com/arn", false},
		{"us-east-1, from another Region", "eu-west-1", "https://" + usBucket + ".s3.amazonaws.com/arn", false},
		{"no URL at all", "us-east-1", "", false},
		{"no URL that can be read", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com/%zz", false},
		{"http", "us-east-1", "http://" + usBucket + ".s3.amazonaws.com/arn", false},
		{"another scheme", "us-east-1", "file:///etc/passwd", false},
		{"no scheme", "us-east-1", "//" + usBucket + ".s3.amazonaws.com/arn", false},
		{"opaque", "us-east-1", "https:" + usBucket + ".s3.amazonaws.com/arn", false},
		{"another host", "us-east-1", "https://example.com/arn", false},
		{"another bucket", "us-east-1", "https://mine.s3.amazonaws.com/arn", false},
		{"the prefix and a name of one's own", "us-east-1", "https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/arn", false},
		{"the prefix and a Region that is not in the host", "us-east-1", "https://" + euBucket + ".s3.amazonaws.com/arn", false},
		{"a bucket of one Region, the host of another", "us-east-1", "https://" + euBucket + ".s3.us-west-2.amazonaws.com/arn", false},
		{"the name in the path", "us-east-1", "https://s3.amazonaws.com/" + usBucket + "/arn", false},
		{"the name in the path, with a Region", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/" + euBucket + "/arn", false},
		{"the host as the start of another", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com.evil.org/arn", false},
		{"the host as the end of another", "us-east-1", "https://evil." + usBucket + ".s3.amazonaws.com/arn", false},
		{"the host as the end of a name", "us-east-1", "https://evil-" + usBucket + ".s3.amazonaws.com/arn", false},
		{"the host as a user", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com@evil.org/arn", false},
		{"a user before the host", "us-east-1", "https://user:word@" + usBucket + ".s3.amazonaws.com/arn", false},
		{"an empty user before the host", "us-east-1", "https://@" + usBucket + ".s3.amazonaws.com/arn", false},
		{"the host after a fragment", "us-east-1", "https://evil.org#" + usBucket + ".s3.amazonaws.com/arn", false},
		{"the host after a backslash", "us-east-1", `https://evil.org\` + usBucket + ".s3.amazonaws.com/arn", false},
		{"the host after a line break", "us-east-1", "https://evil.org\n" + usBucket + ".s3.amazonaws.com/arn", false},
		{"a port", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com:8443/arn", false},
		{"the port that https has", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com:443/arn", false},
		{"an empty port", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com:/arn", false},
		{"a trailing dot", "us-east-1", "https://" + usBucket + ".s3.amazonaws.com./arn", false},
		{"an IPv4 address", "us-east-1", "https://169.254.169.254/latest/meta-data", false},
		{"an IPv4 address as a number", "us-east-1", "https://2852039166/latest/meta-data", false},
		{"an IPv6 address", "us-east-1", "https://[::1]/arn", false},
		{"a zone of an IPv6 address", "us-east-1", "https://[fe80::1%25" + usBucket + ".s3.amazonaws.com]/arn", false},
		{"this machine", "us-east-1", "https://localhost/arn", false},
		{"a letter that only looks like the right one", "us-east-1", "https://" + strings.Replace(usBucket, "useast1", "us\u0435ast1", 1) + ".s3.amazonaws.com/arn", false},
		{"an escaped dot", "us-east-1", "https://" + usBucket + "%2es3.amazonaws.com/arn", false},
		{"another service", "us-east-1", "https://" + usBucket + ".s3-website.us-east-1.amazonaws.com/arn", false},
		{"a Region that is a path", "us-east-1", "https://" + usBucket + ".s3.us-east-1/.amazonaws.com/arn", false},
		{"China's Region, the world's domain", "cn-north-1", "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com/arn", false},
		{"China's bucket, seen from outside", "us-east-1", "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn", false},
		{"the world's bucket, seen from China", "cn-north-1", "https://" + usBucket + ".s3.us-east-1.amazonaws.com/arn", false},
		{"GovCloud without a Region: the world's S3", "us-gov-west-1", "https://cloudformation-custom-resource-response-usgovwest1.s3.amazonaws.com/arn", false},
		{"China's Region in the world's domain", "us-east-1", "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com/arn", false},
		{"an accelerated bucket, which is anybody's", "us-east-1", "https://cloudformation-custom-resource-response-accelerate.s3-accelerate.amazonaws.com/arn", false},
		{"an old name of S3", "us-east-1", "https://cloudformation-custom-resource-response-external1.s3-external-1.amazonaws.com/arn", false},
		{"without a Region, any partition's", "", "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn", true},
		{"without a Region, the world's", "", "https://" + usBucket + ".s3.amazonaws.com/arn", true},
		{"without a Region, anybody's bucket", "", "https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/arn", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verdict, rejection := stack(t, tt.url+"?"+secret, Answers{Region: tt.region})
			if (rejection == nil) != tt.fine {
				t.Fatalf("got %v", rejection)
			}
			if rejection == nil {
				if verdict.AnswerTo != message.Stack {
					t.Errorf("answer to %q", verdict.AnswerTo)
				}
				return
			}
			if rejection.Code != outcome.MalformedRequest || len(rejection.Violations) != 1 ||
				rejection.Violations[0].Rule != message.RuleResponseURL || rejection.Violations[0].Path != "/ResponseURL" {
				t.Errorf("got %+v", rejection)
			}
			if strings.Contains(rejection.Error()+rejection.Violations[0].Message, secret) {
				t.Errorf("the query got out: %v", rejection)
			}
			if verdict.AnswerTo != "" {
				t.Errorf("answer to %q at a URL that must not be called", verdict.AnswerTo)
			}
		})
	}
}

// stack opens and checks a stack's request with that response URL.
func stack(t *testing.T, responseURL string, answers Answers) (Verdict, *outcome.Rejection) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"RequestType": "Delete", "StackId": "s", "RequestId": "r", "LogicalResourceId": "L", "PhysicalResourceId": "nothing", "ResponseURL": responseURL})
	m, source, malformed := message.Open(events.SQSMessage{Body: string(body)})
	fence, err := guardrail.New(guardrail.Config{})
	if err != nil {
		t.Fatal(err)
	}
	verdict := Request(m, source, Rules{fence, answers}, nil)
	return verdict, outcome.Join(malformed, verdict.Refused)
}

func TestResponseURLsAtAnEndpoint(t *testing.T) {
	for url, fine := range map[string]bool{
		"http://127.0.0.1:4566/" + usBucket + "/arn":       true,
		"http://127.0.0.1:4567/" + usBucket + "/arn":       false,
		"https://127.0.0.1:4566/" + usBucket + "/arn":      false,
		"http://user@127.0.0.1:4566/" + usBucket + "/arn":  false,
		"http://127.0.0.1:4566@evil.org/":                  false,
		"https://" + usBucket + ".s3.amazonaws.com/arn":    false,
		"http://127.0.0.1.evil.org:4566/" + usBucket + "/": false,
	} {
		_, rejection := stack(t, url+"?"+secret, Answers{Region: "us-east-1", S3Endpoint: "http://127.0.0.1:4566"})
		if (rejection == nil) != fine {
			t.Errorf("%s: got %v", url, rejection)
		}
		if rejection != nil && strings.Contains(rejection.Error(), secret) {
			t.Errorf("the query got out: %v", rejection)
		}
	}
}

// FuzzResponseURL holds every URL that is taken against a plainer rule: it begins with https and a
// bucket's name, and the next slash ends a host of AWS.
func FuzzResponseURL(f *testing.F) {
	for _, seed := range []string{
		"https://" + usBucket + ".s3.amazonaws.com/arn?" + secret,
		"https://" + euBucket + ".s3-eu-west-1.amazonaws.com/",
		"https://" + usBucket + ".s3.amazonaws.com@evil.org/",
		"https://" + usBucket + ".s3.amazonaws.com:443\\.evil.org/",
	} {
		f.Add(seed)
	}
	answers := Answers{Region: "eu-west-1"}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil || answers.permits(u) != nil {
			return
		}
		rest, https := strings.CutPrefix(strings.ToLower(text[:8])+text[8:], "https://"+bucketPrefix)
		host, _, _ := strings.Cut(strings.SplitN(rest, "?", 2)[0], "/")
		host, _, _ = strings.Cut(host, "#")
		if !https || !strings.HasSuffix(host, ".amazonaws.com") || u.Host != bucketPrefix+host || u.Hostname() != u.Host {
			t.Errorf("%q was taken, host %q", text, u.Host)
		}
	})
}
