package queue

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sespolicy/shared/local/wire"
)

const targetPrefix = "AmazonSQS."

var (
	jsonProtocol  = wire.JSON{Version: "1.0", Namespace: "com.amazonaws.sqs#"}
	queryProtocol = wire.Query{Namespace: "http://queue.amazonaws.com/doc/2012-11-05/"}
)

// nothing is the answer of actions that answer nothing.
type nothing struct{}

// action does one action of the API with the JSON of its request.
type action func(ctx context.Context, s *Server, name string, body []byte) (any, error)

// request is the input of an action; it knows the queue it is about.
type request interface{ queueName() string }

// waiting makes an action that takes the Server's lock as it needs it.
func waiting[In request, Out any](do func(context.Context, *Server, In) (Out, error)) action {
	return func(ctx context.Context, s *Server, name string, body []byte) (any, error) {
		in, err := wire.Decode[In](name, body)
		if err != nil {
			return nil, err
		}
		return under(ctx, s, Call{name, in.queueName()}, func() (any, error) { return do(ctx, s, in) })
	}
}

// serverAction makes an action that runs under the Server's lock.
func serverAction[In request, Out any](do func(context.Context, *Server, In) (Out, error)) action {
	return waiting(func(ctx context.Context, s *Server, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(ctx, s, in)
	})
}

// queueAction makes an action on the queue that the request names by URL.
func queueAction[In interface {
	request
	url() string
}, Out any](do func(context.Context, *Queue, In) (Out, error),
) action {
	return serverAction(func(ctx context.Context, s *Server, in In) (out Out, err error) {
		q, err := s.at(in.url())
		if err != nil {
			return out, err
		}
		return do(ctx, q, in)
	})
}

// change is the part of an action that answers nothing.
func change[In any](do func(*Queue, In) error) func(context.Context, *Queue, In) (nothing, error) {
	return func(_ context.Context, q *Queue, in In) (nothing, error) { return nothing{}, do(q, in) }
}

var actions = map[string]action{
	"CreateQueue":                  serverAction(createQueue),
	"GetQueueUrl":                  serverAction(getQueueURL),
	"ListQueues":                   serverAction(listQueues),
	"ListDeadLetterSourceQueues":   queueAction(listDeadLetterSourceQueues),
	"DeleteQueue":                  queueAction(change(func(q *Queue, _ onQueue) error { q.server.remove(q); return nil })),
	"PurgeQueue":                   queueAction(change(func(q *Queue, _ onQueue) error { return q.purge() })),
	"GetQueueAttributes":           queueAction(getQueueAttributes),
	"SetQueueAttributes":           queueAction(change(func(q *Queue, in setAttributesRequest) error { return q.setAttributes(in.Attributes) })),
	"SendMessage":                  queueAction(sendMessage),
	"SendMessageBatch":             queueAction(sendMessageBatch),
	"ReceiveMessage":               waiting(receiveMessage),
	"DeleteMessage":                queueAction(change(func(q *Queue, in deleteRequest) error { return q.delete(in.ReceiptHandle) })),
	"DeleteMessageBatch":           queueAction(deleteMessageBatch),
	"ChangeMessageVisibility":      queueAction(change(func(q *Queue, in visibilityRequest) error { return in.apply(q) })),
	"ChangeMessageVisibilityBatch": queueAction(changeMessageVisibilityBatch),
	"StartMessageMoveTask":         serverAction(startMessageMoveTask),
	"ListMessageMoveTasks":         serverAction(listMessageMoveTasks),
	"CancelMessageMoveTask":        serverAction(cancelMessageMoveTask),
}

// ServeHTTP answers one call, in AWS JSON 1.0, or of a form in the Query
// protocol. When the client is gone, or a fault withholds the answer, it panics
// with [http.ErrAbortHandler], which net/http expects.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	id := s.config.NewID()
	s.mu.Unlock()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		name, answer, err := s.answerQuery(w, r)
		wire.Write(w, r, queryProtocol, name, id, answer, err)
		return
	}
	answer, err := s.answer(w, r)
	wire.Write(w, r, jsonProtocol, "", id, answer, err)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	do, known := actions[name]
	if r.Method != http.MethodPost || !ours || !known {
		return nil, failf(codeUnknownOperation, "Expected a POST with the header X-Amz-Target: AmazonSQS.ACTION, in AWS JSON 1.0; the action %q is not served.", name)
	}
	body, err := wire.Read(w, r)
	if err != nil {
		return nil, err
	}
	return do(withTrace(r), s, name, body)
}

// traceKey is the context key of a call's X-Ray trace header.
type traceKey struct{}

// withTrace is the context of a call with its header X-Amzn-Trace-Id, which SQS
// makes the system attribute AWSTraceHeader of the messages sent.
func withTrace(r *http.Request) context.Context {
	return context.WithValue(r.Context(), traceKey{}, r.Header.Get("X-Amzn-Trace-Id"))
}

// onQueue is a request that names its queue by URL.
type onQueue struct {
	QueueURL string `json:"QueueUrl"`
}

func (r onQueue) url() string { return r.QueueURL }

func (r onQueue) queueName() string {
	_, name, _ := splitURL(r.QueueURL)
	return name
}

// splitURL takes account and queue name from a queue URL. The host does not
// matter: a container sees this server under another name. SQS takes the bare
// name of a queue too, whose account is then empty.
func splitURL(text string) (account, name string, ok bool) {
	if queueName.MatchString(text) {
		return "", text, true
	}
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
func (s *Server) at(queueURL string) (*Queue, error) {
	if queueURL == "" {
		return nil, missingParameter("QueueUrl")
	}
	account, name, ok := splitURL(queueURL)
	if !ok {
		return nil, failf(codeInvalidAddress, "The address %s is not valid for this endpoint. A queue URL here looks like %s.", queueURL, s.url("NAME"))
	}
	q, found := s.queues[name]
	if !found || account != "" && account != s.config.Account {
		return nil, missingQueue(queueURL)
	}
	return q, nil
}

// duration turns seconds into a Duration. What would overflow becomes a value
// that is out of every range, for its check to refuse.
func duration(seconds *int64) *time.Duration {
	if seconds == nil {
		return nil
	}
	return new(time.Duration(max(-1, min(*seconds, 1<<31))) * time.Second)
}
