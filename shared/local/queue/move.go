package queue

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"
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

// startMove begins a task. Its first step runs at once.
func (s *Server) startMove(sourceARN, destinationARN string, rate int) (*moveTask, error) {
	if sourceARN == "" {
		return nil, missingParameter("SourceArn")
	}
	source, found := s.byARN(sourceARN)
	if !found {
		return nil, failf(codeResourceNotFound, "The resource that you specified for the SourceArn parameter doesn't exist: %s.", sourceARN)
	}
	if len(s.sourcesOf(source)) == 0 {
		return nil, failf(codeInvalidParameterValue, "Source queue must be configured as a Dead Letter Queue: no queue names %s in its RedrivePolicy.", sourceARN)
	}
	if rate < 0 || rate > maxMoveRate {
		return nil, invalidValue(rate, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
	}
	if destinationARN != "" {
		destination, found := s.byARN(destinationARN)
		switch {
		case !found:
			return nil, failf(codeResourceNotFound, "The resource that you specified for the DestinationArn parameter doesn't exist: %s.", destinationARN)
		case destination == source:
			return nil, invalidValue(destinationARN, "DestinationArn", "Source queue arn and destination queue arn must be different.")
		case destination.fifo != source.fifo:
			return nil, invalidValue(destinationARN, "DestinationArn", "Source and destination must be queues of the same type.")
		}
	}
	if source.runningTask() != nil {
		return nil, failf(codeUnsupportedOperation, "There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
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

func taskHandle(id, source string) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"taskId":%q,"sourceArn":%q}`, id, source))
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

// longestVisible returns the entry that has been visible longest; of a FIFO
// queue the first of the group whose turn it is.
func (q *Queue) longestVisible() *entry {
	if q.fifo {
		if g := q.frontGroup(); g != nil {
			return g.entries[0]
		}
		return nil
	}
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
	if destination.fifo {
		m.SequenceNumber = s.sequenceNumber()
	}
	destination.put(m, now)
	destination.ring()
	return ""
}
