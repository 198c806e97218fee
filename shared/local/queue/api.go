package queue

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/local/wire"
)

// request has the parameters of all operations.
type request struct {
	QueueURL       string `json:"QueueUrl"`
	QueueName      string
	Attributes     map[string]string
	AttributeNames []string // of a queue, and an older name of the next one

	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int64

	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
	MaxResults                   int
	TaskHandle                   string

	parameters
	Entries []parameters
}

// parameters are about one message, and of a batch those of one entry.
type parameters struct {
	ID string `json:"Id"` // of an entry

	MessageBody       string
	DelaySeconds      *int64
	MessageAttributes map[string]Attribute
	MessageAttribute  map[string]Attribute // the same in the Query protocol
	MessageGroupID    *string              `json:"MessageGroupId"`

	ReceiptHandle     string
	VisibilityTimeout *int64
}

type operation = wire.Operation[*Server, request]

// service serves of the Query protocol only what API Gateway sends.
var service = wire.Service[*Server, request]{
	JSON:  wire.JSON{Version: "1.0", Namespace: "com.amazonaws.sqs#"},
	Query: wire.Query{Namespace: "http://queue.amazonaws.com/doc/2012-11-05/"}, InQuery: []string{"SendMessage"},
	Operations: map[string]operation{
		"CreateQueue":                  createQueue,
		"GetQueueUrl":                  getQueueURL,
		"ListQueues":                   listQueues,
		"ListDeadLetterSourceQueues":   onQueue(listDeadLetterSourceQueues),
		"DeleteQueue":                  onQueue(deleteQueue),
		"PurgeQueue":                   onQueue(purgeQueue),
		"GetQueueAttributes":           onQueue(getQueueAttributes),
		"SetQueueAttributes":           onQueue(setQueueAttributes),
		"ReceiveMessage":               onQueue(receiveMessage),
		"SendMessage":                  single(sendMessage),
		"SendMessageBatch":             onQueue(sendMessageBatch),
		"DeleteMessage":                single(deleteMessage),
		"DeleteMessageBatch":           batch(deleteMessage),
		"ChangeMessageVisibility":      single(changeMessageVisibility),
		"ChangeMessageVisibilityBatch": batch(changeMessageVisibility),
		"StartMessageMoveTask":         startMove,
		"ListMessageMoveTasks":         listMoves,
		"CancelMessageMoveTask":        cancelMove,
	},
}

// ServeHTTP answers one call, in AWS JSON 1.0, or of a form in the Query
// protocol, which may name the queue by the request's path. When the client is
// gone, or a fault withholds the answer, it panics with [http.ErrAbortHandler],
// which net/http expects.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := service.Read(w, r, s)
	s.mu.Lock()
	call.RequestID = s.config.NewID()
	s.mu.Unlock()
	in := &call.Input
	if in.QueueURL == "" && r.URL.Path != "/" {
		in.QueueURL = r.URL.Path
	}
	name := in.QueueURL[strings.LastIndexByte(in.QueueURL, '/')+1:] + in.QueueName + in.SourceArn[strings.LastIndexByte(in.SourceArn, ':')+1:]
	do := call.Do
	call.Do = func(ctx context.Context) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(ctx)
	}
	call.Serve(w, r, s.calls.FaultOf(Call{call.Action, name}))
}

// onQueue makes an operation on the queue that the request names by URL.
func onQueue(do func(context.Context, *Queue, request) (any, error)) operation {
	return func(ctx context.Context, s *Server, in request) (any, error) {
		q, err := s.at(in.QueueURL)
		if err != nil {
			return nil, err
		}
		return do(ctx, q, in)
	}
}

type onMessage func(context.Context, *Queue, parameters) (any, error)

// single makes an operation on one message.
func single(do onMessage) operation {
	return onQueue(func(ctx context.Context, q *Queue, in request) (any, error) { return do(ctx, q, in.parameters) })
}

// batch makes an operation that does the same for each entry.
func batch(do onMessage) operation {
	return onQueue(func(ctx context.Context, q *Queue, in request) (any, error) { return in.each(ctx, q, do) })
}

func (r request) each(ctx context.Context, q *Queue, do onMessage) (any, error) {
	return wire.Batch(r.Entries, prefix, func(e parameters) string { return e.ID }, func(e parameters) (any, error) { return do(ctx, q, e) })
}

// queueURL has the account and the name of a queue. The host does not matter: a
// container sees this server under another name. SQS takes the bare name of a
// queue too.
var queueURL = regexp.MustCompile(`^(?:(?:https?://[^/]+)?/([0-9]{12})/)?([A-Za-z0-9_-]{1,80})/?$`)

// at finds the queue of a URL.
func (s *Server) at(url string) (*Queue, error) {
	if url == "" {
		return nil, missingParameter("QueueUrl")
	}
	if parts := queueURL.FindStringSubmatch(url); parts != nil && (parts[1] == "" || parts[1] == wire.Account) {
		if q, found := s.queues[parts[2]]; found {
			return q, nil
		}
	}
	return nil, missingQueue(url)
}

// duration turns seconds into a Duration. What would overflow becomes a value
// that is out of every range, for its check to refuse.
func duration(seconds *int64) *time.Duration {
	if seconds == nil {
		return nil
	}
	return new(time.Duration(max(-1, min(*seconds, 1<<31))) * time.Second)
}

// wants reports whether a list of names asks for one, by itself or for all.
func wants(names []string, name string) bool {
	return slices.ContainsFunc(names, func(each string) bool { return each == name || each == "All" || each == ".*" })
}
