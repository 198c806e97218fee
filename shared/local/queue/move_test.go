package queue

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sespolicy/shared/local/wire"
)

// deadLetters leaves n messages on the dead-letter queue, moved there by SQS.
func deadLetters(t *testing.T, source *Queue, n int) (ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	for range n {
		ids[send(t, source, Input{Body: "x", Attributes: map[string]Attribute{"a": {DataType: "String", StringValue: "b"}}}).MessageID] = true
	}
	for range n {
		receive(t, source)
	}
	time.Sleep(30 * time.Second)
	receive(t, source)
	return ids
}

// move starts a task as the API does; of no rate if it is 0.
func move(s *Server, source, destination string, rate int) (*moveTask, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := request{SourceArn: source, DestinationArn: destination, MaxNumberOfMessagesPerSecond: &rate}
	if rate == 0 {
		in.MaxNumberOfMessagesPerSecond = nil
	}
	if _, err := startMove(context.Background(), s, in); err != nil {
		return nil, err
	}
	q, _ := s.byARN(source)
	return q.tasks[len(q.tasks)-1], nil
}

func mustMove(t *testing.T, s *Server, source, destination string, rate int) *moveTask {
	t.Helper()
	task, err := move(s, source, destination, rate)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func cancel(s *Server, handle string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := cancelMove(context.Background(), s, request{TaskHandle: handle})
	return err
}

func taskState(s *Server, task *moveTask) moveTask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *task
}

func TestMoveBackToTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		ids := deadLetters(t, source, 3)
		waiting := poll(t.Context(), source, 20*time.Second)
		task := mustMove(t, s, dlq.ARN(), "", 0)
		got := <-waiting
		synctest.Wait()
		if state := taskState(s, task); state.Status != taskCompleted || state.Moved != 3 || state.ToMove != 3 {
			t.Errorf("task %+v", state)
		}
		if len(got.messages) != 3 || got.after != 0 {
			t.Fatalf("a poll of the source got %d messages after %v", len(got.messages), got.after)
		}
		for _, m := range got.messages {
			if ids[m.ID] || m.ReceiveCount != 1 || m.DeadLetterSource != "" || time.Since(m.Sent) != 0 || m.Attributes["a"].StringValue != "b" {
				t.Errorf("redriven %+v", m)
			}
		}
	})
}

func TestMoveAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		other := create(t, s, "Other", nil)
		deadLetters(t, source, 5)
		task := mustMove(t, s, dlq.ARN(), other.ARN(), 2)
		for _, want := range []int{1, 2, 3} {
			synctest.Wait()
			if got := other.Counts().Visible; got != want {
				t.Errorf("%d moved, want %d", got, want)
			}
			time.Sleep(500 * time.Millisecond)
		}
		synctest.Wait()
		_, err := move(s, dlq.ARN(), "", 0)
		wantCode(t, err, invalidParameterValue.Code)
		handle := task.TaskHandle
		wantCode(t, cancel(s, handle), "")
		wantCode(t, cancel(s, handle), resourceNotFound.Code)
		time.Sleep(time.Hour)
		if state := taskState(s, task); state.Status != taskCancelled || state.Moved != 4 || dlq.Counts().Visible != 1 {
			t.Errorf("task %+v, %+v left", state, dlq.Counts())
		}
	})
}

func TestMoveOfWhatAProgramSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		source, dlq := pair(t, s, "1")
		deadLetters(t, source, 1)
		send(t, dlq, Input{Body: "with a reason"})
		task := mustMove(t, s, dlq.ARN(), "", 0)
		synctest.Wait()
		if state := taskState(s, task); state.Status != taskFailed || state.FailureReason != noMessageSource || state.Moved != 1 {
			t.Errorf("task %+v", state)
		}
		if dlq.Counts().Visible != 1 {
			t.Errorf("left %+v", dlq.Counts())
		}
		task = mustMove(t, s, dlq.ARN(), source.ARN(), 0)
		synctest.Wait()
		if state := taskState(s, task); state.Status != taskCompleted || source.Counts().Visible != 2 {
			t.Errorf("with a destination: %+v, %+v", state, source.Counts())
		}
	})
}

func TestWhatMovesAreRefused(t *testing.T) {
	s := newServer()
	source, dlq := pair(t, s, "1")
	for reason, c := range map[string]struct {
		source, destination string
		rate                int
		code                string
	}{
		"no source":                    {"", "", 0, resourceNotFound.Code},
		"a source that does not exist": {wire.ARN("sqs", "Nope"), "", 0, resourceNotFound.Code},
		"not a dead-letter queue":      {source.ARN(), "", 0, invalidParameterValue.Code},
		"no such destination":          {dlq.ARN(), wire.ARN("sqs", "Nope"), 0, resourceNotFound.Code},
		"to itself":                    {dlq.ARN(), dlq.ARN(), 0, invalidParameterValue.Code},
	} {
		t.Run(reason, func(t *testing.T) {
			_, err := move(s, c.source, c.destination, c.rate)
			wantCode(t, err, c.code)
		})
	}
}
