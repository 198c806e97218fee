package queue

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	targetPrefix = "AmazonSQS."
	contentType  = "application/x-amz-json-1.0"
	// maxRequest bounds what is read of a request: a payload of 1 MiB may take
	// six times as much in JSON, every character being an escape.
	maxRequest = 8 * maxPayload
)

// action does one action of the API with the JSON of its request.
type action func(ctx context.Context, s *Server, name string, body []byte) (any, error)

// request is the input of an action; it knows the queue it is about.
type request interface{ queueName() string }

// answering makes an action of a method that takes and returns structs.
func answering[In request, Out any](do func(*Server, context.Context, In) (Out, error)) action {
	return func(ctx context.Context, s *Server, name string, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in, jsontext.AllowDuplicateNames(true)); err != nil {
			return nil, failf(codeSerialization, "The request is not the JSON of %s: %v", name, err)
		}
		return act(ctx, s, Call{name, in.queueName()}, func() (any, error) { return do(s, ctx, in) })
	}
}

var actions = map[string]action{
	"CreateQueue":                  answering((*Server).apiCreateQueue),
	"DeleteQueue":                  answering((*Server).apiDeleteQueue),
	"GetQueueUrl":                  answering((*Server).apiGetQueueURL),
	"ListQueues":                   answering((*Server).apiListQueues),
	"ListDeadLetterSourceQueues":   answering((*Server).apiListDeadLetterSourceQueues),
	"GetQueueAttributes":           answering((*Server).apiGetQueueAttributes),
	"SetQueueAttributes":           answering((*Server).apiSetQueueAttributes),
	"TagQueue":                     answering((*Server).apiTagQueue),
	"UntagQueue":                   answering((*Server).apiUntagQueue),
	"ListQueueTags":                answering((*Server).apiListQueueTags),
	"PurgeQueue":                   answering((*Server).apiPurgeQueue),
	"SendMessage":                  answering((*Server).apiSendMessage),
	"SendMessageBatch":             answering((*Server).apiSendMessageBatch),
	"ReceiveMessage":               answering((*Server).apiReceiveMessage),
	"DeleteMessage":                answering((*Server).apiDeleteMessage),
	"DeleteMessageBatch":           answering((*Server).apiDeleteMessageBatch),
	"ChangeMessageVisibility":      answering((*Server).apiChangeMessageVisibility),
	"ChangeMessageVisibilityBatch": answering((*Server).apiChangeMessageVisibilityBatch),
	"StartMessageMoveTask":         answering((*Server).apiStartMessageMoveTask),
	"ListMessageMoveTasks":         answering((*Server).apiListMessageMoveTasks),
	"CancelMessageMoveTask":        answering((*Server).apiCancelMessageMoveTask),
	"AddPermission":                unsupported,
	"RemovePermission":             unsupported,
}

func unsupported(_ context.Context, _ *Server, name string, _ []byte) (any, error) {
	return nil, failf(codeUnsupportedOperation, "%s is not served here: nothing checks permissions.", name)
}

// ServeHTTP answers one request in AWS JSON 1.0. When the client is gone, or a
// fault hook withholds the answer until it is, it aborts the connection: it
// panics with [http.ErrAbortHandler], which net/http expects.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(w, r)
	if err != nil && r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", s.requestID())
	if err != nil {
		writeError(w, err)
		return
	}
	text, err := json.Marshal(answer, json.Deterministic(true))
	if err != nil {
		writeError(w, err)
		return
	}
	_, _ = w.Write(text) // the client may have gone; there is nobody to tell
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	do, known := actions[name]
	if r.Method != http.MethodPost || !ours || !known {
		return nil, &Error{
			Code: codeUnknownOperation.name, Status: http.StatusNotFound,
			Message: "Expected a POST with the header X-Amz-Target: AmazonSQS.ACTION, in AWS JSON 1.0. Clients that still use the Query protocol need a newer version.",
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, failf(codeInvalidParameterValue, "One or more parameters are invalid. Reason: the request is longer than %d bytes.", maxRequest)
	}
	if err != nil {
		return nil, failf(codeSerialization, "The request could not be read: %v", err)
	}
	return do(r.Context(), s, name, body)
}

func (s *Server) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.NewID()
}

// writeError answers an error: its shape's name in the body, the name it had
// in the Query protocol in a header, from which SDKs take their code.
func writeError(w http.ResponseWriter, err error) {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		failure = &Error{Code: "InternalError", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	side := "Sender"
	if failure.status() >= http.StatusInternalServerError {
		side = "Receiver"
	}
	query := failure.Code
	if known, found := queryCodes[failure.Code]; found {
		query = known
	}
	w.Header().Set("X-Amzn-Query-Error", query+";"+side)
	w.WriteHeader(failure.status())
	text, _ := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{failure.shape(), strings.ToValidUTF8(failure.Message, "\uFFFD")})
	_, _ = w.Write(text)
}

// onQueue is a request that names its queue by URL.
type onQueue struct {
	QueueURL string `json:"QueueUrl"`
}

func (r onQueue) queueName() string {
	_, name, _ := splitURL(r.QueueURL)
	return name
}

// splitURL takes account and queue name from a queue URL. The host does not
// matter: a container sees this server under another name.
func splitURL(text string) (account, name string, ok bool) {
	u, err := url.Parse(text)
	if err != nil {
		return "", "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 2 {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// at finds the queue of a URL. The lock must be held.
func (s *Server) at(r onQueue) (*Queue, error) {
	if r.QueueURL == "" {
		return nil, missingParameter("QueueUrl")
	}
	account, name, ok := splitURL(r.QueueURL)
	if !ok {
		return nil, failf(codeInvalidAddress, "The address %s is not valid for this endpoint. A queue URL here looks like %s.", r.QueueURL, s.url("NAME"))
	}
	q, found := s.queues[name]
	if !found || account != s.config.Account {
		return nil, missingQueue(r.QueueURL)
	}
	return q, nil
}

// locked finds the queue and does something with it under the lock.
func locked[T any](s *Server, r onQueue, do func(*Queue) (T, error)) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.at(r)
	if err != nil {
		var none T
		return none, err
	}
	return do(q)
}
