// Package response plays the S3 bucket where CloudFormation waits for the answers of custom
// resources. It takes a PUT to a presigned-looking URL (URL makes one), holds the answer against
// what CloudFormation demands, and keeps it for whoever asks what became of a request.
//
// It checks no signature, only that there is one and that it has not expired, and it runs no
// stacks. An answer that CloudFormation would not take is kept with its Problem: S3 itself takes
// any bytes.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
package response

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// PathPrefix begins the path of every request that belongs here: the endpoint is one host, so the
// bucket stands in the path.
const PathPrefix = "/cloudformation-custom-resource-response-"

// maxBody bounds what is read of one request, in bytes.
const maxBody = 1 << 20

// Fault answers a request in the bucket's place. It reports whether it has.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Bucket plays the bucket. Make it with New; all methods are safe for concurrent use.
type Bucket struct {
	mu      sync.Mutex
	answers []Answer
	changed chan struct{} // closed and replaced at every new answer
	fault   Fault
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
	answer, ok, _ := b.find(stackID, requestID)
	return answer, ok
}

// Await waits for the first answer to a request.
func (b *Bucket) Await(ctx context.Context, stackID, requestID string) (Answer, error) {
	for {
		answer, ok, changed := b.find(stackID, requestID)
		if ok {
			return answer, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Answer{}, fmt.Errorf("waiting for the answer to request %s of %s: %w", requestID, stackID, ctx.Err())
		}
	}
}

func (b *Bucket) find(stackID, requestID string) (Answer, bool, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, answer := range b.answers {
		if answer.StackID == stackID && answer.RequestID == requestID {
			return answer, true, b.changed
		}
	}
	return Answer{}, false, b.changed
}

// SetFault lets fault answer every request first; nil ends that.
func (b *Bucket) SetFault(fault Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = fault
}

// ServeHTTP takes one answer.
func (b *Bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	fault := b.fault
	b.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	if status, code, message := check(r); code != "" {
		refuse(w, status, code, message)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody", "The body could not be read: "+err.Error())
		return
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, PathPrefix), "/")
	answer := read(key, body)
	answer.Time = time.Now()
	b.mu.Lock()
	b.answers = append(b.answers, answer)
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}

// check finds what makes S3 refuse a PUT to a presigned URL.
func check(r *http.Request) (status int, code, message string) {
	query := r.URL.Query()
	switch {
	case r.Method != http.MethodPut:
		return http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource."
	case query.Get("X-Amz-Signature") == "":
		return http.StatusForbidden, "AccessDenied", "Access Denied"
	case expired(query.Get("X-Amz-Date"), query.Get("X-Amz-Expires")):
		return http.StatusForbidden, "AccessDenied", "Request has expired"
	case r.Header.Get("Content-Type") != "":
		return http.StatusForbidden, "SignatureDoesNotMatch", "The Content-Type of an answer must be empty: the URL was signed without one."
	case r.ContentLength < 0:
		return http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header."
	}
	return 0, "", ""
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message) // the client is gone: nobody to tell
}
