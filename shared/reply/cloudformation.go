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

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

const (
	// maxResponse is CloudFormation's limit of a response, in bytes.
	maxResponse = 4096
	// putTimeout is the longest that one PUT may take.
	putTimeout = 3 * time.Second
	// puts is the maximum number of attempts, while there is time.
	puts = 4
	// firstPause is the pause before the second PUT; it doubles with each.
	firstPause = 200 * time.Millisecond
	// maxDrained is how much of the bucket's answer is read, so that the connection
	// can be reused.
	maxDrained = 4096
)

// HTTPClient is the one method of an HTTP client that is needed.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// NewHTTPClient returns the SDK's HTTP client, proxy and certificates included,
// that follows no redirects: only the URL itself was checked.
func NewHTTPClient(cfg aws.Config) HTTPClient {
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

// newStackAnswer is the answer to a custom resource request.
func newStackAnswer(r Result) cfn.Response {
	request := r.Message.CloudFormation
	answer := cfn.Response{
		Status:             cfn.StatusSuccess,
		PhysicalResourceID: physicalResourceID(r),
		StackID:            request.StackID,
		RequestID:          request.RequestID,
		LogicalResourceID:  request.LogicalResourceID,
	}
	switch {
	case r.failed():
		answer.Status = cfn.StatusFailed
		answer.Reason = reason(r.Outcome)
	case request.RequestType != cfn.RequestDelete:
		answer.Data = map[string]any{ // for Fn::GetAtt
			"Identity":   r.Message.Request.Identity.Name,
			"PolicyName": r.Message.Request.PolicyName,
		}
	}
	return answer
}

// reason says why a request failed. CloudFormation requires one.
func reason(o outcome.Outcome) string {
	if o.Kind == outcome.Superseded {
		return "Superseded: a newer request from elsewhere was applied to the same policy, so this one has no effect"
	}
	return o.Code + ": " + o.Message
}

// physicalResourceID is the id of the resource after the outcome. A failed
// request leaves the resource as it was: an Update answers its old id, a Create
// the id of nothing, so that the rollback's Delete does not remove a policy that
// this stack did not make.
func physicalResourceID(r Result) string {
	request := r.Message.CloudFormation
	switch {
	case !r.failed() && request.RequestType != cfn.RequestDelete:
		return r.Message.Request.PhysicalResourceID()
	case request.RequestType != cfn.RequestCreate && request.PhysicalResourceID != "":
		return request.PhysicalResourceID
	}
	return message.NothingMade(request.LogicalResourceID)
}

// body writes the answer in at most 4096 bytes, with as much of the reason's start
// as fits.
func body(a cfn.Response) ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil || len(text) <= maxResponse {
		return text, err
	}
	// The JSON length of a reason depends on its characters, so search for the cut.
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
	target := result.Message.CloudFormation.ResponseURL
	answer, err := body(newStackAnswer(result))
	if err != nil {
		// No real stack has such ids.
		return fmt.Errorf("answering CloudFormation: %w: %w", err, ErrNobodyWaits)
	}
	err = repeat(ctx, puts, firstPause, func() (again bool, err error) { return r.put(ctx, target, answer) })
	if err != nil {
		return fmt.Errorf("answering CloudFormation at %s: %w", target.Host, err)
	}
	return nil
}

// put puts the body once; again reports whether another attempt may help. The
// error never has the URL, whose query is a credential.
func (r *Replier) put(ctx context.Context, target *url.URL, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	// No Content-Type: the URL was signed without one.
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
	defer answer.Body.Close() //nolint:errcheck // nothing of the answer is used
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxDrained))
	switch {
	case answer.StatusCode < http.StatusMultipleChoices:
		return false, nil
	case answer.StatusCode >= http.StatusInternalServerError, answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusRequestTimeout:
		return true, fmt.Errorf("status %d", answer.StatusCode)
	case answer.StatusCode >= http.StatusBadRequest:
		// The URL is its own authorization: the bucket refuses it, not this deployment's role.
		return false, fmt.Errorf("status %d: %w", answer.StatusCode, ErrNobodyWaits)
	}
	return false, fmt.Errorf("status %d", answer.StatusCode) // a redirect, which is not followed
}
