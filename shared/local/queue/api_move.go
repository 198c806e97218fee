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

func startMessageMoveTask(_ context.Context, s *Server, r startMoveRequest) (taskAnswer, error) {
	rate := 0
	if r.MaxNumberOfMessagesPerSecond != nil {
		rate = *r.MaxNumberOfMessagesPerSecond
		if err := checkRange(rate, "MaxNumberOfMessagesPerSecond", 1, maxMoveRate); err != nil {
			return taskAnswer{}, err
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

func listMessageMoveTasks(_ context.Context, s *Server, r listMovesRequest) (listMovesAnswer, error) {
	limit := 1
	if r.MaxResults != nil {
		limit = *r.MaxResults
	}
	if err := checkRange(limit, "MaxResults", 1, maxMoves); err != nil {
		return listMovesAnswer{}, err
	}
	q, err := s.resource("SourceArn", r.SourceArn)
	if err != nil {
		return listMovesAnswer{}, err
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

func cancelMessageMoveTask(_ context.Context, s *Server, r cancelMoveRequest) (cancelMoveAnswer, error) {
	moved, err := s.cancelMove(r.TaskHandle)
	return cancelMoveAnswer{moved}, err
}
