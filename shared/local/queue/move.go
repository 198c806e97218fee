package queue

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
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

// maxMoves is how many tasks of a queue are kept, and listed at most.
const maxMoves = 10

// maxMoveRate is the most messages a second that a move may be limited to.
const maxMoveRate = 500

// moveTask moves what is visible on a dead-letter queue: the oldest first, one
// message per tick, or all at once without a rate.
type moveTask struct {
	handle      string
	source      *Queue
	destination string // ARN; "" sends each message to the queue it came from
	rate        int    // messages a second; 0 means as fast as can be
	status      string
	failure     string
	moved       int
	toMove      int // when it began
	started     time.Time
	timer       *time.Timer
}

// resource finds the queue that a parameter names by ARN.
func (s *Server) resource(parameter, arn string) (*Queue, error) {
	if arn == "" {
		return nil, missingParameter(parameter)
	}
	q, found := s.byARN(arn)
	if !found {
		return nil, failf(codeResourceNotFound, "The resource that you specified for the %s parameter doesn't exist: %s.", parameter, arn)
	}
	return q, nil
}

// startMove begins a task. Its first step runs at once.
func (s *Server) startMove(sourceARN, destinationARN string, rate int) (*moveTask, error) {
	source, err := s.resource("SourceArn", sourceARN)
	if err != nil {
		return nil, err
	}
	if len(s.sourcesOf(source)) == 0 {
		return nil, failf(codeInvalidParameterValue, "Source queue must be configured as a Dead Letter Queue: no queue names %s in its RedrivePolicy.", sourceARN)
	}
	if destinationARN != "" {
		destination, err := s.resource("DestinationArn", destinationARN)
		if err != nil {
			return nil, err
		}
		if destination == source {
			return nil, invalidValue(destinationARN, "DestinationArn", "Source queue arn and destination queue arn must be different.")
		}
	}
	if source.runningTask() != nil {
		return nil, failf(codeInvalidParameterValue, "There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	now := time.Now()
	source.advance(now)
	task := &moveTask{
		handle: taskHandle(s.config.NewID(), sourceARN), source: source, destination: destinationARN, rate: rate,
		status: taskRunning, toMove: source.counts[Visible], started: now,
	}
	source.tasks = append(source.tasks, task)
	source.tasks = source.tasks[max(0, len(source.tasks)-maxMoves):]
	task.timer = time.AfterFunc(0, task.step)
	return task, nil
}

// taskHandle has the form of SQS's: the base64 of a JSON object.
func taskHandle(id, source string) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"taskId":%q,"sourceArn":%q}`, id, source))
}

func validTaskHandle(handle string) bool {
	text, err := base64.StdEncoding.DecodeString(handle)
	var task struct {
		ID     string `json:"taskId"`
		Source string `json:"sourceArn"`
	}
	return err == nil && json.Unmarshal(text, &task) == nil && task.ID != "" && task.Source != ""
}

func (q *Queue) runningTask() *moveTask {
	at := slices.IndexFunc(q.tasks, func(t *moveTask) bool { return t.status == taskRunning })
	if at < 0 {
		return nil
	}
	return q.tasks[at]
}

// cancelMove ends a running task and returns how much it had moved.
func (s *Server) cancelMove(handle string) (int, error) {
	if handle == "" {
		return 0, missingParameter("TaskHandle")
	}
	if !validTaskHandle(handle) {
		return 0, invalidValue(handle, "TaskHandle", "It is not a handle of a task.")
	}
	for _, q := range s.queues {
		if task := q.runningTask(); task != nil && task.handle == handle {
			task.end(taskCancelled, "")
			return task.moved, nil
		}
	}
	return 0, failf(codeResourceNotFound, "Task does not exist, or is not running.")
}

func (t *moveTask) end(status, failure string) {
	if t.status == taskRunning {
		t.status, t.failure = status, failure
		t.timer.Stop()
	}
}

// step moves what is due and sets the timer for the rest.
func (t *moveTask) step() {
	s := t.source.server
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	t.source.advance(now)
	for t.status == taskRunning {
		e := t.source.longestVisible()
		if e == nil {
			t.end(taskCompleted, "")
			return
		}
		if failure := t.move(e, now); failure != "" {
			t.end(taskFailed, failure)
			return
		}
		t.moved++
		if t.rate > 0 {
			t.timer.Reset(time.Second / time.Duration(t.rate))
			return
		}
	}
}

// longestVisible returns the entry that has been visible longest.
func (q *Queue) longestVisible() *entry {
	for len(q.ready) > 0 && q.ready[0].State != Visible {
		q.ready = q.ready[1:]
	}
	if len(q.ready) == 0 {
		return nil
	}
	return q.ready[0]
}

// move sends an entry on as a new message, with a new id and enqueue time, and
// with its attributes. It returns the reason if there is nowhere to send it.
func (t *moveTask) move(e *entry, now time.Time) (failure string) {
	s := t.source.server
	arn := t.destination
	if arn == "" {
		arn = e.DeadLetterSource
	}
	if arn == "" {
		return noMessageSource
	}
	destination, found := s.byARN(arn)
	if !found {
		return codeQueueDoesNotExist.query
	}
	t.source.take(e)
	m := e.Message
	m.ID, m.Sent, m.FirstReceived, m.ReceiveCount, m.DeadLetterSource = s.config.NewID(), now, time.Time{}, 0, ""
	destination.put(m, now)
	destination.ring()
	return ""
}
