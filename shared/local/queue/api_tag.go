package queue

import (
	"context"
	"maps"
)

type tagQueueRequest struct {
	onQueue
	Tags map[string]string
}

func (s *Server) apiTagQueue(_ context.Context, r tagQueueRequest) (nothing, error) {
	return locked(s, r.onQueue, func(q *Queue) (nothing, error) {
		if q.tags == nil {
			q.tags = map[string]string{}
		}
		maps.Copy(q.tags, r.Tags)
		return nothing{}, nil
	})
}

type untagQueueRequest struct {
	onQueue
	TagKeys []string
}

func (s *Server) apiUntagQueue(_ context.Context, r untagQueueRequest) (nothing, error) {
	return locked(s, r.onQueue, func(q *Queue) (nothing, error) {
		for _, key := range r.TagKeys {
			delete(q.tags, key)
		}
		return nothing{}, nil
	})
}

type tagsAnswer struct {
	Tags map[string]string `json:",omitzero"`
}

func (s *Server) apiListQueueTags(_ context.Context, r onQueue) (tagsAnswer, error) {
	return locked(s, r, func(q *Queue) (tagsAnswer, error) { return tagsAnswer{maps.Clone(q.tags)}, nil })
}
