package queue

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The states of a message move task.
const (
	taskRunning   = "RUNNING"
	taskCompleted = "COMPLETED"
	taskCancelled = "CANCELLED"
	taskFailed    = "FAILED"
)

// noMessageSource is the reason of a task without a destination that came to a
// message that a program sent to the dead-letter queue, not SQS.
const noMessageSource = "CouldNotDetermineMessageSource"

const (
	maxMoves    = 10  // tasks that are listed at most
	maxMoveRate = 500 // messages a second that a move may be limited to
)

// moveTask moves what is visible on a dead-letter queue: the oldest first, one
// message per tick, or all at once without a rate. Its JSON is that of
// ListMessageMoveTasks.
type moveTask struct {
	TaskHandle     string `json:",omitzero"` // of a running task only
	Status         string
	SourceArn      string
	DestinationArn string `json:",omitzero"` // "" sends each message to the queue it came from
	Rate           int    `json:"MaxNumberOfMessagesPerSecond,omitzero"`
	Moved          int    `json:"ApproximateNumberOfMessagesMoved"`
	ToMove         int    `json:"ApproximateNumberOfMessagesToMove"` // when it began
	FailureReason  string `json:",omitzero"`
	Started        int64  `json:"StartedTimestamp"` // milliseconds since 1970

	source *Queue
	timer  *time.Timer
}

// resource finds the queue that a parameter names by ARN.
func (s *Server) resource(parameter, arn string) (*Queue, error) {
	q, found := s.byARN(arn)
	if !found {
		return nil, fail(resourceNotFound, "The resource that you specified for the %s parameter doesn't exist: %s.", parameter, arn)
	}
	return q, nil
}

// startMove begins a task. Its first step runs at once.
func startMove(_ context.Context, s *Server, in request) (any, error) {
	if err := checkRange(in.MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", 1, maxMoveRate); err != nil {
		return nil, err
	}
	source, err := s.resource("SourceArn", in.SourceArn)
	if err != nil {
		return nil, err
	}
	if in.DestinationArn != "" {
		if _, err := s.resource("DestinationArn", in.DestinationArn); err != nil {
			return nil, err
		}
	}
	switch {
	case len(s.urls(source.isTargetOf)) == 0:
		return nil, fail(invalidParameterValue, "Source queue must be configured as a Dead Letter Queue: no queue names %s in its RedrivePolicy.", in.SourceArn)
	case in.DestinationArn == in.SourceArn:
		return nil, invalidValue(in.DestinationArn, "DestinationArn", "Source queue arn and destination queue arn must be different.")
	case slices.ContainsFunc(source.tasks, (*moveTask).running):
		return nil, fail(invalidParameterValue, "There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	now := time.Now()
	task := &moveTask{
		source: source, Status: taskRunning, SourceArn: in.SourceArn, DestinationArn: in.DestinationArn, ToMove: source.count(now).Visible, Started: now.UnixMilli(),
		TaskHandle: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"taskId":%q,"sourceArn":%q}`, s.config.NewID(), in.SourceArn)), // as SQS's
	}
	if in.MaxNumberOfMessagesPerSecond != nil {
		task.Rate = *in.MaxNumberOfMessagesPerSecond
	}
	source.tasks = append(source.tasks, task)
	task.timer = time.AfterFunc(0, task.step)
	return struct{ TaskHandle string }{task.TaskHandle}, nil
}

// listMoves answers the newest first, only that one by default.
func listMoves(_ context.Context, s *Server, in request) (any, error) {
	q, err := s.resource("SourceArn", in.SourceArn)
	if err != nil {
		return nil, err
	}
	limit := min(cmp.Or(in.MaxResults, 1), maxMoves)
	answer := struct{ Results []moveTask }{[]moveTask{}}
	for _, task := range slices.Backward(q.tasks[max(0, len(q.tasks)-limit):]) {
		answer.Results = append(answer.Results, *task)
	}
	return answer, nil
}

// cancelMove ends a running task and answers how much it had moved.
func cancelMove(_ context.Context, s *Server, in request) (any, error) {
	if text, err := base64.StdEncoding.DecodeString(in.TaskHandle); err != nil || !jsontext.Value(text).IsValid() {
		return nil, invalidValue(in.TaskHandle, "TaskHandle", "It is not a handle of a task.")
	}
	for _, q := range s.queues {
		for _, task := range q.tasks {
			if task.TaskHandle == in.TaskHandle {
				task.end(taskCancelled, "")
				return struct {
					Moved int `json:"ApproximateNumberOfMessagesMoved"`
				}{task.Moved}, nil
			}
		}
	}
	return nil, fail(resourceNotFound, "Task does not exist, or is not running.")
}

func (t *moveTask) running() bool { return t.Status == taskRunning }

func (t *moveTask) end(status, failure string) {
	if t.running() {
		t.Status, t.FailureReason, t.TaskHandle = status, failure, ""
		t.timer.Stop()
	}
}

// step moves what is due and sets the timer for the rest.
func (t *moveTask) step() {
	s := t.source.server
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for t.running() {
		if t.source.visible(now) == 0 {
			t.end(taskCompleted, "")
			return
		}
		if failure := t.move(t.source.line[0], now); failure != "" {
			t.end(taskFailed, failure)
			return
		}
		t.Moved++
		if t.Rate > 0 {
			t.timer.Reset(time.Second / time.Duration(t.Rate))
			return
		}
	}
}

// move sends an entry on as a new message, with a new id and enqueue time, and
// with its attributes. It returns the reason if there is nowhere to send it.
func (t *moveTask) move(e *entry, now time.Time) (failure string) {
	s := t.source.server
	arn := t.DestinationArn
	if arn == "" {
		arn = e.DeadLetterSource
	}
	if arn == "" {
		return noMessageSource
	}
	destination, found := s.byARN(arn)
	if !found {
		return queueDoesNotExist.Query
	}
	t.source.take(e)
	m := e.Message
	m.ID, m.Sent, m.FirstReceived, m.ReceiveCount, m.DeadLetterSource = s.config.NewID(), now, time.Time{}, 0, ""
	destination.put(m, now)
	destination.ring(0)
	return ""
}
