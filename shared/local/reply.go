package local

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/reply"
)

// Who is told, as Reply.To names it.
const (
	ToStack = "CloudFormation"
	ToTask  = "Step Functions"
	ToBus   = "EventBridge"
)

// Reply is what a requester, or who listens on the event bus, was told.
type Reply struct {
	Time time.Time
	To   string // ToStack, ToTask or ToBus
	What string // SUCCESS or FAILED, the call of Step Functions, or the detail-type
	Of   string // the logical resource id, the beginning of the task token, or the event bus
	Body string // all of it, as JSON
	// MessageID is the request's message on the queue, where the reply names it.
	MessageID string
	// SourceID is the custom resource request's RequestId; empty for others.
	SourceID string
	// Token is the task token; empty for others.
	Token string
	// Problem is why CloudFormation would refuse the answer; empty if it would not.
	Problem string
}

// shownToken is how much of a task token is shown.
const shownToken = 24

func stackReply(a response.Answer) Reply {
	return Reply{Time: a.Time, To: ToStack, What: cmp.Or(a.Status, "an answer"), Of: a.LogicalResourceID, Body: a.Body, SourceID: a.RequestID, Problem: a.Problem}
}

func taskReply(a states.Answer) Reply {
	r := Reply{Time: a.Time, To: ToTask, What: "SendTaskSuccess", Of: "task " + a.Token[:min(len(a.Token), shownToken)], Body: a.Output, Token: a.Token}
	if !a.Success {
		r.What = "SendTaskFailure"
		text, _ := json.Marshal(map[string]string{"error": a.Error, "cause": a.Cause}) // strings always can be written
		r.Body = string(text)
	}
	r.MessageID = messageIDIn(a.Output)
	return r
}

// messageIDIn is the message id of an event's detail or a task's output.
func messageIDIn(body string) string {
	var detail reply.Detail
	_ = json.Unmarshal([]byte(body), &detail) // a failure has none
	return strings.Clone(detail.MessageID)
}

// Replies are the replies so far, oldest first. Events are only those that the
// function sent. The newest 65,536 are kept.
func (s *Stack) Replies() []Reply {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.replies)
}

// event notes an event on a bus that the function sent.
func (s *Stack) event(e bus.Event) {
	if e.Source == reply.EventSource {
		s.reply(Reply{Time: e.Time, To: ToBus, What: e.DetailType, Of: "event bus " + e.Bus, Body: string(e.Detail), MessageID: messageIDIn(string(e.Detail))})
	}
}

func (s *Stack) reply(r Reply) {
	s.journal.mu.Lock()
	s.journal.replies = newest(s.journal.replies, r)
	s.journal.mu.Unlock()
	tell(s, s.config.Observer.Reply, r)
}
