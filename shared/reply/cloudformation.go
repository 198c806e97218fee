package reply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"sespolicy/shared/message"
)

const (
	// maxResponse is how many bytes a response may have.
	maxResponse = 4096
	// putTimeout is the longest that one PUT may take.
	putTimeout = 3 * time.Second
	// puts is how often an answer is put, at most, while there is time.
	puts = 4
	// firstPause is what passes before the second PUT; it doubles with each.
	firstPause = 200 * time.Millisecond
	// maxDrained is how much of what the bucket answers is read: enough to use the connection again.
	maxDrained = 4096
)

// doer is the one method of an HTTP client that the PUT needs.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// newHTTPClient is the SDK's own HTTP client, with its proxy and its certificates, but for
// redirects: it follows none. A response URL was checked, where it leads was not.
func newHTTPClient(cfg aws.Config) doer {
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	switch given := cfg.HTTPClient.(type) {
	case *awshttp.BuildableClient:
		own.Transport = given.GetTransport()
	case *http.Client:
		own.Transport = given.Transport
	case nil:
	default:
		return given
	}
	return own
}

// stackAnswer is what CloudFormation gets; its members are documented as required unless empty here.
type stackAnswer struct {
	Status             string
	Reason             string            `json:",omitempty"`
	PhysicalResourceID string            `json:"PhysicalResourceId"`
	StackID            string            `json:"StackId"`
	RequestID          string            `json:"RequestId"`
	LogicalResourceID  string            `json:"LogicalResourceId"`
	Data               map[string]string `json:",omitempty"` // what Fn::GetAtt gives
}

// newStackAnswer is the answer to a custom resource request.
func newStackAnswer(r Result) stackAnswer {
	asked := r.Message.CloudFormation
	answer := stackAnswer{
		Status:             "SUCCESS",
		PhysicalResourceID: physicalResourceID(r),
		StackID:            asked.StackID,
		RequestID:          asked.RequestID,
		LogicalResourceID:  asked.LogicalResourceID,
	}
	switch {
	case r.failed():
		answer.Status = "FAILED"
		answer.Reason = r.Outcome.Code + ": " + r.Outcome.Message
	case asked.RequestType != "Delete":
		answer.Data = map[string]string{
			"Identity":   r.Message.Request.Identity.Name,
			"PolicyName": r.Message.Request.PolicyName,
		}
	}
	return answer
}

// physicalResourceID is the id of the resource as it stands after the outcome. What failed leaves
// the resource as it was: an Update with its old id, a Create with the id of nothing, so that the
// Delete of the rollback does not hit a policy that this stack did not make.
func physicalResourceID(r Result) string {
	asked := r.Message.CloudFormation
	switch {
	case !r.failed() && asked.RequestType != "Delete":
		return r.Message.Request.PhysicalResourceID()
	case asked.RequestType != "Create" && asked.PhysicalResourceID != "":
		return asked.PhysicalResourceID
	}
	return message.NothingMade(asked.LogicalResourceID)
}

// body writes the answer in at most 4096 bytes: as much of the reason's head stays as fits.
func (a stackAnswer) body() ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil || len(text) <= maxResponse {
		return text, err
	}
	// What JSON makes of a reason depends on its characters: the length is searched for.
	reason := a.Reason
	tooLong := sort.Search(maxResponse, func(length int) bool {
		a.Reason = cut(reason, length)
		text, err = json.Marshal(a)
		return err != nil || len(text) > maxResponse
	})
	if tooLong == 0 {
		return nil, fmt.Errorf("the ids of the request leave no room in the %d bytes of a response", maxResponse)
	}
	a.Reason = cut(reason, tooLong-1)
	return json.Marshal(a)
}

func (r *Replier) answerCloudFormation(ctx context.Context, result Result) error {
	target, err := r.buckets.parse(result.Message.CloudFormation.ResponseURL)
	if err != nil {
		return err
	}
	body, err := newStackAnswer(result).body()
	if err != nil {
		// No stack has such ids: CloudFormation's own fit many times.
		return fmt.Errorf("answering CloudFormation: %w: %w", err, ErrNobodyWaits)
	}
	err = repeat(ctx, puts, firstPause, func() (again bool, err error) { return r.put(ctx, target, body) })
	if err != nil {
		return fmt.Errorf("answering CloudFormation at %s: %w", target.Host, err)
	}
	return nil
}

// put puts the body once. Again says whether another try may help. The error has no URL in it: the
// query is a credential.
func (r *Replier) put(ctx context.Context, target *url.URL, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	// No Content-Type is set, and none is added: the URL was signed without one.
	request := (&http.Request{
		Method:        http.MethodPut,
		URL:           target,
		Host:          target.Host,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}).WithContext(ctx)
	answer, err := r.http().Do(request)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err
		}
		return true, err
	}
	defer answer.Body.Close() //nolint:errcheck // what is left of the answer is of no use
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxDrained))
	switch {
	case answer.StatusCode < http.StatusMultipleChoices:
		return false, nil
	case answer.StatusCode >= http.StatusInternalServerError, answer.StatusCode == http.StatusTooManyRequests:
		return true, fmt.Errorf("status %d", answer.StatusCode)
	}
	return false, fmt.Errorf("status %d", answer.StatusCode)
}
