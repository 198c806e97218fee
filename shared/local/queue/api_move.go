package queue

import (
	"context"
	"slices"
	"strings"
)

// aboutARN is a request that names a queue by ARN.
type aboutARN struct{ SourceArn string }

func (r aboutARN) queueName() string { return r.SourceArn[strings.LastIndexByte(r.SourceArn, ':')+1:] }

type startMoveRequest struct {
	aboutARN
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

type taskAnswer struct{ TaskHandle string }

func (s *Server) apiStartMessageMoveTask(_ context.Context, r startMoveRequest) (taskAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate := 0
	if r.MaxNumberOfMessagesPerSecond != nil {
		if rate = *r.MaxNumberOfMessagesPerSecond; rate < 1 {
			rate = -1 // 0 is no rate inside, and no valid one here
		}
	}
	task, err := s.startMove(r.SourceArn, r.DestinationArn, rate)
	if err != nil {
		return taskAnswer{}, err
	}
	return taskAnswer{task.handle}, nil
}

type listMovesRequest struct {
	aboutARN
	MaxResults *int
}

type listMovesAnswer struct{ Results []moveAnswer }

type moveAnswer struct {
	TaskHandle                        string `json:",omitzero"` // of a running task only
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitzero"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitzero"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitzero"`
	StartedTimestamp                  int64  // milliseconds since 1970
}

func (s *Server) apiListMessageMoveTasks(_ context.Context, r listMovesRequest) (listMovesAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := 1
	if r.MaxResults != nil {
		limit = *r.MaxResults
	}
	if limit < 1 || limit > maxMoves {
		return listMovesAnswer{}, invalidValue(limit, "MaxResults", "Must be between 1 and 10, if provided.")
	}
	if r.SourceArn == "" {
		return listMovesAnswer{}, missingParameter("SourceArn")
	}
	q, found := s.byARN(r.SourceArn)
	if !found {
		return listMovesAnswer{}, failf(codeResourceNotFound, "The resource that you specified for the SourceArn parameter doesn't exist: %s.", r.SourceArn)
	}
	answer := listMovesAnswer{Results: []moveAnswer{}}
	for _, task := range slices.Backward(q.tasks) {
		if len(answer.Results) < limit {
			answer.Results = append(answer.Results, task.answer())
		}
	}
	return answer, nil
}

func (t *moveTask) answer() moveAnswer {
	answer := moveAnswer{
		Status: t.status, SourceArn: t.source.ARN(), DestinationArn: t.destination,
		MaxNumberOfMessagesPerSecond: t.rate, ApproximateNumberOfMessagesMoved: t.moved,
		ApproximateNumberOfMessagesToMove: t.toMove, FailureReason: t.failure,
		StartedTimestamp: t.started.UnixMilli(),
	}
	if t.status == taskRunning {
		answer.TaskHandle = t.handle
	}
	return answer
}

type cancelMoveRequest struct{ TaskHandle string }

func (cancelMoveRequest) queueName() string { return "" }

type cancelMoveAnswer struct {
	ApproximateNumberOfMessagesMoved int
}

func (s *Server) apiCancelMessageMoveTask(_ context.Context, r cancelMoveRequest) (cancelMoveAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved, err := s.cancelMove(r.TaskHandle)
	return cancelMoveAnswer{moved}, err
}
