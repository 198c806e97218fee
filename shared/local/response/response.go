// Package response is the S3 bucket where CloudFormation waits for the answers
// of custom resources. It takes a PUT to a presigned URL (URL makes one), checks
// the answer against what CloudFormation demands, and keeps it.
//
// Of a signature it checks only that there is one and that it has not expired,
// and it runs no stacks. An answer that CloudFormation would refuse is kept with
// its Problem: S3 itself takes any bytes.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
package response

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"sespolicy/shared/local/wire"
)

// PathPrefix begins the path of every call of the bucket: the endpoint is one
// host, so the bucket's name is in the path.
const PathPrefix = "/cloudformation-custom-resource-response-"

// Fault is what goes wrong with a call.
type Fault = wire.Fault

// Bucket is the bucket. Make it with New; all methods are safe for concurrent
// use.
type Bucket struct {
	wire.Switch[*http.Request]
	// Observe, if set, is told of each answer. Set it before the first.
	Observe func(Answer)

	mu      sync.Mutex
	answers []Answer
	changed chan struct{} // closed and replaced at every new answer
}

// New returns an empty Bucket.
func New() *Bucket {
	return &Bucket{changed: make(chan struct{})}
}

// Answers returns every answer that was put here, oldest first.
func (b *Bucket) Answers() []Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.answers)
}

// Answer returns the first answer to a request: CloudFormation looks no further.
func (b *Bucket) Answer(stackID, requestID string) (Answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.answers, func(a Answer) bool { return a.StackID == stackID && a.RequestID == requestID })
	if at < 0 {
		return Answer{}, false
	}
	return b.answers[at], true
}

// Await waits for the first answer to a request.
func (b *Bucket) Await(ctx context.Context, stackID, requestID string) (Answer, error) {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if answer, ok := b.Answer(stackID, requestID); ok {
			return answer, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Answer{}, fmt.Errorf("waiting for the answer to request %s of %s: %w", requestID, stackID, ctx.Err())
		}
	}
}

// ServeHTTP takes one answer.
func (b *Bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := wire.Read(w, r)
	wire.Serve(w, r, wire.Query{}, b.FaultOf(r), "PutObject", func() (any, error) {
		if err := errors.Join(err, check(r)); err != nil {
			return nil, err
		}
		_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, PathPrefix), "/")
		b.keep(read(key, body))
		return wire.Nothing{}, nil
	})
}

func (b *Bucket) keep(answer Answer) {
	b.mu.Lock()
	b.answers = append(b.answers, answer)
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
	if b.Observe != nil {
		b.Observe(answer)
	}
}

// check finds what makes S3 refuse a PUT to a presigned URL.
func check(r *http.Request) error {
	refuse := func(status int, code, message string) error {
		return &wire.Error{Code: code, Message: message, Status: status}
	}
	query := r.URL.Query()
	switch {
	case r.Method != http.MethodPut:
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	case query.Get("X-Amz-Signature") == "":
		return refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	case expired(query.Get("X-Amz-Date"), query.Get("X-Amz-Expires")):
		return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
	case r.Header.Get("Content-Type") != "":
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The Content-Type of an answer must be empty: the URL was signed without one.")
	case r.ContentLength < 0:
		return refuse(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	return nil
}

// lifetime is how long CloudFormation's URLs are valid.
const lifetime = 2 * time.Hour

// amzTime is the form of X-Amz-Date.
const amzTime = "20060102T150405Z"

// URL returns the ResponseURL of one request as CloudFormation makes it, but
// path-style at the endpoint. It is valid for two hours from now.
func URL(endpoint, region, stackID, logicalResourceID, requestID string) string {
	now := time.Now().UTC()
	query := url.Values{
		"X-Amz-Algorithm":     {"AWS4-HMAC-SHA256"},
		"X-Amz-Date":          {now.Format(amzTime)},
		"X-Amz-SignedHeaders": {"host"},
		"X-Amz-Expires":       {strconv.Itoa(int(lifetime.Seconds()))},
		"X-Amz-Credential":    {"AKIAIOSFODNN7EXAMPLE/" + now.Format("20060102") + "/" + region + "/s3/aws4_request"},
		"X-Amz-Signature":     {strings.ReplaceAll(wire.NewID()+wire.NewID(), "-", "")}, // 64 digits,
	}
	key := url.QueryEscape(stackID + "|" + logicalResourceID + "|" + requestID)
	return strings.TrimSuffix(endpoint, "/") + PathPrefix + strings.ReplaceAll(region, "-", "") + "/" +
		strings.ReplaceAll(key, "%2F", "/") + "?" + query.Encode()
}

// expired reports whether a presigned URL made at date is too old, or says so in no known form.
func expired(date, seconds string) bool {
	made, err := time.Parse(amzTime, date)
	n, noNumber := strconv.Atoi(seconds)
	return err != nil || noNumber != nil || time.Since(made) > time.Duration(n)*time.Second
}

// Limits of an answer, from the custom resource response reference.
const (
	maxAnswer     = 4096 // bytes of the whole answer
	maxPhysicalID = 1024 // bytes of the PhysicalResourceId
)

// Answer is one answer to a custom resource request.
type Answer struct {
	StackID            string         `json:"StackId"`
	RequestID          string         `json:"RequestId"`
	LogicalResourceID  string         `json:"LogicalResourceId"`
	PhysicalResourceID string         `json:"PhysicalResourceId"`
	Status             string         `json:"Status"`
	Reason             string         `json:"Reason"`
	NoEcho             bool           `json:"NoEcho"`
	Data               map[string]any `json:"Data"` // what Fn::GetAtt gives

	Body    string    `json:"-"` // as it was put
	Problem string    `json:"-"` // why CloudFormation would refuse it; empty if it would not
	Time    time.Time `json:"-"`
}

// read makes an Answer of a body. The key is the object's: StackId|LogicalResourceId|RequestId.
func read(key string, body []byte) Answer {
	answer := Answer{Body: string(body), Time: time.Now()}
	if err := json.Unmarshal(body, &answer); err != nil {
		answer.Problem = "Invalid response object: " + err.Error()
	} else {
		answer.Problem = answer.problem(key)
	}
	return answer
}

func (a Answer) problem(key string) string {
	switch {
	case len(a.Body) > maxAnswer:
		return fmt.Sprintf("Response object is too long: %d bytes, at most %d", len(a.Body), maxAnswer)
	case a.Status != "SUCCESS" && a.Status != "FAILED":
		return fmt.Sprintf("Invalid Response object: Value of property Status must be SUCCESS or FAILED, not %q", a.Status)
	case a.Status == "FAILED" && a.Reason == "":
		return "Invalid Response object: Reason is required when Status is FAILED"
	case a.PhysicalResourceID == "" || len(a.PhysicalResourceID) > maxPhysicalID:
		return fmt.Sprintf("Invalid PhysicalResourceId: 1 to %d bytes, not %d", maxPhysicalID, len(a.PhysicalResourceID))
	case a.StackID == "" || a.RequestID == "" || a.LogicalResourceID == "":
		return "Invalid Response object: StackId, RequestId and LogicalResourceId are required"
	case key != a.StackID+"|"+a.LogicalResourceID+"|"+a.RequestID:
		return "the answer is for another request than the URL: " + key
	}
	return ""
}
