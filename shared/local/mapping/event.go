package mapping

import (
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/queue"
)

// Kind is what an Event tells of.
type Kind string

// The kinds of events. Messages that are not deleted come back when their
// visibility timeout has passed.
const (
	Throttled     Kind = "Throttled"     // an invocation was refused; the batch waits for a retry
	Dropped       Kind = "Dropped"       // throttled until the visibility timeout: goes back unseen
	FunctionError Kind = "FunctionError" // error, timeout, crash: nothing is deleted
	BadResponse   Kind = "BadResponse"   // no valid partial batch response: nothing is deleted
	Completed     Kind = "Completed"     // the function ran; Failed came back as batch item failures
	QueueError    Kind = "QueueError"    // receiving or deleting failed
)

// Event is something that happened to a batch.
type Event struct {
	Kind     Kind
	Messages []queue.Message // the batch; of QueueError, the one not deleted
	Failed   []queue.Message // of Completed: the batch item failures
	Result   function.Result // of FunctionError, BadResponse and Completed
	Err      error
}

func (m *Mapping) observe(event Event) {
	if m.config.Observe != nil {
		m.config.Observe(event)
	}
}
